"""The deliveries of a lane that are begun and not done: what `Lane.waiting` holds, as values. No database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one party. `judged` counts attempts that a reachable platform failed at; `lost` says that an
    earlier attempt may have arrived, because its answer never came."""

    event: int
    receiver: str
    at: datetime
    attempts: int = 0
    judged: int = 0
    lost: bool = False

    @property
    def key(self) -> Key:
        return self.event, self.receiver

    def after_attempt(self, *, judged: bool, lost: bool) -> Waiting:
        return replace(self, attempts=self.attempts + 1, judged=self.judged + int(judged), lost=self.lost or lost)


Key = tuple[int, str]


def write(waiting: Mapping[Key, Waiting]) -> dict[str, list[Any]]:
    """As JSON: {"17:nlmsp": [attempts, judged, lost, at]}."""
    return {
        f"{one.event}:{one.receiver}": [one.attempts, one.judged, int(one.lost), one.at.timestamp()]
        for one in waiting.values()
    }


def read(stored: Mapping[str, list[Any]]) -> dict[Key, Waiting]:
    found = {}
    for key, (attempts, judged, lost, at) in stored.items():
        event, _, receiver = key.partition(":")
        one = Waiting(
            event=int(event),
            receiver=receiver,
            at=datetime.fromtimestamp(at, UTC),
            attempts=attempts,
            judged=judged,
            lost=bool(lost),
        )
        found[one.key] = one
    return found
