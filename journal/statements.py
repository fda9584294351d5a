"""The SQL of a batch: one statement per table and purpose, whatever the number of rows. Builds text, runs nothing.

Values travel as one array per column. Arrays carry the type without its length: a cast to varchar(5) would cut
silently, where an assignment refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from journal.rows import Table

_LENGTH = re.compile(r"\s*\([^)]*\)")


def lock_rows(table: Table) -> str:
    """Rows that are only marked come without their contents: a document may be large. Locks are taken in key order."""
    payload = ", ".join(
        f"CASE WHEN k.wanted THEN t.{_quoted(column)} END" for column in table.columns if column not in table.key
    )
    return (
        f"SELECT {_columns('t', table.key)}{', ' if payload else ''}{payload} FROM {_quoted(table.name)} t"
        f" JOIN unnest({_arrays(table, table.key)}, %s::boolean[]) AS k({_names(table.key)}, wanted)"
        f" ON {_same_key(table, 'k')} ORDER BY {_columns('t', table.key)} FOR UPDATE OF t"
    )


def read_rows(table: Table) -> str:
    return (
        f"SELECT {_columns('t', row_columns(table))} FROM {_quoted(table.name)} t"
        f" JOIN unnest({_arrays(table, table.key)}) AS k({_names(table.key)}) ON {_same_key(table, 'k')}"
    )


def row_columns(table: Table) -> tuple[str, ...]:
    """The order in which both SELECTs give a row."""
    return (*table.key, *(column for column in table.columns if column not in table.key))


def insert_rows(table: Table, columns: Sequence[str]) -> str:
    return (
        f"INSERT INTO {_quoted(table.name)} ({_names(columns)}) SELECT * FROM unnest({_arrays(table, columns)})"
        f" ON CONFLICT ({_names(table.key)}) DO NOTHING RETURNING 1"
    )


def update_rows(table: Table, columns: Sequence[str]) -> str:
    """`columns` without the key; the arrays come key first."""
    assignments = ", ".join(f"{_quoted(column)} = v.{_quoted(column)}" for column in columns)
    every = (*table.key, *columns)
    return (
        f"UPDATE {_quoted(table.name)} t SET {assignments}"
        f" FROM unnest({_arrays(table, every)}) AS v({_names(every)}) WHERE {_same_key(table, 'v')}"
    )


def append_rows(table: Table, *, returning: str = "", unless_known: bool = False) -> str:
    return (
        f"INSERT INTO {_quoted(table.name)} ({_names(table.columns)})"
        f" SELECT * FROM unnest({_arrays(table, table.columns)})"
        + (" ON CONFLICT DO NOTHING" if unless_known else "")
        + (f" RETURNING {returning}" if returning else "")
    )


def arrays_of(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Rows turned into the column arrays that `unnest` takes; there must be at least one row."""
    return [list(column) for column in zip(*rows, strict=True)]


def _arrays(table: Table, columns: Iterable[str]) -> str:
    return ", ".join(f"%s::{_LENGTH.sub('', table.columns[column])}[]" for column in columns)


def _same_key(table: Table, other: str) -> str:
    return " AND ".join(f"t.{_quoted(column)} = {other}.{_quoted(column)}" for column in table.key)


def _columns(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{_quoted(column)}" for column in columns)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_quoted(column) for column in columns)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'
