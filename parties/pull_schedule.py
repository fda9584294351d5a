"""What a platform's pull schedule may say: hours between two pulls, for each list."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

LISTS = ("locations", "tariffs", "tokens", "sessions", "cdrs")
LEAST_HOURS, MOST_HOURS = 1, 24 * 31


def check_pull_schedule(schedule: Any) -> None:
    """Sparingly: hours, not minutes (TRANS-26).

    Raises:
        ValidationError: it is no schedule.
    """
    if not isinstance(schedule, dict):
        raise ValidationError('Lists and hours are expected, as in {"locations": 6}.')
    for name, hours in schedule.items():
        if name not in LISTS:
            raise ValidationError(f"{name!r} is not one of {', '.join(LISTS)}.")
        if type(hours) is not int or not LEAST_HOURS <= hours <= MOST_HOURS:
            raise ValidationError(f"{name}: whole hours from {LEAST_HOURS} to {MOST_HOURS} are expected.")
