"""A reader that follows `id > cursor` never skips an event (decision 3): the writers' turn sees to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from journal.batch import TURN, run_batch
from journal.rows import Job
from journal.writer import Writer
from tests.journal.conftest import Query
from tests.journal.things import event, job

pytestmark = pytest.mark.django_db


class Follower:
    """Does what a lane does: reads behind its cursor and moves it."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.cursor = 0
        self.seen: list[int] = []

    def poll(self) -> None:
        rows = self.query("SELECT id FROM journal_event WHERE id > %s ORDER BY id", [self.cursor])
        self.seen += [row[0] for row in rows]
        self.cursor = max([self.cursor, *self.seen])


NO_TURN = "SELECT 1"  # the advisory lock taken out


def race(query: Query, *, turn: str) -> tuple[list[int], list[int]]:
    """One writer holds its transaction open, its id drawn, while a second writes. Returns ids seen and ids there."""
    drawn, go_on = threading.Event(), threading.Event()

    def hold_open(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
        results = run_batch(cursor, jobs, turn=turn)
        drawn.set()
        go_on.wait(1.4)
        return results

    slow, quick = Writer(run=hold_open), Writer(run=partial(run_batch, turn=turn))
    follower = Follower(query)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slow.write_blocking, job(event=event()))
        assert drawn.wait(5)
        second = pool.submit(quick.write_blocking, job(event=event()))
        while not second.done() and not waits_for_its_turn(query):
            pass
        follower.poll()
        go_on.set()
        there = sorted(each.result().event or 0 for each in (first, second))
    follower.poll()
    slow.stop()
    quick.stop()
    return follower.seen, there


def waits_for_its_turn(query: Query) -> bool:
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    return bool(query(f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {here}"))


class TestVisibility:
    def test_shows_ids_in_their_order(self, query: Query) -> None:
        seen, there = race(query, turn=TURN)

        assert len(there) == 2
        assert seen == there

    def test_skips_an_event_without_the_turn(self, query: Query) -> None:
        seen, there = race(query, turn=NO_TURN)

        assert seen == there[1:]

    def test_holds_while_writers_race(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        writers = [new_writer(), new_writer()]
        follower = Follower(query)
        finished = threading.Event()

        def follow() -> None:
            while not finished.is_set():
                follower.poll()
            follower.poll()

        async def push(number: int) -> list[int | None]:
            return [(await writers[number % 2].write(job(event=event(f"object-{number}")))).event for _ in range(50)]

        async def main() -> list[list[int | None]]:
            return list(await asyncio.gather(*(push(number) for number in range(16))))

        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(follow)
            try:
                written = [event_id for each in asyncio.run(main()) for event_id in each]
            finally:
                finished.set()
            following.result()

        assert follower.seen == sorted(event_id for event_id in written if event_id is not None)
        assert len(follower.seen) == 16 * 50
