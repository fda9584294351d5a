"""How far behind the lanes are: what waits to be sent or looked at, and the age of the oldest of it. Reading only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from forwarding.lanes import MARGIN

COUNT_LIMIT = 10_000  # beyond it "many" is all anybody needs to know, and counting would cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Deliveries that wait, and events behind `seen`, of which some will turn out to be for others. The latter are
    counted up to COUNT_LIMIT."""

    events: int = 0
    oldest_at: datetime | None = None

    def get_age(self, *, now: datetime) -> timedelta:
        return max(now - self.oldest_at, timedelta(0)) if self.oldest_at else timedelta(0)


NO_LAG = Lag()

# One index range per lane; the bound on `at` keeps the search out of the partitions that the lane has passed.
SQL = """
    SELECT lane.id, held.number + unseen.number, least(held.oldest_at, unseen.oldest_at)
      FROM forwarding_lane lane
     CROSS JOIN LATERAL (
          SELECT count(*) AS number, to_timestamp(min((entry.value ->> 3)::double precision)) AS oldest_at
            FROM jsonb_each(lane.waiting) AS entry
     ) AS held
     CROSS JOIN LATERAL (
          SELECT count(*) AS number, min(at) AS oldest_at
            FROM (SELECT event.at FROM journal_event event
                   WHERE event.sublane = lane.sublane AND event.id > greatest(lane.seen, lane.cursor)
                     AND event.at >= coalesce(lane.seen_at, lane.cursor_at) - %s::interval
                   ORDER BY event.id LIMIT %s) AS few
     ) AS unseen
     WHERE held.number + unseen.number > 0
"""


def get_lags() -> Mapping[int, Lag]:
    """By lane id; lanes that are up to date are left out (NO_LAG)."""
    with connection.cursor() as cursor:
        cursor.execute(SQL, [f"{MARGIN.total_seconds()} seconds", COUNT_LIMIT])
        return {lane: Lag(events=events, oldest_at=oldest_at) for lane, events, oldest_at in cursor.fetchall()}
