"""Many jobs in one transaction: lock, apply in memory, write. Begins no connection and commits nothing itself.

Rows are locked in the order of table and key, and new rows inserted in the same order, so that two processes do not
wait for each other in a circle.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

from psycopg2.extensions import cursor as Cursor

from journal import statements
from journal.overlay import Accepted, Overlay, Slot, bases_to_read, new_row, rows_to_lock
from journal.rows import SUBLANES, Columns, Job, Table, Written
from journal.storable import (
    ALIAS_COLUMNS,
    EVENT_COLUMNS,
    LOG_COLUMNS,
    alias_values,
    event_values,
    log_values,
    refuse_unstorable_job,
)
from ocpi.errors import OcpiError

EVENT_LOCK = 0x0C71E7E27  # the number under which writers take turns; only they may use it
BEGIN = "SET LOCAL statement_timeout = '4s'; SET LOCAL lock_timeout = '1500ms'; SET LOCAL TimeZone = 'UTC'; "

_TYPES = {
    "at": "timestamp with time zone",
    "created_at": "timestamp with time zone",
    "expires_at": "timestamp with time zone",
    "repeat": "boolean",
    "supersedes": "boolean",
    "was_sent": "boolean",
    **dict.fromkeys(("platform", "event", "origin", "user", "target"), "bigint"),
    **dict.fromkeys(("http_status", "attempt", "sublane"), "smallint"),
    **dict.fromkeys(("status_code", "duration_ms", "size"), "integer"),
}


def _log_table(name: str, columns: Sequence[str]) -> Table:
    return Table(name=name, key=(), columns={column: _TYPES.get(column, "text") for column in columns})


EVENTS = _log_table("journal_event", (*EVENT_COLUMNS, "sublane"))
CALL_LOG = _log_table("journal_calllog", LOG_COLUMNS)
ALIASES = _log_table("journal_alias", ALIAS_COLUMNS)

Result = Written | Exception


class KeyTaken(Exception):
    """Another process inserted the same key meanwhile. Rolled back and tried again, its row can be locked."""


def take_turn(cursor: Cursor) -> None:
    """From here until COMMIT no other writer draws event ids: commit order is id order (decision 3).

    Without it a reader that has seen id 8 would never look at 7, still uncommitted when it read.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (EVENT_LOCK,))


def run_batch(cursor: Cursor, jobs: Sequence[Job], *, turn: Callable[[Cursor], None] = take_turn) -> list[Result]:
    """Everything but COMMIT. A job that is refused is an exception among the results; any other failure is raised."""
    results: list[Result | None] = [_refusal(job) for job in jobs]
    sound = [(number, job) for number, job in enumerate(jobs) if results[number] is None]
    overlay = _load(cursor, [job for _, job in sound])

    accepted: dict[int, Accepted] = {}
    for number, job in sound:
        try:
            accepted[number] = overlay.apply(job)
        except OcpiError as refusal:
            results[number] = refusal

    _write_rows(cursor, list(overlay.slots.values()))
    aliases = [alias_values(alias) for number in accepted for alias in jobs[number].aliases]
    _append(cursor, ALIASES, aliases, unless_known=True)  # a CDR posted again keeps its URL (CDR-05)
    _append(cursor, CALL_LOG, [log_values(row) for each in accepted.values() for row in each.log])
    events = _append_events(cursor, accepted, turn=turn)
    for number, each in accepted.items():
        results[number] = Written(outcomes=each.outcomes, event=events.get(number))
    return [result for result in results if result is not None]


def _refusal(job: Job) -> OcpiError | None:
    try:
        refuse_unstorable_job(job)
    except OcpiError as refusal:
        return refusal
    return None


def _load(cursor: Cursor, jobs: Sequence[Job]) -> Overlay:
    cursor.execute(BEGIN)
    overlay = Overlay()
    for _, (table, keys) in sorted(rows_to_lock(jobs).items()):
        names = statements.row_columns(table)
        ordered = sorted(keys)
        cursor.execute(statements.lock_rows(table), [*statements.arrays_of(ordered), [keys[key] for key in ordered]])
        found = {row[: len(table.key)]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
        for key in ordered:
            overlay.add(table, key, found.get(key))
    for _, (table, bases) in sorted(bases_to_read(jobs).items()):
        missing = sorted(base for base in bases if (table.name, base) not in overlay.slots)
        if missing:
            names = statements.row_columns(table)
            cursor.execute(statements.read_rows(table), statements.arrays_of(missing))
            for row in cursor.fetchall():
                overlay.bases[table.name, row[: len(table.key)]] = dict(zip(names, row, strict=True))
    return overlay


def _write_rows(cursor: Cursor, slots: Sequence[Slot]) -> None:
    """Slots come in the order of their locks. One statement per table and set of columns: mostly one per table."""
    inserts: dict[tuple[str, tuple[str, ...]], list[Slot]] = {}
    updates: dict[tuple[str, tuple[str, ...]], list[Slot]] = {}
    for slot in slots:
        if slot.is_insert:
            filled = {**new_row(slot.table, slot.key), **slot.written}
            inserts.setdefault((slot.table.name, _ordered(slot.table, filled)), []).append(slot)
        elif slot.is_update:
            updates.setdefault((slot.table.name, _ordered(slot.table, slot.written)), []).append(slot)
    for (_, columns), group in inserts.items():
        _insert(cursor, columns, group)
    for (_, columns), group in updates.items():
        _update(cursor, columns, group)


def _ordered(table: Table, columns: Columns) -> tuple[str, ...]:
    return tuple(column for column in table.columns if column in columns)


def _insert(cursor: Cursor, columns: Sequence[str], group: Sequence[Slot]) -> None:
    table = group[0].table
    rows = [_picked({**new_row(table, slot.key), **slot.written}, columns) for slot in group]
    cursor.execute(statements.insert_rows(table, columns), statements.arrays_of(rows))
    if len(cursor.fetchall()) < len(group):
        raise KeyTaken(table.name)


def _update(cursor: Cursor, columns: Sequence[str], group: Sequence[Slot]) -> None:
    table = group[0].table
    rows = [(*slot.key, *_picked(slot.written, columns)) for slot in group]
    cursor.execute(statements.update_rows(table, columns), statements.arrays_of(rows))


def _picked(values: Columns, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(values[column] for column in columns)


def _append(cursor: Cursor, table: Table, rows: Sequence[Sequence[Any]], *, unless_known: bool = False) -> None:
    if rows:
        cursor.execute(statements.append_rows(table, unless_known=unless_known), statements.arrays_of(rows))


def _append_events(cursor: Cursor, accepted: dict[int, Accepted], *, turn: Callable[[Cursor], None]) -> dict[int, int]:
    """Last of all, so that the turn is short. The default of `id` draws the numbers, in the order of the rows."""
    telling = [(number, each.event) for number, each in accepted.items() if each.event is not None]
    if not telling:
        return {}
    rows = [(*event_values(event), sublane_of(event.object_key)) for _, event in telling]
    turn(cursor)
    cursor.execute(statements.append_rows(EVENTS, returning="id"), statements.arrays_of(rows))
    return {number: row[0] for (number, _), row in zip(telling, cursor.fetchall(), strict=True)}


def sublane_of(object_key: str) -> int:
    return zlib.crc32(object_key.encode()) % SUBLANES
