"""A worker's connections from one drain to the next: a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from forwarding import lanes, threads
from forwarding.store import Store
from forwarding.threads import Threads
from tests.forwarding.cast import NOW

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def kept() -> Iterator[Threads]:
    kept = Threads()
    yield kept
    asyncio.run(kept.close())


def get_pids(kept: Threads | None) -> list[int]:
    """Those of the servers that a drain speaks with, for reading and writing."""

    async def drain() -> list[int]:
        async with Store(kept) as store:
            return [await thread.run(_tell_pid) for thread in (store._reads, store._writes)]

    return asyncio.run(drain())


def _tell_pid(cursor: Any) -> int:
    cursor.execute("SELECT pg_backend_pid()")
    return int(cursor.fetchone()[0])


class TestKept:
    def test_serve_the_next_drain(self, kept: Threads):
        assert get_pids(kept) == get_pids(kept)

    def test_a_drain_with_threads_of_its_own_leaves_none(self, query: Callable[..., list[tuple]]):
        pids = get_pids(None)

        ends = time.monotonic() + 10  # a server takes a moment to go
        while query("SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)", pids):
            assert time.monotonic() < ends
            time.sleep(0.02)

    def test_a_server_that_went_away_meanwhile_is_not_missed(self, kept: Threads, query: Callable[..., list[tuple]]):
        before = get_pids(kept)
        query("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", before)

        assert set(get_pids(kept)).isdisjoint(before)

    def test_are_made_anew_once_in_a_while(self, kept: Threads, monkeypatch: pytest.MonkeyPatch):
        before = get_pids(kept)
        monkeypatch.setattr(threads, "KEEP_SECONDS", 0.0)

        assert set(get_pids(kept)).isdisjoint(before)

    def test_leave_lingering_to_others(self, kept: Threads):
        """It is claimed by a lock that the connection holds."""

        async def linger(whose: Threads | None) -> bool:
            async with Store(whose) as store:
                return await store.claim_lingering()

        assert asyncio.run(linger(kept))
        assert asyncio.run(linger(None))

    def test_what_was_prepared_stays_so(self, kept: Threads):
        def count(cursor: Any) -> int:
            lanes.lease(cursor, limit=1, now=NOW, tails={0: 0})
            cursor.execute("SELECT count(*) FROM pg_prepared_statements")
            return int(cursor.fetchone()[0])

        async def drain() -> int:
            async with Store(kept) as store:
                return await store._writes.run(count)

        assert asyncio.run(drain()) == asyncio.run(drain()) > 0
