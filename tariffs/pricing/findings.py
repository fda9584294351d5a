"""The ids of what pricing can find, how severe each is unless told otherwise, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tariffs.pricing.result import Finding, Severity, Verdict

_REJECT = (
    *("required_field_missing", "field_format", "number_out_of_range", "no_charging_periods"),
    *("credit_reference_missing",),
)
_UNVERIFIABLE = (
    *("no_tariff", "tariff_id_unknown", "duplicate_tariff_id", "currency_mismatch", "timezone_missing"),
    *("min_max_price_ambiguous_multi_tariff", "restriction_dimension_missing", "too_long_to_price"),
)
_MISMATCH = (
    *("total_cost_mismatch", "total_energy_cost_mismatch", "total_time_cost_mismatch", "total_parking_cost_mismatch"),
    *("total_fixed_cost_mismatch", "total_reservation_cost_mismatch", "total_energy_mismatch", "end_before_start"),
    *("negative_volume", "credit_total_not_negative", "credit_reference_self", "vat_against_sign"),
)
_PASS = (
    *("period_without_tariff", "unused_tariff", "rounding_difference", "dimension_unpriced", "credit_parts_changed"),
    *("total_cost_clamped_to_min", "total_cost_clamped_to_max", "total_energy_cost_missing", "total_time_cost_missing"),
    *("total_parking_cost_missing", "total_fixed_cost_missing", "total_reservation_cost_missing"),
    *("total_parking_time_missing", "datetime_without_zone"),
)
_FLAG = (
    *("field_type", "period_zero_length", "tariff_not_active", "multiple_tariffs_no_tariff_id", "timezone_invalid"),
    *("timezone_inferred", "vendor_extension", "mixed_step_size", "period_spans_price_change", "parts_do_not_sum"),
    *(
        "incl_vat_missing",
        "negative_total_cost",
        "periods_out_of_order",
        "period_outside_session",
        "unknown_enum_value",
    ),
    *("first_period_not_at_session_start", "dimension_longer_than_period", "placeholder_date", "total_time_mismatch"),
    *("total_parking_time_mismatch", "duplicate_dimension_in_period", "session_only_dimension", "credit_flag_missing"),
    *("tariff_differs_from_known", "tax_percentage_inconsistent", "tax_rate_without_tax"),
)

DEFAULTS: Final[Mapping[str, Severity]] = {
    **dict.fromkeys(_REJECT, Severity.REJECT),
    **dict.fromkeys(_UNVERIFIABLE, Severity.HOLD),
    **dict.fromkeys(_MISMATCH, Severity.HOLD),
    **dict.fromkeys(_FLAG, Severity.FLAG),
    **dict.fromkeys(_PASS, Severity.PASS),
}
UNVERIFIABLE: Final = frozenset(_UNVERIFIABLE)


class Findings:
    """Collects findings; an id whose severity is overridden gets that one."""

    def __init__(self, severities: Mapping[str, Severity]) -> None:
        self._severities = severities
        self._found: list[Finding] = []

    def add(self, id: str, path: str, message: str, *, expected: Any = None, actual: Any = None) -> None:
        severity = self._severities.get(id) or DEFAULTS[id]
        self._found.append(Finding(id, severity, path, message, expected, actual))

    def has(self, id: str) -> bool:
        return any(finding.id == id for finding in self._found)

    def all(self) -> tuple[Finding, ...]:
        return tuple(self._found)


def judge(findings: Iterable[Finding], *, priced: bool) -> Verdict:
    """The gravest wins; what cannot be verified is neither right nor wrong."""
    found = list(findings)
    severities = {finding.severity for finding in found}
    if Severity.REJECT in severities:
        return Verdict.REJECT
    if not priced or any(finding.id in UNVERIFIABLE and finding.severity is Severity.HOLD for finding in found):
        return Verdict.NOT_VERIFIABLE
    if Severity.HOLD in severities:
        return Verdict.MISMATCH
    return Verdict.MATCH_WITH_WARNING if Severity.FLAG in severities else Verdict.MATCH
