"""How long the logs are kept, and what becomes of a lane that would keep them for ever (decision 11)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from forwarding.lag import get_lags
from forwarding.lanes import get_tails
from forwarding.models import Announced, Lane
from journal.partitions import drop_old, ensure_partitions
from parties.models import FactsVersion

logger = logging.getLogger(__name__)

# The lowest cursor of the lanes that have something before them; where there is none, the end of the log as it is now.
FLOOR = """
    SELECT coalesce(min(lane.cursor) FILTER (WHERE lane.cursor < tails.last), max(tails.last))
      FROM unnest(%s::int[], %s::bigint[]) AS tails (sublane, last)
      LEFT JOIN forwarding_lane lane ON lane.sublane = tails.sublane
"""

# Not while somebody works on it. The fence makes him stop who took too long.
JUMP = """
    UPDATE forwarding_lane
       SET cursor = %(tail)s, seen = %(tail)s, cursor_at = %(now)s, seen_at = %(now)s, waiting = '{}',
           fence = fence + 1, leased_until = NULL, failures = 0, retry_at = NULL, parked_at = NULL, is_held = false,
           needs_resync = true, resync_since = least(resync_since, %(since)s), resync_asked_at = %(now)s,
           resync_after = %(tail)s, resync_until = NULL, last_error = %(error)s
     WHERE id = %(lane)s AND (leased_until IS NULL OR leased_until < %(now)s)
"""


def keep_logs(*, now: datetime) -> int:
    """Days ahead are made, lanes that are too far behind jump, old days go. Returns how many went."""
    ensure_partitions(now)
    jump_too_old(now=now)
    return drop_old(
        now,
        call_log_days=settings.HUB_CALL_LOG_DAYS,
        event_days=settings.HUB_EVENT_DAYS,
        floor_event_id=get_floor(),
    )


def get_floor() -> int:
    """Events up to this one are needed by no lane. Read before anything is dropped: lanes only move up."""
    with connection.cursor() as cursor:
        tails = get_tails(cursor)
        cursor.execute(FLOOR, [list(tails), list(tails.values())])
        return int(cursor.fetchone()[0])


def jump_too_old(*, now: datetime) -> int:
    """Lanes whose oldest delivery waits longer than HUB_LANE_LIMIT_DAYS go to the end of the log, and are resynced
    when their platform is back (forwarding.resync). One that has only not been looked at is due, and moves by itself.
    """
    limit = now - timedelta(days=settings.HUB_LANE_LIMIT_DAYS)
    old = {lane: lag.oldest_at for lane, lag in get_lags().items() if lag.oldest_at and lag.oldest_at < limit}
    jumped = 0
    for lane in Lane.objects.filter(pk__in=old).select_related("platform").order_by("id"):
        if lane.waiting or lane.is_held or lane.paused_at:
            jumped += _jump(lane, since=old[lane.pk], now=now)
    return jumped


def _jump(lane: Lane, *, since: datetime, now: datetime) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            tail = get_tails(cursor)[lane.sublane]
            error = f"behind since {since:%Y-%m-%d %H:%M}: jumped to the end of the log, to be resynced"
            cursor.execute(JUMP, {"lane": lane.pk, "tail": tail, "since": since, "now": now, "error": error})
            if not cursor.rowcount:
                return 0
        # What it was to hear of its partners is compared anew with what it was told (HCI-05).
        Announced.objects.filter(platform=lane.platform_id).delete()
        _make_everybody_compare()
    logger.error(
        "%s was behind for more than %d days in sub-lane %d (since %s): it is told the present state when it is back",
        lane.platform, settings.HUB_LANE_LIMIT_DAYS, lane.sublane, since.isoformat(),
    )  # fmt: skip
    return 1


def _make_everybody_compare() -> None:
    FactsVersion.objects.update(version=F("version") + 1)
