"""Two pieces of a list under way at a time, and nothing told out of order. No database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from forwarding.pull_pieces import Pieces, Results, StoreFailed
from journal.rows import Change, Job, Outcome, Table, Written
from ocpi.errors import ServerError

PATIENCE = 10.0
TABLE = Table(name="things", key=("id",), columns={"id": "text"})


def write_job(key: str) -> Job:
    return Job(changes=(Change(table=TABLE, key=(key,), apply=lambda stored, base: None),))


class Writer:
    """A committer that ends each piece when the test says so."""

    def __init__(self, *, fails: bool = False) -> None:
        self.begun, self.may_end, self.ended = Event(), Event(), Event()
        self.fails = fails

    def commit(self, jobs: Sequence[Job], *, since: float) -> list[Any]:
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        self.ended.set()
        if self.fails:
            return [ServerError("busy") for _ in jobs]
        return [Written(outcomes=(Outcome.CREATED,)) for _ in jobs]


def as_committers(*writers: Writer) -> Any:
    return writers


class TestPieces:
    def test_are_written_side_by_side(self):
        one, other = Writer(), Writer()
        with Pieces(*as_committers(one, other)) as pieces:
            pieces.put([write_job("a")], page=1, then=lambda _: None)
            pieces.put([write_job("b")], page=1, then=lambda _: None)

            assert one.begun.wait(PATIENCE)
            assert other.begun.wait(PATIENCE)

            one.may_end.set()
            other.may_end.set()

    def test_are_told_in_the_order_they_were_given(self):
        one, other = Writer(), Writer()
        told: list[str] = []
        with Pieces(*as_committers(other, one)) as pieces:  # the last of them is taken first
            pieces.put([write_job("a")], page=1, then=partial(_tell, told, "a"))
            pieces.put([write_job("b"), write_job("c")], page=1, then=partial(_tell, told, "b, c"))
            other.may_end.set()
            assert other.ended.wait(PATIENCE)
            one.may_end.set()

            pieces.finish(1)

        assert told == ["a: 1", "b, c: 2"]

    def test_with_an_object_in_common_go_one_after_the_other(self):
        one, other = Writer(), Writer()
        with Pieces(*as_committers(other, one)) as pieces:
            pieces.put([write_job("a"), write_job("b")], page=1, then=lambda _: None)
            second = Thread(target=lambda: pieces.put([write_job("b")], page=1, then=lambda _: None))
            second.start()

            assert one.begun.wait(PATIENCE)
            second.join(0.05)
            assert second.is_alive()
            assert not other.begun.is_set()

            one.may_end.set()
            other.may_end.set()
            second.join(PATIENCE)

    def test_of_the_next_page_are_not_waited_for(self):
        one, other = Writer(), Writer()
        told: list[str] = []
        with Pieces(*as_committers(other, one)) as pieces:
            pieces.put([write_job("a")], page=1, then=partial(_tell, told, "a"))
            pieces.put([write_job("b")], page=2, then=partial(_tell, told, "b"))
            one.may_end.set()

            pieces.finish(1)

            assert told == ["a: 1"]
            assert not other.ended.is_set()
            other.may_end.set()

    def test_one_that_fails_is_raised_and_the_others_come_to_their_end(self):
        one, other = Writer(fails=True), Writer()
        one.may_end.set()
        other.may_end.set()

        with Pieces(*as_committers(other, one)) as pieces:
            pieces.put([write_job("a")], page=1, then=lambda _: None)
            pieces.put([write_job("b")], page=2, then=lambda _: None)
            with pytest.raises(StoreFailed, match="busy"):
                pieces.finish(1)

        assert other.ended.is_set()


def _tell(told: list[str], name: str, results: Results) -> None:
    told.append(f"{name}: {len(results)}")
