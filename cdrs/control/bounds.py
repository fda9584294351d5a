"""Times and sizes of a CDR that can be true, but hardly are. Every bound is somebody's to set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ocpi.times import SENTINEL
from tariffs.pricing.dialects import get_dialect
from tariffs.pricing.values import Unreadable, read_moment, read_number

Found = tuple[str, str, str, Any, Any]  # id, JSON pointer, message, expected, actual


@dataclass(frozen=True, slots=True)
class Bounds:
    """None: not looked at. Energy in kWh, cost in the CDR's currency without VAT."""

    future: timedelta = timedelta(minutes=5)  # clocks differ
    late: timedelta | None = None
    min_duration: timedelta | None = None
    max_duration: timedelta | None = None
    min_energy: Decimal | None = None
    max_energy: Decimal | None = None
    max_cost: Decimal | None = None
    power_slack: Decimal = Decimal("1.1")  # meters and nameplates are not exact


def check_bounds(
    cdr: Mapping[str, Any], *, now: datetime, max_power: Decimal | None, bounds: Bounds, version: str
) -> Iterator[Found]:
    """What cannot be read is somebody else's finding."""
    dialect = get_dialect(version)
    end_field = dialect.end_field
    start, end, told = _moment(cdr, "start_date_time"), _moment(cdr, end_field), _moment(cdr, "last_updated")
    latest = now + bounds.future
    for name, moment in (("start_date_time", start), (end_field, end), ("last_updated", told)):
        if moment is not None and moment > latest:
            yield "timestamp_in_future", f"/{name}", "has not come yet", latest, moment
    if told is not None and end is not None and told < end:
        yield "last_updated_before_end", "/last_updated", "told before the session ended", end, told
    if end is not None and bounds.late is not None and now - end > bounds.late:
        yield "cdr_late", f"/{end_field}", "came late", bounds.late, now - end
    energy = _number(cdr.get("total_energy"))
    cost = _cost(cdr, dialect.version)
    if start is not None and end is not None and SENTINEL not in (start, end):
        yield from _outside("session_duration", f"/{end_field}", end - start, bounds.min_duration, bounds.max_duration)
        if energy is not None and max_power is not None and end >= start:
            most = max_power * Decimal((end - start) // timedelta(seconds=1)) / 3600 * bounds.power_slack
            if energy > most:
                what = "more than the connector can give in this time"
                yield "energy_implausible", "/total_energy", what, most, energy
    if energy is not None:
        yield from _outside("energy", "/total_energy", energy, bounds.min_energy, bounds.max_energy)
    if cost is not None:
        yield from _outside("cost", "/total_cost", abs(cost), None, bounds.max_cost)
        if energy == 0 and cost > 0 and not _is_reservation(cdr):
            yield "zero_energy_with_cost", "/total_cost", "costs something though no energy was charged", None, cost
    if version != "2.1.1" and not cdr.get("session_id") and not _is_reservation(cdr):
        yield "session_id_missing", "/session_id", "names no session", None, None  # CDR-14


def _outside(what: str, path: str, value: Any, low: Any, high: Any) -> Iterator[Found]:
    if low is not None and value < low:
        yield f"{what}_out_of_bounds", path, "below what is expected", low, value
    if high is not None and value > high:
        yield f"{what}_out_of_bounds", path, "above what is expected", high, value


def _is_reservation(cdr: Mapping[str, Any]) -> bool:
    """Reserved, and perhaps never used."""
    return any(
        isinstance(dimension, Mapping) and dimension.get("type") == "RESERVATION_TIME"
        for period in _list(cdr.get("charging_periods"))
        if isinstance(period, Mapping)
        for dimension in _list(period.get("dimensions"))
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cost(cdr: Mapping[str, Any], version: str) -> Decimal | None:
    value = cdr.get("total_cost")
    if isinstance(value, Mapping):
        value = value.get("before_taxes" if version == "2.3.0" else "excl_vat")
    return _number(value)


def _moment(cdr: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return read_moment(cdr.get(name))
    except Unreadable:
        return None


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else read_number(value)
    except Unreadable:
        return None
