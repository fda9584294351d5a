"""The database as a drain sees it: asynchronous, many lanes in one COMMIT.

Django's ORM is used only for routing facts and presence, in the reading thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from agreements.network import Facts, get_version, load_facts
from forwarding import events, lanes, modules, outdated, record
from forwarding.events import Event
from forwarding.plan import Planned
from forwarding.threads import Threads
from forwarding.waiting import Key
from parties import presence
from parties.quirk_notes import QuirkNotes, record_quirks

logger = logging.getLogger(__name__)

# To find the ends of the log costs as much as twenty deliveries. A lane that goes by an old one misses only what came
# since, and is due again for it.
TAIL_SECONDS = 0.1
LOOK_SECONDS = 0.02


class Store:
    """`async with`; one per drain. `threads` are those that the process keeps."""

    def __init__(self, threads: Threads | None = None) -> None:
        self._threads = threads or Threads()
        self._are_kept = threads is not None
        self._reads, self._writes = self._threads.reads, self._threads.writes
        self.quirks = QuirkNotes()
        self._unsaved: list[tuple[record.Record, datetime, asyncio.Future[bool]]] = []
        self._saving: asyncio.Task[None] | None = None
        self._memory: dict[tuple[int, int, int], list[Event]] = {}
        self._tails: tuple[float, dict[int, int]] = (float("-inf"), {})

    async def __aenter__(self) -> Store:
        await self._threads.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._saving is not None:
            await self._saving
        await (self._threads.rest() if self._are_kept else self._threads.close())

    # Lanes

    async def begin_lanes(self, *, now: datetime) -> int:
        return await self._writes.run(lambda cursor: lanes.ensure_lanes(cursor, now=now))

    async def claim_lingering(self) -> bool:
        return await self._writes.run(lanes.claim_lingering)

    async def lease(self, *, limit: int, now: datetime) -> list[lanes.Leased]:
        tails = await self._get_tails(LOOK_SECONDS)
        return await self._writes.run(lambda cursor: lanes.lease(cursor, limit=limit, now=now, tails=tails))

    async def give_back(self, way: Callable[..., bool], **how: Any) -> bool:
        """`way` is one of lanes.give_back, lanes.park."""
        return await self._writes.run(lambda cursor: way(cursor, **how))

    async def save(self, one: record.Record, *, now: datetime) -> bool:
        """Durable when this returns. False: the lane is somebody else's by now."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._unsaved.append((one, now, future))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save_all())
        return await future

    async def _save_all(self) -> None:
        while self._unsaved:
            batch, self._unsaved = self._unsaved, []
            now = max(moment for _, moment, _ in batch)
            try:
                kept = await self._write([one for one, _, _ in batch], now=now)
            except Exception as error:
                if len(batch) > 1:
                    await self._save_singly(batch)
                else:
                    _fail(batch[0][2], error)
                continue
            for (_, _, future), is_kept in zip(batch, kept, strict=True):
                if not future.done():
                    future.set_result(is_kept)

    async def _save_singly(self, batch: Sequence[tuple[record.Record, datetime, asyncio.Future[bool]]]) -> None:
        for one, now, future in batch:
            try:
                kept = await self._write([one], now=now)
            except Exception as error:
                _fail(future, error)
            else:
                if not future.done():
                    future.set_result(kept[0])

    async def _write(self, records: Sequence[record.Record], *, now: datetime) -> list[bool]:
        return await self._writes.run(lambda cursor: record.save(cursor, records, now=now))

    # Events

    async def read_on(self, *, sublane: int, after: int, after_at: datetime) -> list[Event]:
        """What follows in the log. Lanes at the same place share one read."""
        tails = await self._get_tails(TAIL_SECONDS)
        key = (sublane, after, tails.get(sublane, 0))
        if key[2] <= after:
            return []
        if key not in self._memory:
            found = await self._reads.run(
                lambda cursor: events.read_on(cursor, sublane=sublane, after=after, until=key[2], after_at=after_at)
            )
            while len(self._memory) >= 8:
                self._memory.pop(next(iter(self._memory)))
            self._memory[key] = found
        return self._memory[key]

    async def _get_tails(self, seconds: float) -> dict[int, int]:
        """Not older than that."""
        clock = asyncio.get_running_loop().time()
        if clock - self._tails[0] > seconds:
            self._tails = (clock, await self._reads.run(lanes.get_tails))
        return self._tails[1]

    async def read_these(self, ids: Sequence[int], *, since: datetime) -> list[Event]:
        return await self._reads.run(lambda cursor: events.read_these(cursor, ids, since=since))

    async def read_object_keys(self, ids: Sequence[int], *, since: datetime) -> dict[int, str]:
        return await self._reads.run(lambda cursor: events.read_object_keys(cursor, ids, since=since))

    async def read_newer(self, candidates: Sequence[Planned]) -> dict[Key, Event]:
        return await self._reads.run(lambda cursor: outdated.read_newer(cursor, candidates))

    async def get_full_state(self, subject: modules.Subject, *, object_key: str) -> modules.FullState | None:
        return await self._reads.run(lambda cursor: modules.get_full_state(cursor, subject, object_key=object_key))

    # Facts and presence

    async def get_facts_version(self) -> int:
        return await self._reads.call(get_version)

    async def load_facts(self) -> Facts:
        return await self._reads.call(load_facts)

    async def record_heard(self, platforms: Iterable[int], *, now: datetime) -> None:
        await self._reads.call(lambda: presence.record_heard(platforms, now=now))

    async def record_quirks(self, *, now: datetime) -> None:
        taken = self.quirks.take()
        if taken:
            await self._reads.call(lambda: record_quirks(taken, now=now))

    async def record_failure(self, platform: int, *, now: datetime) -> None:
        await self._reads.call(lambda: presence.record_failure(platform, now=now))


def _fail(future: asyncio.Future[bool], error: Exception) -> None:
    logger.error("what a lane sent cannot be recorded: %s", error)
    if not future.done():
        future.set_result(False)  # the worker stops; its lease runs out, and the repeat is marked as one
