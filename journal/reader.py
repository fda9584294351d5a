"""Reads beside Django: a bounded pool of threads, each with a read-only connection of its own. Never writes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import BYTES
from psycopg2.extensions import connection as Connection

from journal.connection import connect, is_lost
from journal.storable import refuse_unstorable_values
from ocpi.errors import Overloaded, ServerError
from telemetry import metrics

Params = Sequence[Any] | Mapping[str, Any] | None
Rows = list[tuple[Any, ...]]
T = TypeVar("T")

THREADS = 4
MAX_WAITING = 200
PATIENCE = 5.0  # seconds a read may wait for a thread
_TEXT = 25  # PostgreSQL's number for the type


class Reads:
    """Several reads on one connection, in a thread of the reader."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetch(self, sql: str, params: Params = None, *, as_bytes: bool = False) -> Rows:
        """`as_bytes`: text as the bytes that are stored, for what is passed on and not looked at."""
        _refuse_unstorable(params)
        return _fetched(self._connection, sql, params, as_bytes=as_bytes)

    @contextmanager
    def in_snapshot(self) -> Iterator[None]:
        """All reads inside see the same state, that of the first of them."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            try:
                yield
            finally:
                if not self._connection.closed:
                    cursor.execute("ROLLBACK")  # nothing was written


class Reader:
    def __init__(
        self,
        *,
        dsn: str | None = None,
        threads: int = THREADS,
        max_waiting: int = MAX_WAITING,
        timeout_ms: int = 5000,
    ) -> None:
        self._dsn = dsn
        self._max_waiting = max_waiting
        self._timeout_ms = timeout_ms
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="journal reader")
        self._own = threading.local()
        self._connections: set[Connection] = set()
        self.waiting = 0  # reads asked for and not yet answered
        self._lock = threading.Lock()

    async def fetch(self, sql: str, params: Params = None) -> Rows:
        return await asyncio.wrap_future(self._fetch(sql, params))

    def fetch_blocking(self, sql: str, params: Params = None) -> Rows:
        return self._fetch(sql, params).result()

    async def in_thread(self, work: Callable[[Reads], T]) -> T:
        """What `work` makes of several reads, at one go. If the connection is lost meanwhile, it runs once more."""
        return await asyncio.wrap_future(self._submit(lambda connection: work(Reads(connection))))

    def stop(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            with suppress(psycopg2.Error):
                connection.close()
        self._connections.clear()

    def _fetch(self, sql: str, params: Params) -> Future[Rows]:
        _refuse_unstorable(params)
        return self._submit(lambda connection: _fetched(connection, sql, params))

    def _submit(self, work: Callable[[Connection], T]) -> Future[T]:
        with self._lock:
            if self.waiting >= self._max_waiting:
                raise Overloaded("too many reads wait")
            self.waiting += 1
        try:
            future = self._pool.submit(self._run, work, since=time.monotonic())
        except RuntimeError as error:  # shut down
            self._leave(None)
            raise ServerError("the hub is stopping") from error
        future.add_done_callback(self._leave)
        return future

    def _leave(self, future: Future[Any] | None) -> None:
        with self._lock:
            self.waiting -= 1

    # In a thread of the pool

    def _run(self, work: Callable[[Connection], T], *, since: float) -> T:
        if time.monotonic() - since > PATIENCE:
            raise Overloaded("this read waited too long")
        try:
            result = self._read(work)
            metrics.reader_seconds.observe(time.monotonic() - since)
            return result
        except errors.QueryCanceled as error:
            raise ServerError("this read takes too long") from error
        except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            raise ServerError("the database cannot be reached") from error

    def _read(self, work: Callable[[Connection], T]) -> T:
        connection = self._connected()
        try:
            return work(connection)
        except psycopg2.Error as error:
            if not is_lost(connection, error):
                raise
        self._drop(connection)
        return work(self._connected())  # a read may be repeated

    def _connected(self) -> Connection:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None or connection.closed:
            connection = connect(self._dsn, name="hub reader")
            connection.set_session(readonly=True, autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute(f"SET statement_timeout = {int(self._timeout_ms)}; SET TimeZone = 'UTC'")
            self._own.connection = connection
            with self._lock:
                self._connections.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        self._own.connection = None
        with self._lock:
            self._connections.discard(connection)
        with suppress(psycopg2.Error):
            connection.close()


def _refuse_unstorable(params: Params) -> None:
    refuse_unstorable_values(params.values() if isinstance(params, Mapping) else params or ())


def _fetched(connection: Connection, sql: str, params: Params, *, as_bytes: bool = False) -> Rows:
    with connection.cursor() as cursor:
        if as_bytes:
            cursor.string_types = {_TEXT: BYTES}
        cursor.execute(sql, params)
        rows: Rows = cursor.fetchall()
        return rows
