"""Reconciliation of CDRs with their sessions and with each other (CDR-18): looks for what changed and judges it. Writes
findings and how far it has come, never anything on what was delivered.

One at a time judges, so that no two ever judge the CDRs of one session apart; any number of workers may try. A CDR is
looked at when it comes, if its session is final by then, and once more when the grace is over: what was committed late,
what waited and what is overdue is found then. A changed session is looked at in the same way, and its CDRs with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from reconciliation.compare import Thresholds
from reconciliation.judge import Rules, explain_delivered, judge
from reconciliation.position import SLACK, START, Position, Range, get_position, move, turn
from reconciliation.sieve import is_long, probe, sift
from reconciliation.sql import ACCEPTED, LIVE, READY

LIMIT = 1_000_000  # CDRs in one run
SESSIONS = 50_000  # changed sessions per statement
NEW, RIPE = "new CDRs", "ripe CDRs"
CHANGED, SETTLED = "changed sessions", "settled sessions"

_COMING = f"""FROM cdrs_cdr c WHERE (c.changed_at, c.id) > (%(after_at)s, %(after_id)s)
   AND c.changed_at <= %(horizon)s AND {LIVE.format("c")}"""
COUNT = f"SELECT count(*) FROM (SELECT {_COMING} ORDER BY c.changed_at, c.id LIMIT %(limit)s) coming"
LAST = f"SELECT c.changed_at, c.id {_COMING} ORDER BY c.changed_at DESC, c.id DESC LIMIT 1"
LAST_OF = f"SELECT c.changed_at, c.id {_COMING} ORDER BY c.changed_at, c.id OFFSET %(limit)s - 1 LIMIT 1"

LAST_SESSION = "SELECT max(changed_at) FROM charging_sessions_session WHERE changed_at <= %(horizon)s"
SESSIONS_UNTIL = """
SELECT max(changed_at) FROM (
    SELECT changed_at FROM charging_sessions_session
     WHERE changed_at > %(since)s AND changed_at <= %(horizon)s ORDER BY changed_at LIMIT %(limit)s
) coming
"""
OF_CHANGED_SESSIONS = f"""
SELECT DISTINCT c.id FROM charging_sessions_session s
  JOIN cdrs_cdr c ON c.owner = s.owner AND c.session_key = s.object_key AND {LIVE.format("c")}
 WHERE s.changed_at > %(since)s AND s.changed_at <= %(horizon)s
   AND (c.changed_at, c.id) <= (%(passed_at)s, %(passed_id)s) AND {READY}
 ORDER BY c.id
"""
UNDELIVERED = f"""
SELECT c.id FROM cdrs_cdr c
 WHERE c.is_undelivered AND NOT {ACCEPTED.format("c")} AND {LIVE.format("c")} AND {READY}
   AND NOT EXISTS (
        SELECT FROM reconciliation_finding f
         WHERE f.owner = c.owner AND f.cdr_key = c.object_key AND f.session_key = c.session_key
           AND f.kind = 'undelivered_cdr' AND f.path = '/id' AND f.state <> 'explained'
           AND f.actual = c.verdict_code::text)
 ORDER BY c.id LIMIT %(limit)s
