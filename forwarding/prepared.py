"""Statements of lanes that PostgreSQL plans once per drain: planning them took longer than running them.

A drain lasts seconds and begins by discarding the plans it finds, so that none grows old (compare
journal/script.py). Behind a pooler that changes servers between transactions nothing is prepared any more after the
first surprise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from journal.script import prepare

Statement = tuple[str, str, Sequence[Any]]  # its text, the types of its parameters, their values

_NAMED = re.compile(r"%\((\w+)\)s")

# What a pooler makes of it; whoever sees it begins the transaction anew, with `stop` said before.
LOST = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)


class PreparingConnection(Connection):
    """Knows the statements that its server has planned: texts, and what executes them there."""

    prepared: dict[str, str] | None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.prepared = {}

    def stop_preparing(self) -> None:
        self.prepared = None


def execute(cursor: Any, *statements: Statement) -> None:
    """All of them in one round trip."""
    known: dict[str, str] | None = getattr(cursor.connection, "prepared", None)
    values = [value for *_, given in statements for value in given]
    if known is None:
        cursor.execute("; ".join(text for text, *_ in statements), values)
        return
    for text, types, _ in statements:
        if text not in known:
            preparing, executing = prepare(f"lanes_{len(known)}", text, types=types)
            cursor.execute(preparing)
            known[text] = executing
    cursor.execute("; ".join([known[text] for text, *_ in statements]), values)


def in_order(text: str, types: Mapping[str, str], values: Mapping[str, Any]) -> Statement:
    """A statement written with names, as often as each occurs in it."""
    names = _NAMED.findall(text)
    told = ", ".join(types[name] for name in names)
    return text % dict.fromkeys(names, "%s"), told, [values[name] for name in names]
