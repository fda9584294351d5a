"""A table per day under each log. A day that was forgotten lands in the DEFAULT partition, so none is ever refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

logger = logging.getLogger(__name__)

EVENTS = "journal_event"
CALL_LOG = "journal_calllog"
PARENTS = (EVENTS, CALL_LOG)
PARTITION_LOCK = 0x0C71DA75  # one process at a time makes and drops days


@dataclass(frozen=True, slots=True)
class Day:
    parent: str
    date: date

    @property
    def name(self) -> str:
        return f"{self.parent}_{self.date:%Y%m%d}"

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        start = datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)
        return start, start + timedelta(days=1)


def ensure_partitions(
    now: datetime, *, ahead: int = 3, parents: Sequence[str] = PARENTS, using: str = DEFAULT_DB_ALIAS
) -> int:
    """Yesterday until `ahead` days from now. Returns how many were made; one that is in the way is made next time."""
    today = now.astimezone(UTC).date()
    made = 0
    for parent in parents:
        there = set(_partitions(parent, using=using))
        for offset in range(-1, ahead + 1):
            day = Day(parent, today + timedelta(days=offset))
            if day.name not in there:
                made += _briefly(_create, day, using=using)
    return made


def drop_old(
    now: datetime, *, call_log_days: int, event_days: int, floor_event_id: int, using: str = DEFAULT_DB_ALIAS
) -> int:
    """Days that ended so many days ago; returns how many went.

    Events go only when all of the day's are at or below the floor: the lowest cursor of the lanes that must deliver.
    """
    dropped = 0
    for parent, days in ((EVENTS, event_days), (CALL_LOG, call_log_days)):
        limit = now.astimezone(UTC) - timedelta(days=days)
        for name in _partitions(parent, using=using):
            day = _day_of(name, parent=parent)
            if day is None or day.bounds[1] > limit:
                continue
            dropped += _briefly(_drop, day, floor_event_id if parent == EVENTS else None, using=using)
        _briefly(_delete_strays, parent, limit, floor_event_id if parent == EVENTS else None, using=using)
    return dropped


def _partitions(parent: str, *, using: str) -> list[str]:
    sql = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass(%s) ORDER BY 1"
    return [row[0] for row in _execute(sql, [parent], using=using)]


def _day_of(name: str, *, parent: str) -> Day | None:
    digits = name.removeprefix(f"{parent}_")
    if len(digits) != 8 or not digits.isdigit():
        return None  # the DEFAULT partition
    return Day(parent, date(int(digits[:4]), int(digits[4:6]), int(digits[6:])))


def _create(day: Day, *, using: str) -> int:
    """Made beside its parent and then attached, which lets writers go on (PARTITION OF would stop them).

    Rows of that day that already lie in the DEFAULT partition move over first, or PostgreSQL would refuse the day.
    """
    if _execute("SELECT to_regclass(%s)", [day.name], using=using)[0][0] is not None:
        return 0  # another process was here
    start, end = (f"'{moment.isoformat()}'" for moment in day.bounds)
    default = f"{day.parent}_default"
    _execute(f"CREATE TABLE {day.name} (LIKE {day.parent} INCLUDING DEFAULTS INCLUDING STORAGE)", using=using)
    _execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE", using=using)
    _execute(
        f"WITH moved AS (DELETE FROM {default} WHERE at >= {start} AND at < {end} RETURNING *)"
        f" INSERT INTO {day.name} SELECT * FROM moved",
        using=using,
    )
    _execute(f"ALTER TABLE {day.parent} ATTACH PARTITION {day.name} FOR VALUES FROM ({start}) TO ({end})", using=using)
    return 1


def _drop(day: Day, floor_event_id: int | None, *, using: str) -> int:
    if _execute("SELECT to_regclass(%s)", [day.name], using=using)[0][0] is None:
        return 0
    _execute(f"LOCK TABLE {day.name} IN ACCESS EXCLUSIVE MODE", using=using)  # so that nothing joins after the look
    if floor_event_id is not None:
        last_id = _execute(f"SELECT coalesce(max(id), 0) FROM {day.name}", using=using)[0][0]
        if last_id > floor_event_id:
            return 0
    _execute(f"DROP TABLE {day.name}", using=using)
    return 1


def _delete_strays(parent: str, limit: datetime, floor_event_id: int | None, *, using: str) -> int:
    floor = "" if floor_event_id is None else f" AND id <= {floor_event_id:d}"
    _execute(f"DELETE FROM {parent}_default WHERE at < %s{floor}", [limit], using=using)
    return 0


def _briefly(step: Any, *args: Any, using: str) -> int:
    """A lock on a log in use must not queue up calls behind it, which wait 1.5 s: give up, the next run comes."""
    try:
        with transaction.atomic(using=using):
            _execute("SET LOCAL lock_timeout = '500ms'", using=using)
            _execute("SELECT pg_advisory_xact_lock(%s)", [PARTITION_LOCK], using=using)
            return int(step(*args, using=using))
    except OperationalError as error:
        logger.warning("%s of %s waits for the next run: %s", step.__name__.strip("_"), args[0], error)
        return 0


def _execute(sql: str, params: Sequence[Any] | None = None, *, using: str) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []
