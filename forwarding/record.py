"""What came of deliveries, made durable together with the lane's new position: one transaction, several lanes.

The log row of an attempt is never later than the cursor that passes it. A worker that lost its lease still gets its log
rows and verdicts written, for they are true; its position is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extras import execute_values

from forwarding import lanes
from journal import statements
from journal.batch import CALL_LOG, run_batch
from journal.rows import Job, Mark, NewLogRow
from journal.storable import mend_text, mended

DEAD_LETTER = """
    INSERT INTO forwarding_deadletter (platform_id, receiver, event, event_at, module, method, path, query, body,
                                       sender, correlation_id, http_status, status_code, reason, attempts, created_at)
    VALUES %s ON CONFLICT (platform_id, receiver, event) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeadLetter:
    platform: int
    receiver: str
    event: int
    event_at: datetime
    module: str
    method: str
    path: str
    query: str
    body: str
    sender: str
    correlation_id: str
    http_status: int | None
    status_code: int | None
    reason: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    position: lanes.Position
    log: Sequence[NewLogRow] = ()
    marks: Sequence[Mark] = ()
    dead: Sequence[NewDeadLetter] = field(default=())


def save(cursor: Any, records: Sequence[Record], *, now: datetime) -> list[bool]:
    """Everything but COMMIT, mostly in one round trip. Per record: is the lane still ours?"""
    rows = [mended(row) for record in records for row in record.log]
    marks = tuple(mark for record in records for mark in record.marks)
    if marks:
        for result in run_batch(cursor, [Job(marks=marks)], begin=""):
            if isinstance(result, Exception):
                raise result
    dead = [letter for record in records for letter in record.dead]
    if dead:
        execute_values(cursor, DEAD_LETTER, [_values(letter) for letter in dead])
    first = [(statements.append_rows(CALL_LOG), "json, bigint", statements.values_of(rows))] if rows else []
    ours = lanes.advance(cursor, [record.position for record in records], now=now, first=first)
    return [record.position.lane in ours for record in records]


def _values(letter: NewDeadLetter) -> tuple[Any, ...]:
    return (
        letter.platform,
        letter.receiver,
        letter.event,
        letter.event_at,
        letter.module,
        letter.method,
        letter.path,
        letter.query,
        letter.body,
        letter.sender,
        letter.correlation_id,
        letter.http_status,
        letter.status_code if letter.status_code is None or abs(letter.status_code) < 2**31 else None,
        mend_text(letter.reason),
        letter.attempts,
        letter.created_at,
    )
