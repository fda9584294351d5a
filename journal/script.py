"""Statements that go to the server together: each round trip costs the writer's thread two turns of the interpreter.

PostgreSQL runs them one after the other and stops at the first that fails; only the rows of the last one come back.
Where the connection remembers statements, those with values are planned once and not with every batch: planning took
longer than running them (docs/benchmarks.md).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

# Plans are made for any number of rows and kept while tables grow: those by index stay right. Which index is right an
# empty table does not tell (measured: twice the time for a call), so they are not kept for long.
PLAN_SECONDS = 1.0
KEEP_PLANS = (
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
    " SET enable_hashjoin = off; SET enable_mergejoin = off"
)


class RememberingConnection(Connection):
    """Knows the statements that its server has planned: texts, and what executes them there."""

    planned: dict[str, str]
    planned_at: float

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.planned, self.planned_at = {}, time.monotonic()

    def keep_plans(self) -> None:
        with self.cursor() as cursor:
            cursor.execute(KEEP_PLANS)

    def forget(self) -> None:
        with self.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        self.planned = {}


class Script:
    def __init__(self, cursor: Cursor, *, first: str) -> None:
        self._cursor = cursor
        self._planned: dict[str, str] | None = getattr(cursor.connection, "planned", None)
        self._new: dict[str, str] = {}
        self._texts = [first] if self._planned is None else [*_drop_old_plans(cursor.connection), first]
        self._values: list[Any] = []

    def add(self, text: str, *values: Any) -> None:
        self._texts.append(text if self._planned is None or not values else self._execute(text, self._planned))
        self._values += values

    def run(self) -> list[tuple[Any, ...]]:
        """The rows of the last statement that was added; nothing is sent twice."""
        if not self._texts:
            return []
        text, values = "; ".join(self._texts), self._values
        self._texts, self._values = [], []
        self._cursor.execute(text, values)
        if self._new and self._planned is not None:
            self._planned.update(self._new)
            self._new = {}
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def _execute(self, text: str, planned: dict[str, str]) -> str:
        known = planned.get(text) or self._new.get(text)
        if known is not None:
            return known
        name = f"writer_{len(planned) + len(self._new)}"
        preparing, executing = prepare(name, text, types=_types(text))
        self._new[text] = executing
        return f"{preparing}; {executing}"


def _drop_old_plans(connection: Any) -> Iterator[str]:
    """The statements stay, and are planned at their next use."""
    now = time.monotonic()
    if now - connection.planned_at >= PLAN_SECONDS:
        connection.planned_at = now
        yield "DISCARD PLANS"


def _types(text: str) -> str:
    """Of the parameters that `statements` writes: rows, bulk columns, how many."""
    return ", ".join(
        "json" if before.endswith("json_to_recordset(") else "text[]" if after.startswith("::text[]") else "bigint"
        for before, after in pairwise(text.split("%s"))
    )


def prepare(name: str, text: str, *, types: str) -> tuple[str, str]:
    """What has the server plan a statement under this name, and what runs it there from then on."""
    pieces = text.split("%s")
    numbered = pieces[0] + "".join(f"${number}{piece}" for number, piece in enumerate(pieces[1:], start=1))
    marks = ", ".join(["%s"] * (len(pieces) - 1))
    return f"PREPARE {name} ({types}) AS {numbered}", f"EXECUTE {name} ({marks})"
