"""The SQL of a batch: one statement per table and purpose, whatever the number of rows. Builds text, runs nothing.

The rows of a statement travel as one JSON text: written and read in C on both sides, where an array per column has each
of its values quoted by psycopg2 and parsed by PostgreSQL one by one (measured: a quarter of the client's time). Only
documents are arrays beside it, the bulk columns of a table: JSON in JSON doubles its quotes each time. Columns carry
the type without its length: a cast to varchar(5) would cut silently, where an assignment refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from journal.rows import Table

_LENGTH = re.compile(r"\s*\([^)]*\)")
_KEPT = 1024  # texts; sets of columns are few
_encoder = msgspec.json.Encoder()
WHOLE = "whole?"  # no column is called so

Given = Mapping[str, Any] | Any  # a row: columns by name, or a dataclass whose fields they are


def values_of(rows: Sequence[Given]) -> tuple[str, int]:
    """The two parameters of a statement without bulk columns: the rows, and how many they are."""
    return _encoder.encode(rows).decode(), len(rows)


def values_with_bulk(rows: Sequence[dict[str, Any]], *, table: Table, columns: Iterable[str]) -> tuple[Any, ...]:
    """Those of a statement that writes these columns: between the two the bulk ones, taken out of the rows."""
    bulk = [[row.pop(column) for row in rows] for column in _bulk(table, columns)]
    return _encoder.encode(rows).decode(), *bulk, len(rows)


def _bulk(table: Table, columns: Iterable[str]) -> list[str]:
    return [column for column in columns if column in table.bulk]


@lru_cache(_KEPT)
def lock_rows(table: Table, columns: Sequence[str]) -> str:
    """The key and these columns. Locks are taken in key order. Given are keys, and with each whether its bulk is wanted
    (`WHOLE`)."""
    names = (*table.key, *columns)
    if not table.bulk:
        return f"SELECT {_columns('t', names)} {_matching(table)} {_in_order(table)}"
    selected = ", ".join(_if_whole(name) if name in table.bulk else f"t.{_quoted(name)}" for name in names)
    typed = _typed(table, table.key) + f", {_quoted(WHOLE)} boolean"
    given = f"(SELECT * FROM json_to_recordset(%s) AS r({typed}) LIMIT %s) g"
    return f"SELECT {selected} FROM {_quoted(table.name)} t JOIN {given} ON {_same_key(table)} {_in_order(table)}"


def _if_whole(column: str) -> str:
    """Where it is not wanted it is not even fetched: it lies apart from its row."""
    return f"CASE WHEN g.{_quoted(WHOLE)} THEN t.{_quoted(column)} END"


@lru_cache(_KEPT)
def read_rows(table: Table) -> str:
    return f"SELECT {_columns('t', row_columns(table))} {_matching(table)}"


@lru_cache(_KEPT)
def row_columns(table: Table) -> tuple[str, ...]:
    """All of them, in the order in which `read_rows` gives a row."""
    return (*table.key, *(column for column in table.columns if column not in table.key))


@lru_cache(_KEPT)
def insert_rows(table: Table, columns: Sequence[str]) -> str:
    """Fails if there is such a row by now."""
    return (
        f"INSERT INTO {_quoted(table.name)} ({_names(columns)}) SELECT {_names(columns)} FROM {_given(table, columns)}"
    )


@lru_cache(_KEPT)
def update_rows(table: Table, columns: Sequence[str]) -> str:
    """Of rows that are locked. `columns` without the key."""
    return (
        f"UPDATE {_quoted(table.name)} t SET {_assignments(columns)}"
        f" FROM {_given(table, (*table.key, *columns))} WHERE {_same_key(table)}"
    )


@lru_cache(_KEPT)
def lock_and_update_rows(table: Table, columns: Sequence[str], at_most: Sequence[str] = ()) -> str:
    """Of those that are there, without looking at them first; the locks in key order all the same. Where one of the
    columns `at_most` is greater than given, the row stays."""
    every = (*table.key, *columns)
    rows = _matching(table, (*columns, *at_most))
    older = "".join(f" AND t.{_quoted(column)} <= g.{_quoted(column)}" for column in at_most)
    return (
        f"WITH g AS MATERIALIZED (SELECT {_columns('g', every)} {rows}{older} {_in_order(table)})"
        f" UPDATE {_quoted(table.name)} t SET {_assignments(columns)} FROM g WHERE {_same_key(table)}"
    )


@lru_cache(_KEPT)
def append_rows(table: Table, *, returning: str = "", unless_known: bool = False) -> str:
    columns = tuple(table.columns)
    return (
        f"INSERT INTO {_quoted(table.name)} ({_names(columns)}) SELECT {_names(columns)} FROM {_given(table, columns)}"
        + (" ON CONFLICT DO NOTHING" if unless_known else "")
        + (f" RETURNING {returning}" if returning else "")
    )


def _given(table: Table, columns: Sequence[str]) -> str:
    """The LIMIT tells the planner how many rows there are: of a function it guesses 100, and reads whole tables."""
    bulk, plain = _bulk(table, columns), [column for column in columns if column not in table.bulk]
    if not bulk:
        return f"(SELECT * FROM json_to_recordset(%s) AS r({_typed(table, plain)}) LIMIT %s) g"
    arrays = ", ".join("unnest(%s::text[])" for _ in bulk)
    rows = f"ROWS FROM (json_to_recordset(%s) AS ({_typed(table, plain)}), {arrays})"
    return f"(SELECT * FROM {rows} AS r({_names((*plain, *bulk))}) LIMIT %s) g"


def _typed(table: Table, columns: Iterable[str]) -> str:
    return ", ".join(f"{_quoted(column)} {_LENGTH.sub('', table.columns[column])}" for column in columns)


def _matching(table: Table, columns: Sequence[str] = ()) -> str:
    return f"FROM {_quoted(table.name)} t JOIN {_given(table, (*table.key, *columns))} ON {_same_key(table)}"


def _in_order(table: Table) -> str:
    return f"ORDER BY {_columns('t', table.key)} FOR UPDATE OF t"


def _assignments(columns: Iterable[str]) -> str:
    return ", ".join(f"{_quoted(column)} = g.{_quoted(column)}" for column in columns)


def _same_key(table: Table) -> str:
    return " AND ".join(f"t.{_quoted(column)} = g.{_quoted(column)}" for column in table.key)


def _columns(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{alias}.{_quoted(column)}" for column in columns)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_quoted(column) for column in columns)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'
