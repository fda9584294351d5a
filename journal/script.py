"""Statements that go to the server together: each round trip costs the writer's thread two turns of the interpreter.

PostgreSQL runs them one after the other and stops at the first that fails; only the rows of the last one come back.
"""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor as Cursor


class Script:
    def __init__(self, cursor: Cursor, *, first: str) -> None:
        self._cursor = cursor
        self._texts = [first]
        self._values: list[Any] = []

    def add(self, text: str, *values: Any) -> None:
        self._texts.append(text)
        self._values += values

    def run(self) -> list[tuple[Any, ...]]:
        """The rows of the last statement that was added; nothing is sent twice."""
        if not self._texts:
            return []
        text, values = "; ".join(self._texts), self._values
        self._texts, self._values = [], []
        self._cursor.execute(text, values)
        return list(self._cursor.fetchall()) if self._cursor.description else []
