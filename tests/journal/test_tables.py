"""What the writer learns of a table, and what the overlay makes of jobs; no database is asked."""

from __future__ import annotations

from typing import Any

import pytest

from charging_sessions.models import Session
from journal.models import Alias
from journal.overlay import Overlay
from journal.rows import Columns, Outcome, Table
from journal.statements import insert_rows, lock_rows
from journal.tables import table_of
from locations.models import Location
from ocpi.errors import UnknownObject
from tests.journal.things import THING, change, count, job, mark


class TestTableOf:
    def test_names_key_and_columns(self) -> None:
        table = table_of(Location)

        assert isinstance(table, Table)
        assert (table.name, table.key) == ("locations_location", ("owner", "object_key", "audience"))
        assert table.columns["document"] == "text"
        assert table.columns["last_updated"] == "timestamp with time zone"
        assert "id" not in table.columns

    def test_knows_what_an_unnamed_column_becomes(self) -> None:
        defaults = table_of(Session).defaults

        assert (defaults["is_verified"], defaults["verdict_code"], defaults["currency"]) == (True, None, "")
        assert "document" not in defaults

    def test_needs_a_unique_constraint(self) -> None:
        with pytest.raises(ValueError, match="UniqueConstraint"):
            table_of(Alias)

    def test_casts_without_length_because_a_cast_cuts(self) -> None:
        sql = insert_rows(table_of(Location), ("owner", "latitude"))

        assert 'AS r("owner" varchar, "latitude" numeric)' in sql

    def test_locks_in_the_order_of_the_key_whatever_the_plan(self) -> None:
        assert lock_rows(THING, ("stamp",)).endswith('ORDER BY t."owner", t."name" FOR UPDATE OF t')


def overlay(row: Columns | None) -> Overlay:
    made = Overlay()
    made.add(THING, ("nlcpo", "one"), row)
    made.add(THING, ("nlcpo", "two"), None)
    return made


def stored(**columns: Any) -> Columns:
    return {"owner": "nlcpo", "name": "one", "document": "{}", "stamp": 1, "verdict": None, **columns}


def refuse(row: Any, base: Any) -> None:
    raise UnknownObject("not here")


class TestOverlay:
    def test_shows_a_job_what_the_one_before_it_wrote(self) -> None:
        rows = overlay(None)

        outcomes = [rows.apply(job(count())).outcomes[0] for _ in range(3)]

        assert outcomes == [Outcome.CREATED, Outcome.UPDATED, Outcome.UPDATED]
        assert rows.slots["journal_test_thing", ("nlcpo", "one")].written["stamp"] == 3

    def test_forgets_a_refused_job_and_nothing_else(self) -> None:
        rows = overlay(stored(stamp=5))
        rows.apply(job(count()))

        with pytest.raises(UnknownObject):
            rows.apply(job(count(), count("two"), count(), change("two", refuse)))

        assert rows.slots["journal_test_thing", ("nlcpo", "one")].written["stamp"] == 6
        assert not rows.slots["journal_test_thing", ("nlcpo", "two")].is_insert

    def test_writes_only_columns_that_were_named(self) -> None:
        rows = overlay(stored())

        rows.apply(job(marks=(mark(verdict=1000),)))

        assert rows.slots["journal_test_thing", ("nlcpo", "one")].written == {"verdict": 1000}

    @pytest.mark.parametrize("column", ["name", "nowhere"])
    def test_lets_no_change_write_the_key_or_an_unknown_column(self, column: str) -> None:
        rows = overlay(stored())

        with pytest.raises(ValueError, match=column):
            rows.apply(job(change("one", lambda row, base: {column: "x"})))
