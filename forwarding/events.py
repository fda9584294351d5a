"""Reading the event log as lanes do: forward, in pieces that fit into memory. Reading only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from forwarding.lanes import MARGIN

PIECE = 300  # events
PIECE_BYTES = 16 * 1024 * 1024  # of bodies


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the log."""

    id: int
    at: datetime
    module: str
    method: str
    path: str
    query: str
    body: str
    object_key: str
    sender: str
    sender_role: str
    origin: int | None
    receiver: str
    supersedes: bool
    correlation_id: str
    version: str
    was_sent: bool = False


_COLUMNS = ", ".join(field.name for field in fields(Event))

# The sum is over bodies stored uncompressed: asking their length does not fetch them.
READ_ON = f"""
    SELECT {_COLUMNS} FROM (
        SELECT {_COLUMNS}, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before
          FROM journal_event
         WHERE sublane = %s AND id > %s AND id <= %s AND at >= %s
         ORDER BY id LIMIT %s
    ) AS piece WHERE before < %s ORDER BY id
"""

READ_THESE = f"""
    SELECT {_COLUMNS} FROM (
        SELECT {_COLUMNS}, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before
          FROM journal_event
         WHERE id = ANY(%s) AND at >= %s
         ORDER BY id
    ) AS piece WHERE before < %s ORDER BY id
"""

READ_KEYS = "SELECT id, object_key FROM journal_event WHERE id = ANY(%s) AND at >= %s"


def read_on(cursor: Any, *, sublane: int, after: int, until: int, after_at: datetime) -> list[Event]:
    """The events behind `after`, up to `until`, as many as are handled at a time.

    `until` is in the log. Where nothing is found, a clock was wrong by more than the margin: all days are looked at.
    """
    for since in (after_at - MARGIN, "-infinity"):
        cursor.execute(READ_ON, [sublane, after, until, since, PIECE, PIECE_BYTES])
        if rows := cursor.fetchall():
            return [Event(*row) for row in rows]
    return []


def read_these(cursor: Any, ids: Sequence[int], *, since: datetime) -> list[Event]:
    """The oldest of these events, as many as fit into memory."""
    cursor.execute(READ_THESE, [list(ids), since - MARGIN, PIECE_BYTES])
    return [Event(*row) for row in cursor.fetchall()]


def read_object_keys(cursor: Any, ids: Sequence[int], *, since: datetime) -> dict[int, str]:
    cursor.execute(READ_KEYS, [list(ids), since - MARGIN])
    return dict(cursor.fetchall())