"""


def get_thresholds() -> Thresholds:
    return Thresholds(
        energy=settings.HUB_RECONCILE_ENERGY_TOLERANCE,
        cost=settings.HUB_RECONCILE_COST_TOLERANCE,
        time=timedelta(seconds=settings.HUB_RECONCILE_TIME_TOLERANCE),
        grace=timedelta(seconds=settings.HUB_RECONCILE_GRACE),
    )


def get_rules(*, now: datetime, undelivered_after: timedelta | None = None) -> Rules:
    thresholds = get_thresholds()
    return Rules(
        thresholds=thresholds,
        due_after=timedelta(seconds=settings.HUB_CDR_DUE),
        now=now,
        undelivered=now - (thresholds.grace if undelivered_after is None else undelivered_after),
    )


def reconcile_pending(
    *, now: datetime, limit: int = LIMIT, undelivered_after: timedelta | None = None, patient: bool = True
) -> int:
    """Judge the CDRs that came, and again those whose session or verdict has changed. Returns how many were judged.

    A CDR that its receiver has not accepted is judged so long after it came; without it, after the usual grace.
    Where another worker is at it: `patient` waits for its end, else nothing is done.
    """
    rules = get_rules(now=now, undelivered_after=undelivered_after)
    with turn(patient=patient) as is_ours:
        if not is_ours:
            return 0
        explain_delivered(now=now)
        done = _judge_of_changed_sessions(rules)
        done += _judge_coming(rules, limit=limit)
        return done + _judge_undelivered(rules, limit=limit)


def get_passed() -> Position:
    """Every CDR up to here has been looked at once at least."""
    return max(get_position(NEW), get_position(RIPE))


def _judge_of_changed_sessions(rules: Rules) -> int:
    """A session that was corrected or arrived after its CDR was looked at (SESS-08)."""
    done = _judge_sessions(SETTLED, since=get_position(SETTLED), horizon=rules.now - SLACK, rules=rules)
    since = max(get_position(SETTLED), get_position(CHANGED))
    return done + _judge_sessions(CHANGED, since=since, horizon=rules.now, rules=rules)


def _judge_sessions(name: str, *, since: Position, horizon: datetime, rules: Rules) -> int:
    """CDRs that were not looked at yet get their own turn."""
    passed, done = get_passed(), 0
    if passed == START:
        last = _fetch(LAST_SESSION, {"horizon": horizon})[0][0]
        move(name, to=since if last is None else (last, 0))
        return 0
    while True:
        until = _fetch(SESSIONS_UNTIL, {"since": since[0], "horizon": horizon, "limit": SESSIONS})[0][0]
        if until is None:
            return done
        places = {"since": since[0], "horizon": until, "passed_at": passed[0], "passed_id": passed[1]}
        ids = [row[0] for row in _fetch(OF_CHANGED_SESSIONS, {**rules.values, **places})]
        judge(ids, rules=rules)
        done += len(ids)
        since = (until, 0)
        move(name, to=since)


def _judge_coming(rules: Rules, *, limit: int) -> int:
    """First those for which nothing is to be waited for any more, then the new ones."""
    ripe_at = rules.now - max(rules.thresholds.grace, SLACK)
    seen, done = _judge_range(RIPE, after=get_position(RIPE), horizon=ripe_at, limit=limit, rules=rules)
    if seen < limit:
        new = _judge_range(NEW, after=get_passed(), horizon=rules.now, limit=limit - seen, rules=rules)
        done += new[1]
    return done


def _judge_range(name: str, *, after: Position, horizon: datetime, limit: int, rules: Rules) -> tuple[int, int]:
    """How many were seen, and how many of them judged: the others wait."""
    place = {"after_at": after[0], "after_id": after[1], "horizon": horizon, "limit": limit}
    last = _fetch(LAST_OF, place)
    count = limit if last else int(_fetch(COUNT, place)[0][0])
    if not count:
        return 0, 0
    until = (last or _fetch(LAST, place))[0]
    within = Range(after, (until[0], until[1]))
    if is_long(count):
        for suspects in sift(within, count=count, rules=rules):
            judge(suspects, rules=rules)
        judged = count
    else:
        judged, suspects = probe(within, rules=rules)
        judge(suspects, rules=rules)
    move(name, to=within.until)
    return count, judged


def _judge_undelivered(rules: Rules, *, limit: int) -> int:
    """A verdict may come long after its CDR, and leaves no trace in the order of changes."""
    ids = [row[0] for row in _fetch(UNDELIVERED, {**rules.values, "limit": limit})]
    judge(ids, rules=rules)
    return len(ids)


def _fetch(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
