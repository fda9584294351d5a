"""The ids of all rules for one CDR alone, each with how severe it is unless hub or agreement say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tariffs.pricing import Severity
from tariffs.pricing.findings import DEFAULTS

_PASS: Final = (
    *("unknown_field", "needless_null", "datetime_without_zone", "country_code_case", "session_id_missing"),
    *("last_updated_before_end",),
)
_FLAG: Final = (
    *("field_length", "field_type", "unknown_enum_value", "country_code_not_alpha2", "currency_unknown"),
    *("currency_case", "datetime_not_utc", "number_precision", "timestamp_in_future", "cdr_late"),
    *("session_duration_out_of_bounds", "zero_energy_with_cost"),
)
_HOLD: Final = ("energy_implausible", "energy_out_of_bounds", "cost_out_of_bounds")
_REJECT: Final = ("required_field_missing", "field_format", "number_out_of_range")

# Rules that look at other objects than the CDR: they run later, and never refuse.
LINKS: Final[Mapping[str, Severity]] = MappingProxyType(
    {"location_unknown": Severity.FLAG, "token_unknown": Severity.FLAG}
)
# What form and bounds find; what pricing finds is listed there.
FORM: Final[Mapping[str, Severity]] = MappingProxyType(
    {
        **dict.fromkeys(_PASS, Severity.PASS),
        **dict.fromkeys(_FLAG, Severity.FLAG),
        **dict.fromkeys(_HOLD, Severity.HOLD),
        **dict.fromkeys(_REJECT, Severity.REJECT),
    }
)
RULES: Final[Mapping[str, Severity]] = MappingProxyType({**DEFAULTS, **FORM})
