"""Marks that are about one state of a row: what is newer by now is left alone."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from journal.committer import Committer
from journal.rows import Job, Outcome
from journal.writer import Writer
from tests.journal.conftest import Query
from tests.journal.things import change, job, mark, put

pytestmark = pytest.mark.django_db


def write_all(writer: Writer, *jobs: Job) -> list[Any]:
    """Handed in together, so that they share a batch."""

    async def together() -> list[Any]:
        return list(await asyncio.gather(*(writer.write(each) for each in jobs)))

    return asyncio.run(together())


def get_verdicts(query: Query) -> list[tuple[Any, ...]]:
    return query("SELECT name, verdict FROM journal_test_thing ORDER BY name")


class TestAtMost:
    @pytest.mark.parametrize(("at_most", "verdict"), [(4, None), (5, 1000), (6, 1000)])
    def test_a_row_that_nobody_looks_at_otherwise(self, query: Query, writer: Writer, at_most: int, verdict: int):
        write_all(writer, job(put(stamp=5)))

        write_all(writer, job(marks=(mark(verdict=1000, at_most=at_most),)))

        assert get_verdicts(query) == [("one", verdict)]

    @pytest.mark.parametrize(("at_most", "verdict"), [(4, None), (5, 1000)])
    def test_a_row_that_the_same_batch_changes(self, query: Query, writer: Writer, at_most: int, verdict: int):
        write_all(writer, job(put(stamp=1)))

        write_all(writer, job(put(stamp=5)), job(marks=(mark(verdict=1000, at_most=at_most),)))

        assert get_verdicts(query) == [("one", verdict)]

    def test_a_row_of_which_the_change_reads_something_else(self, query: Query, writer: Writer):
        write_all(writer, job(put(stamp=5)))
        blind = change("one", lambda row, base: None, reads=frozenset({"verdict"}))

        (written,) = write_all(writer, job(blind, marks=(mark(verdict=1000, at_most=4),)))

        assert written.outcomes == (Outcome.KEPT,)
        assert get_verdicts(query) == [("one", None)]

    @pytest.mark.parametrize("order", [(4, 5), (5, 4)])
    def test_of_two_in_a_batch_the_one_for_the_newer_state_counts(self, query: Query, writer: Writer, order: Any):
        write_all(writer, job(put(stamp=5)))

        write_all(writer, *(job(marks=(mark(verdict=number, at_most=number),)) for number in order))

        assert get_verdicts(query) == [("one", 5)]

    def test_rows_of_one_statement_are_judged_each_by_its_own(self, query: Query, writer: Writer):
        write_all(writer, *(job(put(name, stamp=5)) for name in ("one", "two")))

        write_all(writer, job(marks=(mark(verdict=1, at_most=5), mark("two", verdict=2, at_most=4))))

        assert get_verdicts(query) == [("one", 1), ("two", None)]

    def test_stands_in_one_batch_with_changes_that_read_less(self, query: Query, caplog: pytest.LogCaptureFixture):
        """Where a batch fails, its jobs are tried one by one, and all are stored: only slowly."""
        blind = change("two", lambda row, base: {"document": "{}", "stamp": 7}, reads=frozenset({"verdict"}))
        committer = Committer()

        for at_once in ([job(put(stamp=5))], [job(blind), job(marks=(mark(verdict=1000, at_most=5),))]):
            committer.commit(at_once, since=time.monotonic())
        committer.close()

        assert get_verdicts(query) == [("one", 1000), ("two", None)]
        assert [record.message for record in caplog.records if record.name == "journal.committer"] == []
