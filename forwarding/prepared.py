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

from journal.script import number

Statement = tuple[str, str, Sequence[Any]]  # its text, the types of its parameters, their values

_NAMED = re.compile(r"%\((\w+)\)s")

# What a pooler makes of it; whoever sees it begins the transaction anew, with `stop` said before.
LOST = (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement)


class PreparingConnection(Connection):
    """Knows what its server has planned: by text, the name."""

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
            name = f"lanes_{len(known)}"
            cursor.execute(f"PREPARE {name} ({types}) AS {number(text)}")
            known[text] = name
    pieces = [f"EXECUTE {known[text]}" + (f" ({_marks(given)})" if given else "") for text, _, given in statements]
    cursor.execute("; ".join(pieces), values)


def in_order(text: str, types: Mapping[str, str], values: Mapping[str, Any]) -> Statement:
    """A statement written with names, as often as each occurs in it."""
    names = _NAMED.findall(text)
    told = ", ".join(types[name] for name in names)
    return text % dict.fromkeys(names, "%s"), told, [values[name] for name in names]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))
