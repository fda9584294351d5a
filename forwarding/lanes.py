"""SQL on lanes: begin them, lease what is due, move and release. Knows nothing of events' contents or of partners.

Every function takes a psycopg2 cursor; transactions are the caller's. Every change after the lease is conditional on
the fence, so that a worker that was taken for dead cannot undo what its successor did.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from forwarding import prepared, waiting
from forwarding.waiting import Key, Waiting
from journal.rows import SUBLANES

LINGERING = 0x0C712E9F  # the number under which one drain waits for more
LEASE = timedelta(seconds=15)
MARGIN = timedelta(days=2)
"""How far events' times may be out of order: they become visible in the order of ids, but their times are told by the
clocks of web hosts, which may be wrong by a time zone. A bound on the time only spares a reader the days that are long
past, each a table of its own: a wide margin costs it two tables more, a narrow one loses events. Measured over a month
of events: 1.0 ms a read with ten minutes, 1.2 ms with two days, 7 ms without a bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A lane as it was when it was leased. `crashed_at`: the worker before never gave it back."""

    id: int
    fence: int
    platform: int
    sublane: int
    cursor: int
    seen: int
    seen_at: datetime
    waiting: Mapping[Key, Waiting]
    failures: int
    may_retry: bool
    crashed_at: datetime | None
    is_there: bool  # its platform is registered and online, whatever its parties are


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """There is nothing to retry by the clock; what still waits, waits for its platform to come back."""

    error: str = ""
    is_held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a lane stands now, and how much was sent and skipped since it was last saved."""

    lane: int
    fence: int
    seen: int
    seen_at: datetime
    waiting: Mapping[Key, Waiting]
    sent: int = 0
    skipped: int = 0
    release: Release | None = None  # it is given back with this

    @property
    def cursor(self) -> int:
        return min((one.event for one in self.waiting.values()), default=self.seen + 1) - 1

    @property
    def cursor_at(self) -> datetime:
        return min((self.seen_at, *(one.at for one in self.waiting.values()))) - MARGIN


_LACKS_LANES = """state = 'REGISTERED'
               AND (SELECT count(*) FROM forwarding_lane WHERE platform_id = parties_platform.id) < %(sublanes)s"""

# A platform that hears nothing yet begins at the end of the log, as it was when it registered (ROUTE-21: no backlog).
ENSURE = f"""
    INSERT INTO forwarding_lane (platform_id, sublane, cursor, cursor_at, seen, seen_at, fence, failures, waiting,
                                 last_error, sent, skipped, needs_resync, is_held)
    SELECT platform.id, sub.lane, coalesce(ended.id, 0), platform.began_at - %(margin)s, coalesce(ended.id, 0),
           platform.began_at, 0, 0, '{{}}', '', 0, 0, false, false
      FROM (SELECT id, coalesce(registered_at, %(now)s) AS began_at FROM parties_platform
             WHERE {_LACKS_LANES}) AS platform
     CROSS JOIN generate_series(0, %(sublanes)s - 1) AS sub(lane)
      LEFT JOIN LATERAL (SELECT id FROM journal_event WHERE sublane = sub.lane AND at < platform.began_at
                          ORDER BY id DESC LIMIT 1) AS ended ON true
    ON CONFLICT (platform_id, sublane) DO NOTHING
"""

TAILS = """
    SELECT sub.lane, coalesce(tail.id, 0)
      FROM generate_series(0, %s - 1) AS sub(lane)
      LEFT JOIN LATERAL (SELECT id FROM journal_event WHERE sublane = sub.lane ORDER BY id DESC LIMIT 1) AS tail ON true
"""

# A time that no pause lasts until was told by a clock that has been put back since.
_MAY_RETRY = """(lane.retry_at IS NULL OR lane.retry_at <= %(now)s
                          OR lane.retry_at > %(now)s + interval '10 minutes')"""
_IS_THERE = "platform.state = 'REGISTERED' AND platform.is_online"

