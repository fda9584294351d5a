"""Each task of the clock has moments of its own: beat would else send all that are due in a second at once, and the
calls of that tenth of a second wait behind what workers and PostgreSQL make of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any

from celery.schedules import schedstate, schedule

EARLY = 0.01  # seconds: beat looks so much before it was told to, and then again and again until it is time


class OwnMoments(schedule):
    """Every `seconds`, `after` seconds past the clock's multiples of them. What was missed is due at once."""

    def __init__(self, seconds: float, after: float, **kwargs: Any) -> None:
        super().__init__(seconds, relative=True, **kwargs)  # relative: Celery goes by `remaining_estimate` alone
        self.after = after

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Until the first moment after `last_run_at`; nothing or less when that has passed."""
        passed = floor((self.maybe_make_aware(last_run_at).timestamp() - self.after) / self.seconds)
        due = datetime.fromtimestamp((passed + 1) * self.seconds + self.after, UTC)
        return due - self.maybe_make_aware(self.now())

    def is_due(self, last_run_at: datetime) -> schedstate:
        is_due, seconds = super().is_due(last_run_at)
        return schedstate(is_due, seconds + EARLY)

    def __reduce__(self) -> tuple[Any, ...]:
        """Beat keeps schedules in a file."""
        return OwnMoments, (self.seconds, self.after)


def spread(entries: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of `beat_schedule`: those that run every so many whole seconds get a share of the second each."""
    by_seconds = [name for name, entry in entries.items() if isinstance(entry["schedule"], float)]
    return {
        name: {**entry, "schedule": OwnMoments(entry["schedule"], by_seconds.index(name) / len(by_seconds))}
        if name in by_seconds
        else entry
        for name, entry in entries.items()
    }
