"""Reconciliation of CDRs with their sessions (CDR-18): rows wait, this looks for them. Writes findings and
`reconciled_at`, never what was delivered.

A CDR is judged together with every other CDR of its session, all of them locked, so that a credit or a second bill is
never judged by one worker while another judges the first. Nobody waits for a lock: what another holds is left to the
next sweep, so any number of workers may run at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from reconciliation.classify import (
    LIVE_CDR,
    LIVE_SESSION,
    classify,
    explain_delivered,
    explain_unbilled,
    raise_unbilled,
)
from reconciliation.compare import FINAL_STATUSES, Thresholds
from reconciliation.models import Sweep

BATCH = 2_000  # CDRs per transaction
# A row may become visible this long after the moment it carries: calls are stamped on arrival and committed later.
SLACK = timedelta(seconds=30)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

CLAIM = f"""
SELECT c.id FROM cdrs_cdr c
 WHERE c.reconciled_at IS NULL AND {LIVE_CDR.format("c")}
   AND (c.is_credit OR c.session_key = '' OR c.received_at <= %(patience)s
        OR EXISTS (SELECT 1 FROM charging_sessions_session s
                    WHERE s.owner = c.owner AND s.object_key = c.session_key AND {LIVE_SESSION.format("s")}
                      AND s.status = ANY(%(final)s)))
   -- one that its receiver did not take is sent again: its sender gets the time for it
   AND (coalesce(c.verdict_code BETWEEN 1000 AND 1999, true) OR c.received_at <= %(undelivered)s)
 ORDER BY c.id LIMIT %(limit)s
   FOR UPDATE OF c SKIP LOCKED
"""

SIBLINGS = """
    FROM cdrs_cdr claimed
    JOIN cdrs_cdr sibling ON sibling.owner = claimed.owner AND sibling.session_key = claimed.session_key
   WHERE claimed.id = ANY(%(claimed)s) AND claimed.session_key <> '' AND sibling.id <> ALL(%(held)s)
"""
LOCK_SIBLINGS = f"SELECT sibling.id, sibling.reconciled_at {SIBLINGS} FOR UPDATE OF sibling SKIP LOCKED"
HELD_BY_OTHERS = f"SELECT DISTINCT claimed.id {SIBLINGS}"

# Twice at most: at once when the session is newer, and once more when a change may have become visible late.
REQUEUE = f"""
WITH changed AS (
    SELECT c.id FROM charging_sessions_session s
      JOIN cdrs_cdr c ON c.owner = s.owner AND c.session_key = s.object_key
     WHERE s.changed_at > %(since)s AND {LIVE_SESSION.format("s")}
       AND (s.changed_at > c.reconciled_at
            OR (s.changed_at > c.reconciled_at - %(slack)s AND c.reconciled_at <= %(now)s - %(slack)s))
       FOR UPDATE OF c SKIP LOCKED
)
UPDATE cdrs_cdr SET reconciled_at = NULL WHERE id IN (SELECT id FROM changed)
"""


def get_thresholds() -> Thresholds:
    return Thresholds(
        energy=settings.HUB_RECONCILE_ENERGY_TOLERANCE,
        cost=settings.HUB_RECONCILE_COST_TOLERANCE,
        time=timedelta(seconds=settings.HUB_RECONCILE_TIME_TOLERANCE),
        grace=timedelta(seconds=settings.HUB_RECONCILE_GRACE),
    )


def reconcile_pending(*, now: datetime, limit: int = 10_000, undelivered_after: timedelta | None = None) -> int:
    """Compare the CDRs that wait, and again those whose session has changed since. Returns how many were compared.

    A CDR that its receiver has not accepted is judged so long after it came; without it, after the usual grace.
    """
    thresholds = get_thresholds()
    undelivered = now - (thresholds.grace if undelivered_after is None else undelivered_after)
    requeue_changed(now=now)
    explain_delivered(now=now)
    done = 0
    while done < limit:
        count = _reconcile_batch(
            limit=min(BATCH, limit - done), thresholds=thresholds, undelivered=undelivered, now=now
        )
        if not count:
            break
        done += count
    return done


def requeue_changed(*, now: datetime) -> int:
    """Let the CDRs wait again whose session was corrected or arrived after they were compared (SESS-08)."""
    with transaction.atomic():
        sweep = _lock_sweep("changed sessions")
        if sweep is None:
            return 0
        # What was too young to be looked at again in the last sweep is at most 2 × SLACK older than that sweep.
        since = BEGINNING if sweep.reached_at is None else sweep.reached_at - 2 * SLACK
        with connection.cursor() as cursor:
            moments: dict[str, Any] = {"since": since, "slack": SLACK, "now": now}
            cursor.execute(REQUEUE, moments)
            count = int(cursor.rowcount)
        _move_sweep(sweep, to=now)
    return count


def find_sessions_without_cdr(*, now: datetime, older_than: timedelta) -> int:
    """Name the COMPLETED sessions with energy that nobody has billed `older_than` after their last change.

    The last change, not `end_date_time`: a session that was pulled after an outage may have ended long before its CDR
    had a chance to come. Returns how many were found; those that have been billed meanwhile are closed.
    """
    with transaction.atomic():
        sweep = _lock_sweep("sessions without CDR")
        if sweep is None:
            return 0
        until = now - older_than
        since = BEGINNING if sweep.reached_at is None else min(sweep.reached_at, until) - SLACK
        count = raise_unbilled(since=since, until=until, now=now)
        explain_unbilled(now=now)
        _move_sweep(sweep, to=until)
    return count


@transaction.atomic
def _reconcile_batch(*, limit: int, thresholds: Thresholds, undelivered: datetime, now: datetime) -> int:
    claimed = _claim(limit=limit, patience=now - thresholds.grace, undelivered=undelivered)
    claimed, siblings = _hold_siblings(claimed)
    if claimed:
        classify([*claimed, *siblings], thresholds=thresholds, now=now)
    return len(claimed)


def _claim(*, limit: int, patience: datetime, undelivered: datetime) -> list[int]:
    moments = {"patience": patience, "undelivered": undelivered}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"limit": limit, **moments, "final": list(FINAL_STATUSES)})
        return [row[0] for row in cursor.fetchall()]


def _hold_siblings(claimed: Sequence[int]) -> tuple[list[int], list[int]]:
    """Lock the other CDRs of the same sessions. Gives up the claimed ones with a sibling in another worker's hands.

    Returns what remains claimed, and the siblings to judge again: those that still wait get their own turn.
    """
    if not claimed:
        return [], []
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SIBLINGS, {"claimed": list(claimed), "held": list(claimed)})
        siblings = dict(cursor.fetchall())
        cursor.execute(HELD_BY_OTHERS, {"claimed": list(claimed), "held": [*claimed, *siblings]})
        given_up = {row[0] for row in cursor.fetchall()}
    remaining = [cdr for cdr in claimed if cdr not in given_up]
    return remaining, [cdr for cdr, reconciled_at in siblings.items() if reconciled_at is not None]


def _lock_sweep(name: str) -> Sweep | None:
    return Sweep.lock(name)


def _move_sweep(sweep: Sweep, *, to: datetime) -> None:
    """Never back: a smaller patience looks at what is new to it, a larger one has seen the rest."""
    sweep.reached_at = to if sweep.reached_at is None else max(to, sweep.reached_at)
    sweep.save(update_fields=["reached_at"])
