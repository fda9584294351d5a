"""The month that the demo settles: the calendar month before this one, in the time zone of the terms."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_LONGEST_SESSION = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Month:
    """[start, end) in UTC; `first_day` is local."""

    start: datetime
    end: datetime
    first_day: date

    @classmethod
    def before(cls, now: datetime, *, zone: str) -> Month:
        local = ZoneInfo(zone)
        this = now.astimezone(local).date().replace(day=1)
        last = (this - timedelta(days=1)).replace(day=1)
        start, end = (datetime(day.year, day.month, 1, tzinfo=local).astimezone(UTC) for day in (last, this))
        return cls(start, end, last)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def name(self) -> str:
        return f"{self.first_day:%Y-%m}"


def pick_start(start: datetime, end: datetime, *, chance: random.Random) -> datetime:
    """A whole second of any day or night, early enough for the session to end before `end`."""
    seconds = (end - start - _LONGEST_SESSION) // timedelta(seconds=1)
    return start + timedelta(seconds=chance.randrange(seconds))
