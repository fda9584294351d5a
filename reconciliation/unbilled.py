"""Sessions that nobody has billed although their CDR was due, by the clock of their CPO."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from reconciliation.models import CdrClock, Sweep
from reconciliation.position import BEGINNING, SLACK, turn
from reconciliation.sql import BILLS, CHECKS_COLUMNS, CHECKS_TABLE, LIVE, RAISE

NAME = "sessions without CDR"

UNBILLED = f"""{LIVE.format("s")} AND s.status = 'COMPLETED' AND s.kwh > 0
       AND NOT EXISTS (SELECT FROM cdrs_cdr c
                        WHERE c.owner = s.owner AND c.session_key = s.object_key AND {BILLS.format("c")})"""

RAISE_UNBILLED = f"""
WITH {CHECKS_TABLE},
verdict AS (
    SELECT s.owner, s.token_owner, '' AS cdr_id, '' AS cdr_key, s.object_id AS session_id,
           s.object_key AS session_key, checks.kind, checks.severity, checks.path, checks.words,
           trim_scale(s.kwh)::text AS expected, '' AS actual
      FROM charging_sessions_session s
      JOIN checks ON checks.kind = 'session_without_cdr'
     WHERE s.changed_at > %(since)s AND s.changed_at <= %(until)s AND {UNBILLED}
       AND (%(owner)s::text IS NULL OR s.owner = %(owner)s) AND s.owner <> ALL(%(others)s)
)
{RAISE}
"""

EXPLAIN_UNBILLED = f"""
UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
 WHERE finding.kind = 'session_without_cdr' AND finding.state = 'open'
   AND NOT EXISTS (
        SELECT FROM charging_sessions_session s
         WHERE s.owner = finding.owner AND s.object_key = finding.session_key AND {UNBILLED})
"""


def find_sessions_without_cdr(*, now: datetime, older_than: timedelta | None = None, patient: bool = True) -> int:
    """Name the COMPLETED sessions with energy that nobody has billed until their CDR was due.

    Counted from their last change, not from `end_date_time`: a session that was pulled after an outage may have ended
    long before its CDR had a chance to come. `older_than` overrules all clocks. Returns how many were found; those that
    have been billed meanwhile are closed.
    """
    clocks = dict(CdrClock.objects.values_list("owner", "due_after"))
    with turn(patient=patient) as is_ours:
        if not is_ours:
            return 0
        _take_back(clocks)
        due = timedelta(seconds=settings.HUB_CDR_DUE) if older_than is None else older_than
        found = _look(NAME, owner=None, others=clocks, until=now - due, now=now)
        for owner, due_after in clocks.items():
            due = due_after if older_than is None else older_than
            found += _look(f"{NAME} {owner}", owner=owner, others=(), until=now - due, now=now)
        _run(EXPLAIN_UNBILLED, {"now": now})
    return found


def _look(name: str, *, owner: str | None, others: Collection[str], until: datetime, now: datetime) -> int:
    sweep, _ = Sweep.objects.get_or_create(name=name)
    since = BEGINNING if sweep.reached_at is None else min(sweep.reached_at, until) - SLACK
    values: dict[str, Any] = {"since": since, "until": until, "now": now, "owner": owner, "others": list(others)}
    found = _run(RAISE_UNBILLED, {**values, **CHECKS_COLUMNS})
    # Never back: a smaller patience looks at what is new to it, a larger one has seen the rest.
    sweep.reached_at = until if sweep.reached_at is None else max(until, sweep.reached_at)
    sweep.save(update_fields=["reached_at"])
    return found


def _take_back(clocks: Collection[str]) -> None:
    """Where a clock was removed, the common one goes on from where that had come."""
    gone = Sweep.objects.filter(name__startswith=f"{NAME} ").exclude(name__in=[f"{NAME} {owner}" for owner in clocks])
    for sweep in gone:
        Sweep.objects.filter(name=NAME, reached_at__gt=sweep.reached_at).update(reached_at=sweep.reached_at)
        sweep.delete()


def _run(sql: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)
