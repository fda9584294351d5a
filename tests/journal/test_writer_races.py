"""Two writers stand for two processes: no update is lost, and the one that comes second sees what the first left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from journal.batch import run_batch
from journal.rows import Columns, Job, Outcome
from journal.writer import Writer
from tests.journal.conftest import Query
from tests.journal.things import change, count, event, job, logging, mark

pytestmark = pytest.mark.django_db

NAMES = [f"thing-{number}" for number in range(12)]


class TestTwoWriters:
    def test_lose_no_update_on_the_same_keys(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        writers = [new_writer(), new_writer()]

        async def push(number: int) -> list[Any]:
            writer = writers[number % 2]
            return [await writer.write(two_keys(number + step)) for step in range(25)]

        async def main() -> list[Any]:
            return list(await asyncio.gather(*(push(number) for number in range(24))))

        answers = [written for each in asyncio.run(main()) for written in each]

        assert query("SELECT sum(stamp) FROM journal_test_thing") == [(2 * 24 * 25,)]
        outcomes = [outcome for written in answers for outcome in written.outcomes]
        assert outcomes.count(Outcome.CREATED) == len(NAMES)
        assert query("SELECT count(*), count(DISTINCT id) FROM journal_event") == [(600, 600)]
        assert query("SELECT count(*) FROM journal_calllog") == [(600,)]

    def test_that_insert_the_same_key_make_one_row(self, query: Query, writer: Writer) -> None:
        """The other one commits its row after ours was looked for and before it is inserted."""
        seen: list[int | None] = []

        def apply(row: Columns | None, base: Columns | None) -> Columns:
            seen.append(None if row is None else row["stamp"])
            if row is None:
                query("INSERT INTO journal_test_thing (owner, name, document, stamp) VALUES ('nlcpo', 'one', '{}', 41)")
                return {"document": "{}", "stamp": 1}
            return {"document": "{}", "stamp": row["stamp"] + 1}

        written = asyncio.run(writer.write(job(change("one", apply), event=event(), log=logging())))

        assert seen == [None, 41]
        assert written.outcomes == (Outcome.UPDATED,)
        assert query("SELECT stamp FROM journal_test_thing") == [(42,)]
        assert query("SELECT count(*) FROM journal_event") == [(1,)]


class TestGroupCommit:
    def test_gathers_the_next_batch_while_one_commits(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        sizes: list[int] = []

        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            sizes.append(len(jobs))
            return run_batch(cursor, jobs)

        writer = new_writer(run=run)

        async def main() -> None:
            await asyncio.gather(*(writer.write(job(count(name), marks=(mark(verdict=1),))) for name in NAMES * 50))

        asyncio.run(main())

        assert sum(sizes) == 600
        assert len(sizes) < 30
        assert max(sizes) <= 256


def two_keys(number: int) -> Job:
    """Two keys per job, in both orders: without sorting, the writers would wait for each other in a circle."""
    first, second = NAMES[number % len(NAMES)], NAMES[(number * 5 + 1) % len(NAMES)]
    return job(count(first), count(second), event=event(first), log=logging())
