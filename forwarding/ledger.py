"""The books of one lane while it runs: what is begun, what is done, and what of it is not yet durable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from msgspec.structs import replace

from forwarding.events import Event
from forwarding.lanes import Leased, Position, Release
from forwarding.plan import Planned
from forwarding.record import NewDeadLetter, Record
from forwarding.store import Store
from forwarding.waiting import Key, Waiting
from journal.rows import Mark, NewLogRow

NO_FENCE = 0  # a lease has 1 at least


class Ledger:
    """Changed on the event loop only, so each change is whole; `save` makes all of them durable at once."""

    def __init__(self, lane: Leased, *, store: Store, clock: Callable[[], datetime]) -> None:
        self._lane = lane
        self._store = store
        self._clock = clock
        self._lock = asyncio.Lock()
        self.seen, self.seen_at = lane.seen, lane.seen_at
        self.waiting: dict[Key, Waiting] = {
            key: _suspect(one, crashed_at=lane.crashed_at) for key, one in lane.waiting.items()
        }
        self.sent = 0
        self.is_lost = False
        self.has_news = False
        self._log: list[NewLogRow] = []
        self._marks: list[Mark] = []
        self._dead: list[NewDeadLetter] = []
        self._sent = self._skipped = 0  # since the last save

    def begin(self, planned: Sequence[Planned], *, events: Sequence[Event]) -> None:
        """These events have been looked at; what they make necessary waits from now on."""
        for one in planned:
            event, receiver = one.key
            self.waiting[one.key] = _suspect(
                Waiting(event=event, receiver=receiver, at=one.event.at, lost=one.event.was_sent),
                crashed_at=self._lane.crashed_at,
            )
        if events:
            # A host whose clock is ahead must not hide what the others write next.
            self.seen, self.seen_at = events[-1].id, max(self.seen_at, min(events[-1].at, self._clock()))
            self.has_news = True

    def forget(self, keys: Collection[Key]) -> None:
        """Not needed, or not allowed any more."""
        for key in keys:
            self.waiting.pop(key, None)
            self.has_news = True

    def note_attempt(self, key: Key, row: NewLogRow, *, judged: bool, lost: bool) -> None:
        self._log.append(row)
        self.waiting[key] = self.waiting[key].after_attempt(judged=judged, lost=lost)
        self.has_news = True

    def note_sent(self, key: Key) -> None:
        self.forget([key])
        self.sent += 1
        self._sent += 1

    def note_skipped(self, key: Key, row: NewLogRow | None = None) -> None:
        if row is not None:
            self._log.append(row)
        self.forget([key])
        self._skipped += 1

    def note_verdict(self, mark: Mark) -> None:
        self._marks.append(mark)

    def note_dead(self, key: Key, letter: NewDeadLetter) -> None:
        self._dead.append(letter)
        self.forget([key])

    async def save(self, *, release: Release | None = None) -> None:
        """Durable when it returns, and the lease extended or given back by it. `is_lost` afterwards: stop at once."""
        async with self._lock:
            if self.is_lost and not self._log:
                return
            record = Record(position=self._position(release), log=self._log, marks=self._marks, dead=self._dead)
            self._log, self._marks, self._dead = [], [], []
            self._sent = self._skipped = 0
            self.has_news = False
            if not await self._store.save(record, now=self._clock()):
                self.is_lost = True

    def _position(self, release: Release | None) -> Position:
        """A lane that is lost does not move, whoever has it: what could not be saved is sent again."""
        return Position(
            lane=self._lane.id,
            fence=NO_FENCE if self.is_lost else self._lane.fence,
            seen=self.seen,
            seen_at=self.seen_at,
            waiting=dict(self.waiting),
            sent=self._sent,
            skipped=self._skipped,
            release=release,
        )


def _suspect(one: Waiting, *, crashed_at: datetime | None) -> Waiting:
    """The worker before us died: whatever it could have sent may have arrived, and nobody noted it."""
    if crashed_at is None or one.at > crashed_at:
        return one
    return replace(one, lost=True, attempts=max(1, one.attempts))
