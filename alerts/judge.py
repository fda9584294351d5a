"""When a state becomes an alert, when it is told, and when it is over. Pure: sightings and alerts in, changes out.

One message per opening and one all-clear. What comes and goes has to be gone for longer each time before it is over,
so that a flapping partner is one long alert and not a storm of short ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

Key = tuple[str, str]

STAYS_ABOVE = 0.5  # of its limit: an open alert does not end while it hovers just below
LONGEST = 15  # times the patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Something is wrong right now. `level`: how far over its limit, 1.0 being just there."""

    kind: str
    severity: str
    title: str
    detail: str = ""
    advice: str = ""
    platform: int | None = None
    subject: str = ""  # where it is about no platform
    level: float = 1.0
    is_lasting: bool = False  # it does not come and go: told at once

    @property
    def key(self) -> Key:
        return self.kind, self.subject or str(self.platform or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An alert that has not been closed."""

    id: int
    key: Key
    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None = None
    reminded_at: datetime | None = None


class Step(Enum):
    WATCH = "watch"  # seen for the first time; not told yet
    SEE = "see"  # still there
    OPEN = "open"
    REMIND = "remind"
    CLOSE = "close"
    FORGET = "forget"  # it went before anybody had to be told


@dataclass(frozen=True, slots=True)
class Change:
    step: Step
    known: Known | None = None
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`remind`: None for never."""

    patience: timedelta
    remind: timedelta | None
    openings: Mapping[Key, int] = field(default_factory=dict)  # of the last day

    def get_patience_to_close(self, key: Key) -> timedelta:
        return self.patience * min(max(1, self.openings.get(key, 1)), LONGEST)


def judge(
    sightings: Iterable[Sighting], known: Iterable[Known], *, blind: Collection[str], rules: Rules, now: datetime
) -> list[Change]:
    """`blind`: kinds that could not be looked for this time; nothing is concluded from their absence."""
    by_key = {sighting.key: sighting for sighting in sightings}
    changes = []
    for one in known:
        sighting = by_key.pop(one.key, None)
        change = _judge_known(one, sighting, is_blind=one.key[0] in blind, rules=rules, now=now)
        if change is not None:
            changes.append(change)
    for sighting in by_key.values():
        if sighting.level >= 1:
            is_told_at_once = sighting.is_lasting or not rules.patience
            changes.append(Change(Step.OPEN if is_told_at_once else Step.WATCH, None, sighting))
    return changes


def _judge_known(
    one: Known, sighting: Sighting | None, *, is_blind: bool, rules: Rules, now: datetime
) -> Change | None:
    limit = STAYS_ABOVE if one.opened_at else 1.0
    if sighting is None or sighting.level < limit:
        if is_blind:
            return None
        if one.opened_at is None:
            return Change(Step.FORGET, one)
        is_over = now - one.last_seen_at >= rules.get_patience_to_close(one.key)
        return Change(Step.CLOSE, one) if is_over else None
    if one.opened_at is None:
        is_due = now - one.first_seen_at >= rules.patience
        return Change(Step.OPEN if is_due else Step.SEE, one, sighting)
    told_at = one.reminded_at or one.opened_at
    is_due = rules.remind is not None and now - told_at >= rules.remind
    return Change(Step.REMIND if is_due else Step.SEE, one, sighting)
