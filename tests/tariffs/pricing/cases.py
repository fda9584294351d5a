"""Tariffs and CDRs as small as pricing needs them. Numbers are Decimal; nothing here computes a price."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tariffs.pricing import Amount, Result, price

Document = dict[str, Any]
START = "2026-11-23T08:30:00Z"  # a Monday; 09:30 in Amsterdam
ZONE = "Europe/Amsterdam"


def component(type: str, amount: str, *, vat: str | None = None, step: int = 1) -> Document:
    document: Document = {"type": type, "price": Decimal(amount), "step_size": step}
    return document if vat is None else document | {"vat": Decimal(vat)}


def element(*components: Document, **restrictions: Any) -> Document:
    document: Document = {"price_components": list(components)}
    return document | {"restrictions": restrictions} if restrictions else document


def tariff(*elements: Document, id: str = "T1", **changes: Any) -> Document:
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": id,
        "currency": "EUR",
        "elements": list(elements),
        "last_updated": "2026-11-01T00:00:00Z",
    } | changes


def limit(excl: str, incl: str | None = None) -> Document:
    document: Document = {"excl_vat": Decimal(excl)}
    return document if incl is None else document | {"incl_vat": Decimal(incl)}


def period(minutes: Decimal | int = 0, tariff_id: str | None = "T1", *, at: str = START, **volumes: Any) -> Document:
    """A period that begins so many minutes after `at`; volumes by the dimension's name in small letters."""
    begins = datetime.fromisoformat(at) + timedelta(seconds=float(minutes * 60))
    document: Document = {
        "start_date_time": begins.isoformat().replace("+00:00", "Z"),
        "dimensions": [{"type": name.upper(), "volume": hours_or_kwh(value)} for name, value in volumes.items()],
    }
    return document if tariff_id is None else document | {"tariff_id": tariff_id}


def hours_or_kwh(value: Any) -> Decimal:
    return Decimal(value) if not isinstance(value, Decimal) else value


def minutes(count: int | str) -> Decimal:
    """As a CPO tells it: hours in four decimals."""
    return (Decimal(count) / 60).quantize(Decimal("0.0001"))


def cdr(*periods: Document, lasts: int = 60, at: str = START, **changes: Any) -> Document:
    ends = datetime.fromisoformat(at) + timedelta(minutes=lasts)
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": "C1",
        "start_date_time": at,
        "end_date_time": ends.isoformat().replace("+00:00", "Z"),
        "currency": "EUR",
        "charging_periods": list(periods),
        "total_cost": {"excl_vat": Decimal(0), "incl_vat": Decimal(0)},
    } | changes


def priced(document: Document, *tariffs: Document, zone: str | None = ZONE, version: str = "2.2.1") -> Result:
    return price(document, list(tariffs), version=version, time_zone=zone)


def total(result: Result, field: str = "total_cost") -> tuple[Decimal | None, Decimal | None]:
    """In the four decimals of OCPI."""
    return rounded(result.totals[field])


def rounded(amount: Amount) -> tuple[Decimal | None, Decimal | None]:
    excl, incl = (None if value is None else value.quantize(Decimal("0.0001")) for value in amount)
    return excl, incl


def money(*texts: str | None) -> tuple[Decimal | None, ...]:
    return tuple(None if text is None else Decimal(text) for text in texts)


def ids(result: Result) -> set[str]:
    return {finding.id for finding in result.findings}


def cost(result: Result) -> Any:
    value = result.totals["total_cost"].excl_vat
    assert value is not None
    return value
