"""Days of the logs: made ahead, mended when forgotten, dropped when nobody needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from journal import tasks
from journal.models import CallLog, Event
from journal.partitions import drop_old, ensure_partitions

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 10, 23, 30, tzinfo=UTC)
EVERYTHING = 10**12


def ask(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def days(parent: str) -> list[str]:
    """Those of 2031; the migration has made some of its own year."""
    names = ask(f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{parent}'::regclass ORDER BY 1")
    return [name.removeprefix(f"{parent}_") for name in names if name.startswith(f"{parent}_2031")]


def append_event(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_event (at, module, method, path, object_key, sublane)"
            " VALUES (%s, 'locations', 'PUT', 'x', 'locations:nlcpo:x', 1) RETURNING id",
            [at],
        )
        return int(cursor.fetchone()[0])


def append_call(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_calllog (at, leg, module, interface, method) VALUES (%s, 'in', 'x', 'SENDER', 'GET')",
            [at],
        )


class TestMigration:
    def test_stores_bodies_uncompressed(self) -> None:
        sql = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'journal_event'::regclass AND attname = 'body'"

        assert ask(sql) == ["e"]

    def test_fits_the_models(self) -> None:
        append_event(NOW)
        append_call(NOW)

        assert Event.objects.filter(at=NOW).get().path == "x"
        assert CallLog.objects.filter(at=NOW).get().attempt == 1


class TestEnsurePartitions:
    def test_makes_yesterday_to_three_days_ahead(self) -> None:
        made = ensure_partitions(NOW)

        assert days("journal_event") == ["20310509", "20310510", "20310511", "20310512", "20310513"]
        assert days("journal_calllog") == days("journal_event")
        assert made == 10

    def test_makes_nothing_twice(self) -> None:
        ensure_partitions(NOW)

        assert ensure_partitions(NOW) == 0

    def test_puts_rows_into_their_day(self) -> None:
        ensure_partitions(NOW)
        append_event(NOW)

        assert ask("SELECT tableoid::regclass::text FROM journal_event") == ["journal_event_20310510"]

    def test_takes_over_rows_of_a_forgotten_day(self) -> None:
        event_id = append_event(NOW)
        before = ask("SELECT tableoid::regclass::text FROM journal_event")

        ensure_partitions(NOW)

        assert before == ["journal_event_default"]
        assert ask("SELECT tableoid::regclass::text FROM journal_event") == ["journal_event_20310510"]
        assert ask("SELECT id FROM journal_event") == [event_id]

    def test_gives_every_day_the_indexes_and_the_storage(self) -> None:
        ensure_partitions(NOW)

        assert ask("SELECT count(*) FROM pg_indexes WHERE tablename = 'journal_event_20310510'") == [4]
        assert ask("SELECT count(*) FROM pg_indexes WHERE tablename = 'journal_calllog_20310510'") == [8]
        assert ask(
            "SELECT attstorage FROM pg_attribute"
            " WHERE attrelid = 'journal_event_20310510'::regclass AND attname = 'body'"
        ) == ["e"]

    def test_is_what_the_task_does(self) -> None:
        tasks.keep_partitions(unknown_argument="of a later release")

        assert tasks.keep_partitions() == 0


class TestDropOld:
    def test_drops_days_that_ended_long_enough_ago(self) -> None:
        ensure_partitions(NOW)

        drop_old(NOW + timedelta(days=4), call_log_days=3, event_days=3, floor_event_id=EVERYTHING)

        assert days("journal_event") == ["20310511", "20310512", "20310513"]
        assert days("journal_calllog") == ["20310511", "20310512", "20310513"]

    def test_never_drops_an_event_that_a_lane_has_not_passed(self) -> None:
        ensure_partitions(NOW)
        passed, waiting = append_event(NOW - timedelta(days=1)), append_event(NOW)

        drop_old(NOW + timedelta(days=30), call_log_days=3, event_days=3, floor_event_id=passed)

        assert ask("SELECT id FROM journal_event") == [waiting]
        assert days("journal_event") == ["20310510"]
        assert days("journal_calllog") == []

    def test_each_log_has_its_own_days(self) -> None:
        ensure_partitions(NOW)

        drop_old(NOW + timedelta(days=4), call_log_days=9, event_days=3, floor_event_id=EVERYTHING)

        assert days("journal_event") == ["20310511", "20310512", "20310513"]
        assert len(days("journal_calllog")) == 5

    def test_clears_strays_out_of_the_default_partition(self) -> None:
        append_call(NOW)
        passed, waiting = append_event(NOW), append_event(NOW)

        drop_old(NOW + timedelta(days=30), call_log_days=3, event_days=3, floor_event_id=passed)

        assert ask("SELECT id FROM journal_event") == [waiting]
        assert ask("SELECT count(*) FROM journal_calllog") == [0]
