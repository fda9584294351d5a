"""The two threads of a drain, one to read and one to write, with a connection each; workers keep them from one drain to
the next: to open three connections (Django's is the third) costs PostgreSQL as much as hundreds of deliveries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, cast

import psycopg2
from django.db import close_old_connections, connections
from psycopg2.extensions import cursor as Cursor

from forwarding import prepared
from forwarding.prepared import PreparingConnection
from journal.connection import connect

T = TypeVar("T")
KEEP_SECONDS = 60.0  # as Django's CONN_MAX_AGE: a server that is about to go is left, what it remembers stays small
BEGIN = "BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1500ms'; SET LOCAL TimeZone = 'UTC'; "


class _Cursor(Cursor):
    """Begins its transaction with the first statement, in the same round trip."""

    first = BEGIN

    def execute(self, query: Any, vars: Any = None) -> None:
        first, self.first = self.first, ""
        super().execute(first.encode() + query if isinstance(query, bytes) else first + query, vars)


class Thread:
    """One connection of its own, one transaction per call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: PreparingConnection | None = None
        self._made_at = 0.0  # time.monotonic()

    async def run(self, work: Callable[[Any], T]) -> T:
        return await self.call(lambda: self._in_transaction(work))

    async def call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def begin(self) -> None:
        await self.call(self._refresh)

    async def rest(self) -> None:
        """Until the next drain: what the connection has locked is let go."""
        await self.call(lambda: self._try_out("SELECT pg_advisory_unlock_all()"))

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
        self._made_at = time.monotonic()
        return made

    def _roll_back(self, connection: PreparingConnection) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")

    def _refresh(self) -> None:
        """Plans are made anew (forwarding/prepared.py), which also shows whether the connection still holds."""
        close_old_connections()
        if time.monotonic() - self._made_at > KEEP_SECONDS:
            self._close_own()
        self._try_out("DISCARD PLANS")

    def _try_out(self, statement: str) -> None:
        if self._connection is not None:
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(statement)
            except psycopg2.Error:
                self._close_own()

    def _close_own(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None

    def _close(self) -> None:
        self._close_own()
        connections.close_all()


class Threads:
    def __init__(self) -> None:
        self.reads = Thread("hub lanes")
        self.writes = Thread("hub deliveries")

    async def begin(self) -> None:
        await asyncio.gather(self.reads.begin(), self.writes.begin())

    async def rest(self) -> None:
        await self.writes.rest()  # the only one that holds locks beyond a transaction

    async def close(self) -> None:
        await asyncio.gather(self.reads.close(), self.writes.close())
