"""Where the versions of OCPI differ in what a price needs. What they share is said nowhere here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from tariffs.pricing.result import Amount
from tariffs.pricing.values import HUNDRED, ONE, ZERO, Unreadable, read_number

Factor = tuple[Decimal, Decimal] | None  # numerator, denominator; None: not known
SAME: Final[Factor] = (ONE, ONE)

COST_FIELDS: Final = MappingProxyType(
    {
        "FLAT": "total_fixed_cost",
        "ENERGY": "total_energy_cost",
        "TIME": "total_time_cost",
        "PARKING_TIME": "total_parking_cost",
        "RESERVATION_TIME": "total_reservation_cost",
    }
)
PARTS: Final = tuple(COST_FIELDS.values())


@dataclass(frozen=True, slots=True)
class Dialect:
    """2.2.1; the others say what they do differently."""

    version: str = "2.2.1"
    end_field: str = "end_date_time"
    location_field: str = "cdr_location"
    names_tariffs: bool = True  # ChargingPeriod.tariff_id
    has_limits: bool = True  # min_price, max_price, validity
    has_taxes: bool = False  # lines of tax in a Price
    cost_fields: tuple[str, ...] = ("total_cost", *PARTS)

    def factors(self, vat: Decimal | None, tariff: Mapping[str, Any]) -> tuple[Factor, Factor]:
        """What a price times a quantity is multiplied by to be without and with VAT."""
        return SAME, SAME if vat is None else ((HUNDRED + vat) / HUNDRED, ONE)

    def read_price(self, value: Any) -> Amount:
        """A Price of the CDR.

        Raises:
            Unreadable: it is none.
        """
        if not isinstance(value, dict) or value.get("excl_vat") is None:
            raise Unreadable("required_field_missing", "excl_vat is missing")
        incl = value.get("incl_vat")
        return Amount(read_number(value["excl_vat"]), None if incl is None else read_number(incl))

    def read_limit(self, value: Any) -> Amount:
        return self.read_price(value)


class Dialect211(Dialect):
    """Prices without VAT only, one plain number for the whole, nothing about reservations or limits."""

    __slots__ = ()

    def factors(self, vat: Decimal | None, tariff: Mapping[str, Any]) -> tuple[Factor, Factor]:
        return SAME, None

    def read_price(self, value: Any) -> Amount:
        return Amount(read_number(value), None)


class Dialect230(Dialect):
    """Taxes: the tariff says whether its prices hold them, and without a rate one of the two sums stays unknown."""

    __slots__ = ()

    def factors(self, vat: Decimal | None, tariff: Mapping[str, Any]) -> tuple[Factor, Factor]:
        included = tariff.get("tax_included")
        if included == "N/A":
            return SAME, SAME
        if included == "YES":
            return (None if vat is None else (HUNDRED, HUNDRED + vat)), SAME
        return SAME, (None if vat is None else (HUNDRED + vat, HUNDRED))

    def read_price(self, value: Any) -> Amount:
        if not isinstance(value, dict) or value.get("before_taxes") is None:
            raise Unreadable("required_field_missing", "before_taxes is missing")
        before = read_number(value["before_taxes"])
        taxes = value.get("taxes")
        if taxes is None:
            return Amount(before, None)
        if not isinstance(taxes, list):
            raise Unreadable("field_format", "taxes is no list")
        return Amount(before, before + sum((_read_tax(tax) for tax in taxes), ZERO))

    def read_limit(self, value: Any) -> Amount:
        if not isinstance(value, dict) or value.get("before_taxes") is None:
            raise Unreadable("required_field_missing", "before_taxes is missing")
        after = value.get("after_taxes")
        return Amount(read_number(value["before_taxes"]), None if after is None else read_number(after))


def _read_tax(tax: Any) -> Decimal:
    if not isinstance(tax, dict):
        raise Unreadable("field_format", "a tax is no object")
    return read_number(tax.get("amount"))


_DIALECTS: Final[Mapping[str, Dialect]] = {
    "2.2.1": Dialect(),
    "2.1.1": Dialect211(
        version="2.1.1",
        end_field="stop_date_time",
        location_field="location",
        names_tariffs=False,
        has_limits=False,
        cost_fields=("total_cost",),
    ),
    "2.3.0": Dialect230(version="2.3.0", has_taxes=True),
}


def get_dialect(version: str) -> Dialect:
    """
    Raises:
        ValueError: prices of this version are not known here.
    """
    try:
        return _DIALECTS[version]
    except KeyError as e:
        raise ValueError(f"no prices for OCPI {version!r}; known are {', '.join(sorted(_DIALECTS))}") from e