# Due: something is not done, nobody works on it, and new events came, or its time to retry, or its platform back.
_IS_DUE = f"""
           lane.cursor < tails.last
           AND lane.paused_at IS NULL
           AND (lane.leased_until IS NULL OR lane.leased_until < %(now)s)
           AND CASE WHEN {_IS_THERE}
                    THEN {_MAY_RETRY} OR platform.changed_at > lane.parked_at
                         OR (NOT lane.is_held AND lane.seen < tails.last)
                    ELSE NOT lane.is_held AND lane.seen < tails.last END"""

# The oldest first, and of those of about the same age one of each platform before the next: many partners at a time
# with one call open each cost less than few with many.
LEASE_DUE = f"""
    WITH tails(lane, last) AS (SELECT * FROM unnest(%(lanes)s::int[], %(tails)s::bigint[])),
    due AS (
        SELECT lane.id, lane.leased_until, {_IS_THERE} AS is_there,
               {_MAY_RETRY} OR coalesce(platform.changed_at > lane.parked_at, false) AS may_retry
          FROM forwarding_lane lane
          JOIN tails ON tails.lane = lane.sublane
          JOIN parties_platform platform ON platform.id = lane.platform_id
         WHERE {_IS_DUE}
         ORDER BY date_trunc('second', lane.cursor_at), lane.sublane, lane.id
         LIMIT %(limit)s
           FOR UPDATE OF lane SKIP LOCKED
    )
    UPDATE forwarding_lane lane
       SET leased_until = %(until)s, fence = lane.fence + 1
      FROM due WHERE due.id = lane.id
    RETURNING lane.id, lane.fence, lane.platform_id, lane.sublane, lane.cursor, lane.seen,
              coalesce(lane.seen_at, lane.cursor_at), lane.waiting::text, lane.failures, due.may_retry,
              due.leased_until, due.is_there
"""

_LEASE_TYPES = {"lanes": "int[]", "tails": "bigint[]", "now": "timestamptz", "until": "timestamptz", "limit": "bigint"}

# Many lanes in one statement, those that are through released with it: a lane is mostly leased for one or two
# deliveries, and what was said to the database of each lane was the greater part of the work. Locked in the order of
# lanes, so that two workers never wait for each other in a circle.
ADVANCE = """
    WITH ours AS MATERIALIZED (
        SELECT given.*
          FROM (SELECT * FROM json_to_recordset(%s) AS r(
                    lane bigint, fence bigint, "cursor" bigint, cursor_at timestamptz, seen bigint, seen_at timestamptz,
                    waiting jsonb, sent bigint, skipped bigint, is_done boolean, error text, is_held boolean,
                    until timestamptz)
                 LIMIT %s) AS given
          JOIN forwarding_lane lane ON lane.id = given.lane AND lane.fence = given.fence
         ORDER BY lane.id
           FOR UPDATE OF lane
    )
    UPDATE forwarding_lane lane
       SET "cursor" = ours."cursor", cursor_at = ours.cursor_at, seen = ours.seen, seen_at = ours.seen_at,
           waiting = ours.waiting, sent = lane.sent + ours.sent, skipped = lane.skipped + ours.skipped,
           leased_until = CASE WHEN ours.is_done THEN NULL ELSE ours.until END,
           failures = CASE WHEN ours.is_done THEN 0 ELSE lane.failures END,
           retry_at = CASE WHEN ours.is_done THEN NULL ELSE lane.retry_at END,
           parked_at = CASE WHEN ours.is_done THEN NULL ELSE lane.parked_at END,
           is_held = CASE WHEN ours.is_done THEN ours.is_held ELSE lane.is_held END,
           last_error = CASE WHEN ours.is_done THEN ours.error ELSE lane.last_error END
      FROM ours WHERE lane.id = ours.lane
    RETURNING lane.id
"""

IS_THERE_WORK = f"""
    WITH tails(lane, last) AS ({TAILS.replace("%s", "%(sublanes)s")})
    SELECT EXISTS (SELECT FROM forwarding_lane lane
                     JOIN tails ON tails.lane = lane.sublane
                     JOIN parties_platform platform ON platform.id = lane.platform_id
                    WHERE {_IS_DUE})
        OR EXISTS (SELECT FROM parties_platform WHERE {_LACKS_LANES})
"""

