"""What a hub or an agreement may set: how much may differ, and how severe a finding is. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from tariffs.pricing.result import Severity

MINOR_UNITS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """`total` and `line` in the currency's smallest unit: a cent, and half a cent for each line rounded by itself."""

    name: str = "default"
    total: Decimal = Decimal(1)
    line: Decimal = Decimal("0.5")
    kwh_tolerance: Decimal = Decimal("0.001")
    hours_tolerance: Decimal = Decimal("0.02")  # about a minute: many tell hours in two decimals
    severities: Mapping[str, Severity] = field(default_factory=dict)


DEFAULT: Final = Policy()


def get_digits(currency: str) -> int:
    """2 for most; 0 for JPY; 3 for KWD (ISO 4217)."""
    return MINOR_UNITS.get(currency.upper(), 2)


def smallest_unit(currency: str) -> Decimal:
    """0.01 for most; 1 for JPY; 0.001 for KWD."""
    return Decimal(1).scaleb(-get_digits(currency))
