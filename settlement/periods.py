"""Which stretch of time a statement is of: a local calendar month or week, as half-open bounds in UTC. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class PeriodKind(StrEnum):
    CALENDAR_MONTH = "calendar_month"
    WEEKLY = "weekly"  # Monday to Sunday


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """[start, end) in UTC. The days are local, both included."""

    start: datetime
    end: datetime
    first_day: date
    last_day: date

    @property
    def label(self) -> str:
        """ "2026-11" for a whole month, "2026-W48" for a whole week, else both days."""
        if self.first_day.day == 1 and self.last_day + _DAY == _next_month(self.first_day):
            return f"{self.first_day:%Y-%m}"
        if self.first_day.isoweekday() == 1 and self.last_day - self.first_day == 6 * _DAY:
            return f"{self.first_day:%G-W%V}"
        return f"{self.first_day.isoformat()}_{self.last_day.isoformat()}"


def get_period(kind: PeriodKind, *, zone: str, at: datetime, after: datetime | None = None) -> Period:
    """The period that `at` lies in. `after`: the end of the one before it, where that reached into this one."""
    local = at.astimezone(ZoneInfo(zone)).date()
    if kind is PeriodKind.CALENDAR_MONTH:
        first, beyond = local.replace(day=1), _next_month(local)
    else:
        first = local - timedelta(days=local.weekday())
        beyond = first + _WEEK
    start, end = _midnight(first, zone), _midnight(beyond, zone)
    if after is not None and start < after:
        start, first = after, after.astimezone(ZoneInfo(zone)).date()
    return Period(start=start, end=end, first_day=first, last_day=beyond - _DAY)


def get_periods(kind: PeriodKind, *, zone: str, since: datetime, until: datetime) -> Iterator[Period]:
    """In turn, from the one `since` lies in, as long as they end at or before `until`."""
    period = get_period(kind, zone=zone, at=since)
    while period.end <= until:
        yield period
        period = get_period(kind, zone=zone, at=period.end)


def _next_month(day: date) -> date:
    """
    Raises:
        OverflowError: the calendar ends before; arithmetic of days says it so everywhere.
    """
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)


def _midnight(day: date, zone: str) -> datetime:
    """The first moment of a local day. Where clocks are set forward at midnight, it begins at one o'clock."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)
