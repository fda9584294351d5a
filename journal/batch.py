"""Many jobs in one transaction: lock, apply in memory, write. Opens no connection and commits nothing itself.

A batch that changes objects takes two round trips (lock and read; write), one that only marks and logs a single one.

Rows are locked in the order of table and key, and new rows inserted in the same order, so that two processes do not
wait for each other in a circle.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from psycopg2.extensions import cursor as Cursor

from journal import statements
from journal.overlay import Accepted, Key, Overlay, bases_to_read, new_row, rows_to_lock, rows_to_mark
from journal.rows import SUBLANES, Columns, Job, Table, Written
from journal.script import Script
from journal.storable import (
    ALIAS_COLUMNS,
    EVENT_COLUMNS,
    LOG_COLUMNS,
    event_columns,
    mended,
    refuse_unstorable_job,
)
from ocpi.errors import OcpiError

EVENT_LOCK = 0x0C71E7E27  # the number under which writers take turns; only they may use it
SETTINGS = "SET LOCAL statement_timeout = '4s'; SET LOCAL lock_timeout = '1500ms'; SET LOCAL TimeZone = 'UTC'"
TURN = f"SELECT pg_advisory_xact_lock({EVENT_LOCK})"
"""From here until COMMIT no other writer draws event ids: commit order is id order (decision 3).

Without it a reader that has seen id 8 would never look at 7, still uncommitted when it read.
"""

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


def _log_table(name: str, columns: Sequence[str], *, bulk: tuple[str, ...] = ()) -> Table:
    return Table(name=name, key=(), columns={column: _TYPES.get(column, "text") for column in columns}, bulk=bulk)


EVENTS = _log_table("journal_event", (*EVENT_COLUMNS, "sublane"), bulk=("body",))
CALL_LOG = _log_table("journal_calllog", LOG_COLUMNS)
ALIASES = _log_table("journal_alias", ALIAS_COLUMNS)

Result = Written | Exception


def run_batch(cursor: Cursor, jobs: Sequence[Job], *, begin: str = "BEGIN", turn: str = TURN) -> list[Result]:
    """Everything but COMMIT. A job that is refused is an exception among the results; any other failure is raised.

    `begin` is empty where a transaction is open already.
    """
    results: list[Result | None] = [_refusal(job) for job in jobs]
    sound = [(number, job) for number, job in enumerate(jobs) if results[number] is None]
    script = Script(cursor, first=f"{begin}; {SETTINGS}" if begin else SETTINGS)
    overlay = _load(script, [job for _, job in sound])

    accepted: dict[int, Accepted] = {}
    for number, job in sound:
        try:
            accepted[number] = overlay.apply(job)
        except OcpiError as refusal:
            results[number] = refusal

    _write_rows(script, overlay)
    aliases = [alias for number in accepted for alias in jobs[number].aliases]
    _append(script, ALIASES, aliases, unless_known=True)  # a CDR posted again keeps its URL (CDR-05)
    _append(script, CALL_LOG, [mended(row) for each in accepted.values() for row in each.log])
    events = _append_events(script, accepted, turn=turn)
    for number, each in accepted.items():
        results[number] = Written(outcomes=each.outcomes, event=events.get(number))
    return [result for result in results if result is not None]


def _refusal(job: Job) -> OcpiError | None:
    try:
        refuse_unstorable_job(job)
    except OcpiError as refusal:
        return refusal
    return None


def _load(script: Script, jobs: Sequence[Job]) -> Overlay:
    overlay = Overlay()
    for _, wanted in sorted(rows_to_lock(jobs).items()):
        table, columns = wanted.table, wanted.columns
        given = [{**_named(table, key), statements.WHOLE: is_whole} for key, is_whole in wanted.keys.items()]
        found = _fetch(script, statements.lock_rows(table, columns), (*table.key, *columns), table, given)
        for key in sorted(wanted.keys):
            overlay.add(table, key, found.get(key))
    for _, (table, keys) in sorted(rows_to_mark(jobs).items()):
        for key in sorted(keys):
            overlay.add_unseen(table, key)
    for _, (table, bases) in sorted(bases_to_read(jobs).items()):
        missing = {base for base in bases if (table.name, base) not in overlay.slots}
        if missing:
            names = statements.row_columns(table)
            asked = [_named(table, key) for key in missing]
            found = _fetch(script, statements.read_rows(table), names, table, asked)
            overlay.bases.update({(table.name, key): row for key, row in found.items()})
    return overlay


def _named(table: Table, key: Key) -> dict[str, str]:
    return dict(zip(table.key, key, strict=True))


def _fetch(
    script: Script, text: str, names: Sequence[str], table: Table, given: Sequence[Columns]
) -> dict[Key, Columns]:
    script.add(text, *statements.values_of(given))
    return {row[: len(table.key)]: dict(zip(names, row, strict=True)) for row in script.run()}


def _write_rows(script: Script, overlay: Overlay) -> None:
    """Slots come in the order of their locks. One statement per table and set of columns: mostly one per table."""
    inserts: dict[tuple[Table, tuple[str, ...]], list[dict[str, Any]]] = {}
    updates: dict[tuple[Table, tuple[str, ...]], list[dict[str, Any]]] = {}
    marks: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]] = {}
    for slot in overlay.slots.values():
        if slot.is_insert:
            filled = {**new_row(slot.table, slot.key), **slot.written}
            inserts.setdefault((slot.table, _ordered(slot.table, tuple(filled))), []).append(filled)
        elif slot.is_update:
            updates.setdefault((slot.table, _ordered(slot.table, tuple(slot.written))), []).append(slot.keyed)
    for slot in overlay.unseen.values():
        if slot.is_update:
            columns = _ordered(slot.table, tuple(slot.written))
            marks.setdefault((slot.table, columns, tuple(slot.at_most)), []).append(slot.keyed)
    for (table, columns), rows in inserts.items():
        values = statements.values_with_bulk(rows, table=table, columns=columns)
        script.add(statements.insert_rows(table, columns), *values)
    for (table, columns), rows in updates.items():
        values = statements.values_with_bulk(rows, table=table, columns=columns)
        script.add(statements.update_rows(table, columns), *values)
    for (table, columns, at_most), rows in sorted(marks.items(), key=lambda group: group[0][0].name):
        values = statements.values_with_bulk(rows, table=table, columns=columns)
        script.add(statements.lock_and_update_rows(table, columns, at_most), *values)


@lru_cache(1024)
def _ordered(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    """As the table has them, so that one statement serves all rows that write the same."""
    return tuple(column for column in table.columns if column in columns)


def _append(script: Script, table: Table, rows: Sequence[Any], *, unless_known: bool = False) -> None:
    if rows:
        script.add(statements.append_rows(table, unless_known=unless_known), *statements.values_of(rows))


def _append_events(script: Script, accepted: dict[int, Accepted], *, turn: str) -> dict[int, int]:
    """Last of all, so that the turn is short. The default of `id` draws the numbers, in the order of the rows."""
    telling = [(number, each.event) for number, each in accepted.items() if each.event is not None]
    if not telling:
        script.run()
        return {}
    rows = [{**event_columns(event), "sublane": sublane_of(event.object_key)} for _, event in telling]
    script.add(turn)
    values = statements.values_with_bulk(rows, table=EVENTS, columns=EVENTS.columns)
    script.add(statements.append_rows(EVENTS, returning="id"), *values)
    return {number: row[0] for (number, _), row in zip(telling, script.run(), strict=True)}


def sublane_of(object_key: str) -> int:
    return zlib.crc32(object_key.encode()) % SUBLANES
