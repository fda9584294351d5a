"""A CDR as pricing sees it: periods in order of time, volumes as Decimal, and what it claims to cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from ocpi.times import SENTINEL
from tariffs.pricing.dialects import Dialect
from tariffs.pricing.findings import Findings
from tariffs.pricing.result import Amount
from tariffs.pricing.values import FIRST_YEAR, HOUR, LAST_YEAR, LIMIT, ZERO, Unreadable, read_moment, read_number

PRICED: Final = frozenset({"ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"})
_EXTREMES: Final = frozenset({"MIN_CURRENT", "MAX_CURRENT", "MIN_POWER", "MAX_POWER"})
_USUAL: Final = PRICED | _EXTREMES
_SESSION_ONLY: Final = frozenset({"CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"})
_LONGEST: Final = Decimal(10**9)  # seconds of a reservation
_CHARGING: Final = ("ENERGY", "TIME", "PARKING_TIME")
_DIMENSIONS_211: Final = frozenset({"FLAT"})


@dataclass(slots=True)
class Period:
    """`kwh` and `elapsed` (seconds of charging and parking) are those at its start."""

    index: int
    start: datetime
    end: datetime | None
    tariff_id: str | None
    volumes: Mapping[str, Decimal]
    kwh: Decimal = ZERO
    elapsed: Decimal = ZERO

    @property
    def is_reservation(self) -> bool:
        """Reserved and not yet in use."""
        return bool(self.volumes.get("RESERVATION_TIME")) and not any(self.volumes.get(name) for name in _CHARGING)


@dataclass(slots=True)
class Session:
    start: datetime
    end: datetime | None
    currency: str
    country: str
    time_zone: Any  # where the document itself tells one
    periods: list[Period]
    claimed: Mapping[str, Amount]
    is_credit: bool
    names_tariffs: bool

    @property
    def is_expired_reservation(self) -> bool:
        """Reserved, but never used: nothing else in the CDR tells."""
        return any(period.volumes.get("RESERVATION_TIME") for period in self.periods) and not any(
            period.volumes.get(name) for period in self.periods for name in _CHARGING
        )


def read_session(cdr: Any, *, dialect: Dialect, findings: Findings) -> Session | None:
    """None where too little of it can be read for a price; the findings say why."""
    if not isinstance(cdr, dict):
        findings.add("field_format", "", "a CDR is an object")
        return None
    start = _read_moment(cdr, "start_date_time", "", findings)
    end = _read_moment(cdr, dialect.end_field, "", findings)
    periods = _read_periods(cdr, dialect, findings)
    claimed = _read_claimed(cdr, dialect, findings)
    currency = cdr.get("currency")
    if not isinstance(currency, str) or not currency:
        findings.add("required_field_missing", "/currency", "currency is missing")
        currency = ""
    if periods is None:
        return None
    location = cdr.get(dialect.location_field)
    location = location if isinstance(location, dict) else {}
    session = Session(
        start=start or periods[0].start,
        end=end,
        currency=currency,
        country=str(location.get("country") or ""),
        time_zone=location.get("time_zone"),
        periods=periods,
        claimed=claimed,
        is_credit=cdr.get("credit") is True,
        names_tariffs=dialect.names_tariffs,
    )
    accumulate(session)
    return session


def accumulate(session: Session) -> None:
    """Ends, energy and duration so far. A period ends where the next one starts, the last with the session."""
    periods = session.periods
    base, kwh = _start_of_use(session), ZERO
    for period in periods:
        start, energy = period.start, period.volumes.get("ENERGY")
        period.kwh = kwh
        period.elapsed = seconds_between(base, start) if start > base else ZERO
        if energy is not None:
            kwh += energy
    for one, following in pairwise(periods):
        one.end = following.start
    periods[-1].end = session.end


def seconds_between(start: datetime, end: datetime) -> Decimal:
    """Elapsed, whatever the clocks on the wall do."""
    span = end - start
    whole = Decimal(span.days * 86_400 + span.seconds)
    return whole if not span.microseconds else whole + Decimal(span.microseconds).scaleb(-6)


def _start_of_use(session: Session) -> datetime:
    """Durations do not count the reservation."""
    first = session.periods[0]
    if not first.is_reservation:
        reserved = first.volumes.get("RESERVATION_TIME")
        if not reserved:
            return first.start if session.start == SENTINEL else session.start
        seconds = min(max(reserved * HOUR, ZERO), _LONGEST)
        return first.start + timedelta(seconds=int(seconds.to_integral_value()))
    return next((period.start for period in session.periods if not period.is_reservation), session.start)


def _read_periods(cdr: Mapping[str, Any], dialect: Dialect, findings: Findings) -> list[Period] | None:
    given = cdr.get("charging_periods")
    if not isinstance(given, list) or not given:
        findings.add("no_charging_periods", "/charging_periods", "a CDR needs at least one charging period")
        return None
    periods: list[Period] = []
    complete = True
    for index, one in enumerate(given):
        period = _read_usual(one, index) if dialect.names_tariffs else None
        if period is None:
            period = _read_period(one, index, dialect, findings)
        if period is None:
            complete = False
        else:
            periods.append(period)
    if not complete:
        return None
    starts = [period.start for period in periods]
    if starts != sorted(starts):
        findings.add("periods_out_of_order", "/charging_periods", "the periods are not in order of time")
        periods.sort(key=lambda period: period.start)
    return periods


def _read_usual(one: Any, index: int) -> Period | None:
    """As nearly all are, by as few steps as can be; None: to be read with more patience."""
    volumes: dict[str, Decimal] = {}
    try:
        start = datetime.fromisoformat(one["start_date_time"])
        tariff_id, dimensions = one["tariff_id"], one["dimensions"]
        for dimension in dimensions:
            value = dimension["volume"]
            if value.__class__ is int:
                value = Decimal(value)
            if value.__class__ is not Decimal or not ZERO <= value < LIMIT:
                return None
            volumes[dimension["type"]] = value
        if not (volumes.keys() <= _USUAL and len(volumes) == len(dimensions) and dimensions.__class__ is list):
            return None
    except (KeyError, TypeError, ValueError, OverflowError, ArithmeticError):
        return None
    is_usual = start.tzinfo is UTC and FIRST_YEAR <= start.year <= LAST_YEAR and tariff_id.__class__ is str
    return Period(index, start, None, tariff_id, volumes) if is_usual and tariff_id else None


def _read_period(one: Any, index: int, dialect: Dialect, findings: Findings) -> Period | None:
    if not isinstance(one, dict):
        findings.add("field_format", f"/charging_periods/{index}", "a charging period is an object")
        return None
    try:
        start: datetime | None = read_moment(one["start_date_time"])
    except (KeyError, Unreadable):
        start = _read_moment(one, "start_date_time", f"/charging_periods/{index}", findings)
    dimensions = one.get("dimensions")
    if not isinstance(dimensions, list):
        findings.add("required_field_missing", f"/charging_periods/{index}/dimensions", "dimensions are missing")
        return None
    volumes = _read_volumes(dimensions, index, dialect, findings)
    tariff_id = one.get("tariff_id") if dialect.names_tariffs else None
    if tariff_id is not None and not isinstance(tariff_id, str):
        findings.add("field_type", f"/charging_periods/{index}/tariff_id", "an id is a string")
        tariff_id = str(tariff_id)
    if start is None or volumes is None:
        return None
    return Period(index, start, None, tariff_id or None, volumes)


def _read_volumes(
    dimensions: list[Any], period: int, dialect: Dialect, findings: Findings
) -> dict[str, Decimal] | None:
    volumes: dict[str, Decimal] = {}
    for number, one in enumerate(dimensions):
        try:
            type, volume = one["type"], one["volume"]
            value = read_number(volume)
        except (KeyError, TypeError):
            what = "a dimension needs type and volume"
            findings.add("required_field_missing", _path(period, number), what)
            return None
        except Unreadable as e:
            findings.add(e.id, f"{_path(period, number)}/volume", str(e))
            return None
        if type.__class__ is not str:
            findings.add("field_format", f"{_path(period, number)}/type", "a type is a string")
            return None
        if volume.__class__ is str:
            findings.add("field_type", f"{_path(period, number)}/volume", "a number written as text")
        if type in PRICED:
            if type in volumes:
                what = f"{type} stands more than once in one period: added up"
                findings.add("duplicate_dimension_in_period", _path(period, number), what)
                value += volumes[type]
            if type != "ENERGY" and value < 0:  # fed back energy is negative, time never is
                what = f"{type} below 0"
                findings.add("negative_volume", f"{_path(period, number)}/volume", what, actual=value)
            volumes[type] = value
        elif type in _EXTREMES:
            volumes[type] = value
        else:
            _say_unknown(type, f"{_path(period, number)}/type", dialect, findings)
    return volumes


def _path(period: int, dimension: int) -> str:
    return f"/charging_periods/{period}/dimensions/{dimension}"


def _say_unknown(type: str, path: str, dialect: Dialect, findings: Findings) -> None:
    if type in _SESSION_ONLY:
        findings.add("session_only_dimension", path, f"{type} is for sessions only")
    elif not (dialect.version == "2.1.1" and type in _DIMENSIONS_211):
        id = "vendor_extension" if type == "SESSION_TIME" else "unknown_enum_value"
        findings.add(id, path, f"{type!r} is no dimension of OCPI")


def _read_claimed(cdr: Mapping[str, Any], dialect: Dialect, findings: Findings) -> dict[str, Amount]:
    claimed: dict[str, Amount] = {}
    for name in dialect.cost_fields:
        value = cdr.get(name)
        if value is None:
            if name == "total_cost":
                findings.add("required_field_missing", "/total_cost", "total_cost is missing")
            continue
        try:
            claimed[name] = dialect.read_price(value)
        except Unreadable as e:
            findings.add(e.id, f"/{name}", str(e))
            continue
        if isinstance(value, str) or (isinstance(value, dict) and str in map(type, value.values())):
            findings.add("field_type", f"/{name}", "a number written as text")
    return claimed


def _read_moment(document: Mapping[str, Any], name: str, path: str, findings: Findings) -> datetime | None:
    value = document.get(name)
    if value is None:
        findings.add("required_field_missing", f"{path}/{name}", f"{name} is missing")
        return None
    try:
        return read_moment(value)
    except Unreadable as e:
        findings.add(e.id, f"{path}/{name}", str(e))
        return None
