"""The writer while the database breaks under it. Nobody waits for long, and nothing is written twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from psycopg2 import errors

from journal import batch
from journal.batch import run_batch
from journal.rows import Job, Outcome
from journal.writer import Writer
from ocpi.errors import ServerError
from tests.journal.conftest import Query
from tests.journal.things import count, event, job

pytestmark = pytest.mark.django_db

Run = Callable[[Any, Sequence[Job]], list[Any]]


def kill_all_writers(query: Query) -> None:
    """Those on the test database, whatever else the server is used for."""
    query(
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
        " WHERE application_name = 'hub writer' AND datname = current_database()"
    )


def write(writer: Writer, *jobs: Job) -> list[Any]:
    async def together() -> list[Any]:
        return list(await asyncio.gather(*(writer.write(each) for each in jobs), return_exceptions=True))

    return asyncio.run(together())


def stamps(query: Query) -> list[Any]:
    return query("SELECT stamp FROM journal_test_thing")


class TestFullDisk:
    def test_is_said_to_be_the_hub_s_trouble_and_not_the_object_s(self, new_writer: Callable[..., Writer]) -> None:
        def fail(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            raise errors.DiskFull("could not extend file: No space left on device")

        [failed] = write(new_writer(run=fail), job(count()))

        assert isinstance(failed, ServerError)
        assert failed.message == "the database has no room"

    def test_is_remembered(self, new_writer: Callable[..., Writer]) -> None:
        def fail_at_first(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            if writer.full_for is None:
                raise errors.DiskFull("could not extend file: No space left on device")
            return run_batch(cursor, jobs)

        writer = new_writer(run=fail_at_first)
        before = writer.full_for
        write(writer, job(count()))
        write(writer, job(count()))

        assert before is None
        assert writer.full_for is not None


class TestLostConnection:
    def test_does_not_matter_between_batches(self, query: Query, writer: Writer) -> None:
        write(writer, job(count()))
        kill_all_writers(query)

        [written] = write(writer, job(count()))

        assert written.outcomes == (Outcome.UPDATED,)

    def test_is_mended_before_commit_without_writing_twice(
        self, query: Query, new_writer: Callable[..., Writer]
    ) -> None:
        writer = new_writer(run=killed_once(query))

        results = write(writer, job(count(), event=event()), job(count(), event=event()))

        assert [each.outcomes for each in results] == [(Outcome.CREATED,), (Outcome.UPDATED,)]
        assert stamps(query) == [(2,)]
        assert query("SELECT count(*) FROM journal_event") == [(2,)]

    @pytest.mark.parametrize(("committed", "left"), [(False, []), (True, [(1,)])])
    def test_during_commit_is_an_unknown_outcome_and_not_repeated(
        self, committed: bool, left: list[Any], query: Query, new_writer: Callable[..., Writer]
    ) -> None:
        """Either way the caller hears 3000; were the batch tried again, the stamp would be 1 or 2."""
        killed: list[bool] = []

        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            results = run_batch(cursor, jobs)
            if not killed:
                killed.append(True)
                if committed:
                    cursor.execute("COMMIT; BEGIN")
                kill_all_writers(query)
            return results

        writer = new_writer(run=run)

        [unknown] = write(writer, job(count()))

        assert isinstance(unknown, ServerError)
        assert unknown.status_code == 3000
        assert "unknown" in unknown.message
        assert stamps(query) == left

        [written] = write(writer, job(count()))

        assert written.outcomes == ((Outcome.UPDATED if committed else Outcome.CREATED),)

    def test_that_comes_again_and_again_is_given_up(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            kill_all_writers(query)
            return run_batch(cursor, jobs)

        [error] = write(new_writer(run=run), job(count()))

        assert isinstance(error, ServerError)


class TestDatabaseDown:
    def test_is_told_at_once(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        writer = new_writer(dsn="host=/nonexistent dbname=hub")

        results = write(writer, *(job(count()) for _ in range(5)))

        assert [type(each) for each in results] == [ServerError] * 5

    def test_is_told_to_threads_too(self, query: Query) -> None:
        with pytest.raises(ServerError):
            Writer(dsn="host=/nonexistent dbname=hub").write_blocking(job(count()))


class TestStall:
    def test_counts_on_for_a_job_that_waited_behind_a_batch(
        self, query: Query, new_writer: Callable[..., Writer]
    ) -> None:
        """Else calls are let in for a moment each time a batch is given up, while the database still takes nothing."""
        is_running, may_end = threading.Event(), threading.Event()
        seen: list[tuple[float, float]] = []

        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            if not is_running.is_set():
                is_running.set()
                may_end.wait(10)
                raise errors.LockNotAvailable
            seen.append((time.monotonic(), writer.stalled_for))
            return run_batch(cursor, jobs)

        async def main() -> float:
            first = asyncio.create_task(writer.write(job(count("first"))))
            await asyncio.to_thread(is_running.wait)
            second = asyncio.create_task(writer.write(job(count("second"))))
            await asyncio.sleep(0)
            handed_in = time.monotonic()
            asyncio.get_running_loop().call_later(0.05, may_end.set)
            await asyncio.gather(first, second, return_exceptions=True)
            return handed_in

        writer = new_writer(run=run)
        handed_in = asyncio.run(main())

        [(at, stalled_for)] = seen
        assert stalled_for >= at - handed_in


class TestPatience:
    def test_a_row_that_somebody_holds_fails_its_own_jobs_only(
        self, query: Query, new_writer: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch, "SETTINGS", batch.SETTINGS.replace("1500ms", "50ms"))
        writer = new_writer()
        write(writer, job(count("held")))
        query("BEGIN; SELECT 1 FROM journal_test_thing WHERE name = 'held' FOR UPDATE")

        held, free = write(writer, job(count("held")), job(count("free")))
        query("ROLLBACK")

        assert isinstance(held, ServerError)
        assert free.outcomes == (Outcome.CREATED,)

    def test_ends_while_jobs_are_tried_one_by_one(
        self, query: Query, new_writer: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The batch and then the first job wait for the row, 150 ms each: the last job is told, not tried."""
        monkeypatch.setattr(batch, "SETTINGS", batch.SETTINGS.replace("1500ms", "150ms"))
        writer = new_writer(patience=0.2)
        write(writer, job(count("held")))
        query("BEGIN; SELECT 1 FROM journal_test_thing WHERE name = 'held' FOR UPDATE")

        *held, free = write(writer, job(count("held")), job(count("held")), job(count("free")))
        query("ROLLBACK")

        assert [type(each) for each in (*held, free)] == [ServerError] * 3
        assert query("SELECT name FROM journal_test_thing") == [("held",)]

    def test_ends_for_a_job_of_a_batch_that_hangs(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        may_end = threading.Event()

        def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
            may_end.wait(10)
            return run_batch(cursor, jobs)

        async def main() -> None:
            try:
                await writer.write(job(count()))
            finally:
                may_end.set()

        writer = new_writer(run=run, patience=0.5)

        with pytest.raises(ServerError):
            asyncio.run(main())

    def test_ends_for_jobs_whose_turn_comes_too_late(self, query: Query, new_writer: Callable[..., Writer]) -> None:
        writer = new_writer(patience=0.0)

        [error] = write(writer, job(count()))

        assert isinstance(error, ServerError)
        assert "busy" in error.message
        assert stamps(query) == []


def killed_once(query: Query) -> Run:
    """The first batch loses its connection when all is written but COMMIT not sent, while it still asks something."""
    killed: list[bool] = []

    def run(cursor: Any, jobs: Sequence[Job]) -> list[Any]:
        if killed:
            return run_batch(cursor, jobs)
        results = run_batch(cursor, jobs)
        killed.append(True)
        kill_all_writers(query)
        cursor.execute("SELECT 1")
        return results

    return run
