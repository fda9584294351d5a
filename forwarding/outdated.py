"""Catching up: what a newer full state further down the log makes needless, out of sight of the piece being sent.

Within a piece `plan.coalesce` does it. Only for what the hub promised: under relay what is late is not sent at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from forwarding.events import Event
from forwarding.lanes import MARGIN
from forwarding.plan import CAN_BE_REPLACED, RELAY_WINDOW, Planned, Roster, plan_event
from forwarding.waiting import Key
from ocpi.calls import Delivery

# One look into the index per object and path, from the end of the log.
READ_NEWER = """
    SELECT wanted.number, newer.*
      FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
           AS wanted (number, id, object_key, path, query, receiver)
     CROSS JOIN LATERAL (
          SELECT event.id, event.at, event.module, event.method, event.path, event.query, '' AS body, event.object_key,
                 event.sender, event.sender_role, event.origin, event.receiver, event.supersedes,
                 event.correlation_id, event.version
            FROM journal_event event
           WHERE event.object_key = wanted.object_key AND event.path = wanted.path AND event.query = wanted.query
             AND event.receiver = wanted.receiver AND event.supersedes
             AND event.id > wanted.id AND event.at >= %s
           ORDER BY event.id DESC LIMIT 1
     ) AS newer
"""


def get_candidates(planned: Sequence[Planned], *, now: datetime) -> list[Planned]:
    """A lane that keeps up has none, and nothing is asked for it."""
    return [
        one
        for one in planned
        if now - one.event.at > RELAY_WINDOW
        and one.policy is Delivery.STORE_AND_FORWARD
        and one.event.method in CAN_BE_REPLACED
    ]


def read_newer(cursor: Any, candidates: Sequence[Planned]) -> dict[Key, Event]:
    """The newest full state of the same path behind each of them, where there is one; without its body."""
    events = [one.event for one in candidates]
    columns = [[getattr(event, name) for event in events] for name in ("id", "object_key", "path", "query", "receiver")]
    since = min(event.at for event in events) - MARGIN
    cursor.execute(READ_NEWER, [list(range(len(events))), *columns, since])
    return {candidates[row[0]].key: Event(*row[1:]) for row in cursor.fetchall()}


def find_outdated(newer: Mapping[Key, Event], *, platform: int, roster: Roster, now: datetime) -> set[Key]:
    """Those whose newer state this platform will be told: an agreement may have ended in between."""
    return {
        (event_id, receiver)
        for (event_id, receiver), event in newer.items()
        if any(
            one.key[1] == receiver and not one.obstacle
            for one in plan_event(event, platform=platform, roster=roster, now=now)
        )
    }
