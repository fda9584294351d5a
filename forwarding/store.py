"""The database as a drain sees it: asynchronous, one connection to read and one to write, many lanes in one COMMIT.

Django's ORM is used only for routing facts and presence, in the reading thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar, cast

import psycopg2
from django.db import connections
from psycopg2.extensions import cursor as Cursor

from agreements.network import Facts, get_version, load_facts
from forwarding import events, lanes, modules, outdated, prepared, record
from forwarding.events import Event
from forwarding.plan import Planned
from forwarding.prepared import PreparingConnection
from forwarding.waiting import Key
from journal.connection import connect
from parties import presence
from parties.quirk_notes import QuirkNotes, record_quirks

logger = logging.getLogger(__name__)
T = TypeVar("T")


# To find the ends of the log costs as much as twenty deliveries. A lane that goes by an old one misses only what came
# since, and is due again for it.
TAIL_SECONDS = 0.1
LOOK_SECONDS = 0.02
BEGIN = "BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1500ms'; SET LOCAL TimeZone = 'UTC'; "


class _Cursor(Cursor):
    """Begins its transaction with the first statement, in the same round trip."""

    first = BEGIN

    def execute(self, query: Any, vars: Any = None) -> None:
        first, self.first = self.first, ""
        super().execute(first.encode() + query if isinstance(query, bytes) else first + query, vars)


class _Thread:
    """One thread, one connection of its own, one transaction per call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: PreparingConnection | None = None

    async def run(self, work: Callable[[Any], T]) -> T:
        return await self.call(lambda: self._in_transaction(work))

    async def call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def close(self) -> None:
        await self.call(self._close)
        self._executor.shutdown()

    def _in_transaction(self, work: Callable[[Any], T]) -> T:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        try:
            return self._try(self._connection, work)
        except prepared.LOST:  # nothing was done
            self._connection.stop_preparing()
            return self._try(self._connection, work)

    def _try(self, connection: PreparingConnection, work: Callable[[Any], T]) -> T:
        try:
            with connection.cursor(cursor_factory=_Cursor) as cursor:
                result = work(cursor)
                cursor.execute("COMMIT")
        except BaseException:
            with suppress(psycopg2.Error):
                self._roll_back(connection)
            raise
        return result

    def _connect(self) -> PreparingConnection:
        made = cast(PreparingConnection, connect(name=self._name, connection_factory=PreparingConnection))
        made.autocommit = True  # else psycopg2 sends a BEGIN of its own first: a round trip more
        return made

    def _roll_back(self, connection: PreparingConnection) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        connections.close_all()


class Store:
    """`async with`; one per drain."""

    def __init__(self) -> None:
        self._reads = _Thread("hub lanes")
        self._writes = _Thread("hub deliveries")
        self.quirks = QuirkNotes()
        self._unsaved: list[tuple[record.Record, datetime, asyncio.Future[bool]]] = []
        self._saving: asyncio.Task[None] | None = None
        self._memory: dict[tuple[int, int, int], list[Event]] = {}
        self._tails: tuple[float, dict[int, int]] = (float("-inf"), {})

    async def __aenter__(self) -> Store:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._saving is not None:
            await self._saving
        await self._reads.close()
        await self._writes.close()

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
