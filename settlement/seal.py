"""Closes a draft for good: its bytes are made once and their sha256 is kept, so that anybody can make them again."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import NamedTuple

from settlement.models import Statement
from settlement.render import write_both


class Digests(NamedTuple):
    csv: str
    json: str


def seal(statement: Statement, *, now: datetime) -> None:
    digests = digest(statement)
    statement.state = Statement.State.CLOSED
    statement.csv_sha256, statement.json_sha256 = digests
    statement.closed_at = now
    statement.save(update_fields=["state", "csv_sha256", "json_sha256", "closed_at"])


def digest(statement: Statement) -> Digests:
    as_csv, as_json = hashlib.sha256(), hashlib.sha256()
    for csv_bytes, json_bytes in write_both(statement):
        as_csv.update(csv_bytes)
        as_json.update(json_bytes)
    return Digests(as_csv.hexdigest(), as_json.hexdigest())


def is_intact(statement: Statement) -> bool:
    """What is written today is what was closed."""
    return digest(statement) == Digests(statement.csv_sha256, statement.json_sha256)
