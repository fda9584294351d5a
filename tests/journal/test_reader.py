"""The reader's threads: their connections, their bounds."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest

from journal.reader import Reader
from ocpi.errors import Overloaded, ServerError
from tests.journal.conftest import Query

pytestmark = pytest.mark.django_db


class TestFetch:
    def test_returns_tuples(self, reader: Reader) -> None:
        rows = asyncio.run(reader.fetch("SELECT n, n * 2 FROM generate_series(1, %s) n", [2]))

        assert rows == [(1, 2), (2, 4)]

    def test_runs_side_by_side_up_to_its_threads(self, reader: Reader) -> None:
        async def main() -> list[Any]:
            return await asyncio.gather(*(reader.fetch("SELECT pg_backend_pid()") for _ in range(40)))

        pids = {rows[0][0] for rows in asyncio.run(main())}

        assert 1 <= len(pids) <= 4

    def test_cannot_write(self, reader: Reader) -> None:
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            reader.fetch_blocking("DELETE FROM journal_alias")

    def test_survives_a_lost_connection(self, query: Query, reader: Reader) -> None:
        reader.fetch_blocking("SELECT 1")
        query(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
            " WHERE application_name = 'hub reader' AND datname = current_database()"
        )

        assert reader.fetch_blocking("SELECT 1") == [(1,)]

    def test_goes_on_after_a_wrong_statement(self, reader: Reader) -> None:
        with pytest.raises(psycopg2.errors.UndefinedTable):
            reader.fetch_blocking("SELECT * FROM nowhere")

        assert reader.fetch_blocking("SELECT 1") == [(1,)]


class TestBounds:
    def test_ends_a_read_that_takes_too_long(self, query: Query) -> None:
        reader = Reader(timeout_ms=50)

        with pytest.raises(ServerError, match="too long"):
            reader.fetch_blocking("SELECT pg_sleep(5)")
        reader.stop()

    def test_refuses_when_too_many_wait(self, query: Query) -> None:
        reader = Reader(threads=1, max_waiting=2)

        with ThreadPoolExecutor(2) as pool:
            query("SELECT pg_advisory_lock(77)")
            waiting = [pool.submit(reader.fetch_blocking, "SELECT pg_advisory_lock_shared(77)") for _ in range(2)]
            while reader.waiting < 2:
                pass
            with pytest.raises(Overloaded):
                reader.fetch_blocking("SELECT 1")
            query("SELECT pg_advisory_unlock(77)")
            for each in waiting:
                each.result()

        assert reader.fetch_blocking("SELECT 1") == [(1,)]
        reader.stop()

    def test_says_when_the_database_is_down(self) -> None:
        reader = Reader(dsn="host=/nonexistent dbname=hub")

        with pytest.raises(ServerError, match="cannot be reached"):
            reader.fetch_blocking("SELECT 1")
        reader.stop()

    def test_refuses_after_its_end(self) -> None:
        reader = Reader()
        reader.stop()

        with pytest.raises(ServerError):
            reader.fetch_blocking("SELECT 1")
