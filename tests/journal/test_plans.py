"""Statements are planned once per connection, and nothing that becomes of a plan costs a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from journal import script
from journal.committer import Committer
from journal.rows import Columns, Job, Outcome, Written
from journal.script import Script
from tests.journal.conftest import Query
from tests.journal.things import change, event, job, logging, mark, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def committer(query: Query) -> Iterator[Committer]:
    committer = Committer()
    yield committer
    committer.close()


def commit(committer: Committer, *jobs: Job) -> list[Any]:
    return committer.commit(jobs, since=time.monotonic())


def ask(committer: Committer, sql: str) -> list[tuple[Any, ...]]:
    """On the committer's own connection."""
    assert committer._connection is not None
    with committer._connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def explain(committer: Committer) -> str:
    """How rows are locked."""
    name = ask(committer, "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%FOR UPDATE%'")[0][0]
    given = """'[{"owner": "nlcpo", "name": "one", "whole?": true}]', 1"""
    return "\n".join(line for (line,) in ask(committer, f"EXPLAIN EXECUTE {name} ({given})"))


def whole(name: str = "one", *, stamp: int = 1) -> Job:
    return job(put(name, stamp=stamp), event=event(name), log=logging())


class TestPlans:
    def test_are_made_once(self, committer: Committer) -> None:
        commit(committer, whole())
        commit(committer, whole(stamp=2))
        before = ask(committer, "SELECT name FROM pg_prepared_statements ORDER BY name")

        commit(committer, whole(stamp=3), whole("two"))
        commit(committer, whole("two", stamp=3))

        assert ask(committer, "SELECT name FROM pg_prepared_statements ORDER BY name") == before
        assert len(before) == 5  # lock; insert, update; log; event
        assert ask(committer, "SELECT sum(custom_plans) FROM pg_prepared_statements") == [(0,)]

    def test_go_by_index_however_small_the_table_was(self, committer: Committer, query: Query) -> None:
        commit(committer, whole())

        assert "Index Scan using journal_test_thing_owner_name_key" in explain(committer)

    def test_are_made_anew_when_they_are_old(
        self, committer: Committer, query: Query, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One made for an empty table may go by an index that finds everything of an owner."""
        sent: list[str] = []
        real = Script.run

        def run(self: Script) -> list[tuple[Any, ...]]:
            sent.extend(self._texts[:1])
            return real(self)

        monkeypatch.setattr(Script, "run", run)
        monkeypatch.setattr(script, "PLAN_SECONDS", 1e9)
        commit(committer, whole())
        assert "DISCARD PLANS" not in sent

        monkeypatch.setattr(script, "PLAN_SECONDS", 0.0)
        (written,) = commit(committer, whole(stamp=2))

        assert "DISCARD PLANS" in sent
        assert written.outcomes == (Outcome.UPDATED,)

    @pytest.mark.parametrize(
        "harm",
        [
            "DEALLOCATE ALL",  # as where a pooler gives the connection another server
            "ALTER TABLE journal_test_thing ALTER COLUMN stamp TYPE bigint",  # as a migration may
        ],
    )
    def test_that_are_of_no_use_any_more_are_made_anew(self, committer: Committer, query: Query, harm: str) -> None:
        commit(committer, whole(), job(put("two")))
        try:
            ask(committer, harm)

            (written,) = commit(committer, whole(stamp=2))
        finally:
            query("ALTER TABLE journal_test_thing ALTER COLUMN stamp TYPE integer")

        assert isinstance(written, Written)
        assert written.outcomes == (Outcome.UPDATED,)
        assert query("SELECT stamp FROM journal_test_thing WHERE name = 'one'") == [(2,)]

    def test_of_a_batch_that_failed_are_forgotten(self, committer: Committer, query: Query) -> None:
        """Its statements were planned up to the one that failed."""

        def collide(row: Columns | None, base: Columns | None) -> Columns | None:
            if row is None:
                query("INSERT INTO journal_test_thing (owner, name, document, stamp) VALUES ('nlcpo', 'one', '{}', 41)")
                return {"document": "{}", "stamp": 1}
            return {"document": "{}", "stamp": row["stamp"] + 1}

        (written,) = commit(committer, job(change("one", collide), event=event(), log=logging()))
        (again,) = commit(committer, Job(marks=(mark(verdict=7),), log=logging()))

        assert written.outcomes == (Outcome.UPDATED,)
        assert isinstance(again, Written)
        assert query("SELECT stamp, verdict FROM journal_test_thing") == [(42, 7)]