GIVE_BACK = """
    UPDATE forwarding_lane SET leased_until = NULL, is_held = is_held OR %s WHERE id = %s AND fence = %s
"""

PARK = """
    UPDATE forwarding_lane
       SET leased_until = NULL, failures = %(failures)s, retry_at = %(retry_at)s, parked_at = %(now)s,
           is_held = %(held)s, last_error = %(error)s
     WHERE id = %(lane)s AND fence = %(fence)s
"""


def is_there_work(cursor: Any, *, now: datetime) -> bool:
    """A lane that is due, or one to be made."""
    cursor.execute(IS_THERE_WORK, {"now": now, "sublanes": SUBLANES})
    return bool(cursor.fetchone()[0])


def ensure_lanes(cursor: Any, *, now: datetime) -> int:
    cursor.execute(ENSURE, {"now": now, "sublanes": SUBLANES, "margin": MARGIN})
    return int(cursor.rowcount)


def claim_lingering(cursor: Any) -> bool:
    """One drain may linger, of all workers together: the other processes are for other work. Held by the connection."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LINGERING])
    return bool(cursor.fetchone()[0])


def get_tails(cursor: Any) -> dict[int, int]:
    """The id of the last event of each sub-lane."""
    prepared.execute(cursor, (TAILS, "int", [SUBLANES]))
    return dict(cursor.fetchall())


def lease(cursor: Any, *, limit: int, now: datetime, tails: Mapping[int, int] | None = None) -> list[Leased]:
    """`tails`: the ends of the log as they were found just now."""
    if tails is None:
        tails = get_tails(cursor)
    values = {"lanes": list(tails), "tails": list(tails.values()), "now": now, "until": now + LEASE, "limit": limit}
    prepared.execute(cursor, prepared.in_order(LEASE_DUE, _LEASE_TYPES, values))
    return [
        Leased(
            id=row[0],
            fence=row[1],
            platform=row[2],
            sublane=row[3],
            cursor=row[4],
            seen=row[5],
            seen_at=row[6],
            waiting=waiting.read(json.loads(row[7])),
            failures=row[8],
            may_retry=row[9],
            crashed_at=row[10],
            is_there=row[11],
        )
        for row in cursor.fetchall()
    ]


def advance(
    cursor: Any, positions: Sequence[Position], *, now: datetime, first: Sequence[prepared.Statement] = ()
) -> set[int]:
    """Save where these lanes stand, and hold each for another while or give it back. Returns those that are ours: whose
    lane is missing must stop at once, somebody else has it. `first` are statements that travel with it."""
    given = [_write(position, until=now + LEASE) for position in positions]
    values = msgspec.json.encode(given).decode(), len(given)
    prepared.execute(cursor, *first, (ADVANCE, "json, bigint", values))
    return {row[0] for row in cursor.fetchall()}


def _write(position: Position, *, until: datetime) -> dict[str, Any]:
    release = position.release or Release()
    return {
        "lane": position.lane,
        "fence": position.fence,
        "cursor": position.cursor,
        "cursor_at": position.cursor_at,
        "seen": position.seen,
        "seen_at": position.seen_at,
        "waiting": waiting.write(position.waiting),
        "sent": position.sent,
        "skipped": position.skipped,
        "is_done": position.release is not None,
        "error": release.error,
        "is_held": release.is_held,
        "until": until,
    }


def give_back(cursor: Any, *, lane: int, fence: int, held: bool) -> bool:
    """As it was parked before: new events came in between, what waits does so until its time. `held`: as `park`."""
    cursor.execute(GIVE_BACK, [held, lane, fence])
    return bool(cursor.rowcount)


def park(
    cursor: Any, *, lane: int, fence: int, failures: int, retry_at: datetime, error: str, held: bool, now: datetime
) -> bool:
    """Give it back until `retry_at`; `held`: new events do not make it due any sooner."""
    cursor.execute(
        PARK,
        {
            "lane": lane,
            "fence": fence,
            "failures": failures,
            "retry_at": retry_at,
            "error": error,
            "held": held,
            "now": now,
        },
    )
    return bool(cursor.rowcount)
