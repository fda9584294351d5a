"""Which CDRs are worth a judgement: all that `classify.py` could raise or close anything for, and some more; the others
are beyond doubt. Of a long range two statements over covering indexes tell it, without reading a CDR or a session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from reconciliation.judge import Rules
from reconciliation.models import CdrClock
from reconciliation.position import Range
from reconciliation.sql import ACCEPTED, BILLS, CREDIT_NAMING, JUDGED_KINDS, LIVE, NAMING_KINDS, READY, SAME_SESSION

LONG = 20_000  # CDRs in a range: below that, probing for each is cheaper
SHARE = 20  # and where the range is not one CDR in so many
SIDE_BY_SIDE = 200_000  # CDRs in a range: from then on both statements run at the same time

# Equal is asked first: it is cheap, and true nearly always.
DIFFERS = """
    s.owner IS NULL OR c.is_credit OR s.status <> 'COMPLETED'
    OR (c.total_energy <> s.kwh AND abs(c.total_energy - s.kwh) > %(energy)s)
    OR (c.total_cost <> s.total_cost AND abs(c.total_cost - s.total_cost) > %(cost)s)
    OR (c.currency <> s.currency AND upper(c.currency) <> upper(s.currency))
    OR c.token_owner <> s.token_owner
    OR (c.start_at <> s.start_at AND greatest(c.start_at - s.start_at, s.start_at - c.start_at) > %(time)s)
    OR (c.end_at <> s.end_at AND greatest(c.end_at - s.end_at, s.end_at - c.end_at) > %(time)s)
    OR (c.received_at > c.end_at + %(soonest)s::interval AND s.received_at <= c.end_at + %(latest)s::interval)
"""
WITH_SESSIONS = f"""
SELECT c.id FROM cdrs_cdr c
  LEFT JOIN charging_sessions_session s
    ON s.object_key = c.session_key AND s.owner = c.owner AND {LIVE.format("s")}
 WHERE {LIVE.format("c")} AND {Range.SQL} AND ({DIFFERS})
 UNION ALL
SELECT credit.id FROM cdrs_cdr credit
  JOIN cdrs_cdr c ON c.owner = credit.owner AND c.object_key = credit.credit_reference_key AND c.audience = ''
 WHERE credit.is_credit AND {LIVE.format("credit")} AND {Range.SQL}
 UNION ALL
SELECT c.id FROM reconciliation_finding finding
  JOIN cdrs_cdr c ON c.owner = finding.owner AND c.object_key = finding.cdr_key AND c.audience = ''
 WHERE finding.state = 'open' AND finding.kind = ANY(%(judged)s) AND {Range.SQL}
 UNION ALL
SELECT named.id FROM reconciliation_finding finding
  JOIN cdrs_cdr c ON c.owner = finding.owner AND c.object_key = lower(finding.expected) AND c.audience = ''
  JOIN cdrs_cdr named
    ON named.owner = finding.owner AND named.object_key = finding.cdr_key AND named.audience = ''
 WHERE finding.state = 'open' AND finding.kind IN {NAMING_KINDS} AND {Range.SQL}
"""
# Of several that bill the same one is kept, the second; those beside it are found as its neighbours. So are all that a
# CDR runs into, once it is known to run into the next one: whoever overlaps any later CDR overlaps the next.
AMONG_CDRS = f"""
SELECT id FROM (
    SELECT c.id, row_number() OVER (PARTITION BY c.session_key, c.owner) AS place
      FROM cdrs_cdr c
     WHERE {LIVE.format("c")} AND c.session_key <> ''
) by_session
 WHERE place = 2
 UNION ALL
SELECT id FROM (
    SELECT c.id, c.start_at, c.end_at,
           lead(c.start_at) OVER (PARTITION BY c.owner, c.evse_key ORDER BY c.start_at) AS next
      FROM cdrs_cdr c
     WHERE {BILLS.format("c")} AND c.evse_key <> ''
) by_evse
 WHERE next <= greatest(start_at, end_at)
"""
# The same for a short range, CDR by CDR: index probes, each of which mostly finds nothing.
PROBE = f"""
SELECT c.id,
       ({DIFFERS}) OR NOT coalesce({ACCEPTED.format("c")}, true)
       OR EXISTS (SELECT FROM cdrs_cdr n
                   WHERE {SAME_SESSION.format("n", "c")} AND n.id <> c.id AND {LIVE.format("n")})
       OR EXISTS ({CREDIT_NAMING.format("c")})
       OR EXISTS (SELECT FROM cdrs_cdr n
                   WHERE n.owner = c.owner AND n.evse_key = c.evse_key AND n.evse_key <> '' AND {BILLS.format("n")}
                     AND n.id <> c.id AND n.start_at > c.start_at - %(reach)s
                     AND n.start_at <= greatest(c.start_at, c.end_at)
                     AND (n.start_at = c.start_at OR n.end_at >= least(c.start_at, c.end_at)))
       OR EXISTS (SELECT FROM reconciliation_finding f
                   WHERE f.owner = c.owner AND f.cdr_key = c.object_key AND f.state = 'open')
       OR EXISTS (SELECT FROM reconciliation_finding f
                   WHERE f.owner = c.owner AND f.session_key = c.session_key AND f.state = 'open'
                     AND c.session_key <> '')
       OR EXISTS (SELECT FROM reconciliation_finding f
                   WHERE f.owner = c.owner AND f.expected = c.object_id AND f.state = 'open'
                     AND f.kind IN {NAMING_KINDS}) AS is_suspect
  FROM cdrs_cdr c
  LEFT JOIN LATERAL (
        SELECT s.owner, s.received_at, s.token_owner, s.status, s.start_at, s.end_at, s.kwh, s.total_cost, s.currency
          FROM charging_sessions_session s
         WHERE s.object_key = c.session_key AND s.owner = c.owner AND {LIVE.format("s")} LIMIT 1
       ) s ON true
 WHERE {Range.SQL} AND {LIVE.format("c")} AND {READY}
 ORDER BY c.id
"""
# For these statements alone: both read an index from end to end in its order, and workers of their own would each read
# the whole of the other side.
PLANNED = {
    "work_mem": "'128MB'",
    "random_page_cost": "1.1",
    "enable_hashjoin": "off",
    "max_parallel_workers_per_gather": "0",
}
ESTIMATE = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'cdrs_cdr'::regclass"


def is_long(count: int) -> bool:
    """Whether a range of so many CDRs is worth looking at all that there are."""
    if count < LONG:
        return False
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE)
        return count * SHARE >= int(cursor.fetchone()[0])


def probe(within: Range, *, rules: Rules) -> tuple[int, list[int]]:
    """How many of the range need not wait, and which of them have to be judged."""
    with connection.cursor() as cursor:
        cursor.execute(PROBE, _get_values(within, rules))
        found = cursor.fetchall()
    return len(found), [cdr for cdr, is_suspect in found if is_suspect]


def sift(within: Range, *, count: int, rules: Rules) -> Iterator[list[int]]:
    """Those of the range that have to be judged, and all that bill the same or at the same time as another.

    In two parts: the first can be judged while the second is still looked for.
    """
    with ThreadPoolExecutor(1) as threads:
        beside = threads.submit(_run_beside, AMONG_CDRS) if count >= SIDE_BY_SIDE else None
        with_sessions = _run(WITH_SESSIONS, _get_values(within, rules))
        yield sorted(with_sessions)
        among = _run(AMONG_CDRS, {}) if beside is None else beside.result()
        yield sorted(among - with_sessions)


def _get_values(within: Range, rules: Rules) -> dict[str, Any]:
    due = [rules.due_after, *CdrClock.objects.values_list("due_after", flat=True)]
    # Not in days: adding these goes through the calendar, for each CDR.
    late: dict[str, Any] = {
        name: f"{after // timedelta(microseconds=1)} microseconds"
        for name, after in (("soonest", min(due)), ("latest", max(due)))
    }
    return {**rules.values, **within.values, **late, "judged": JUDGED_KINDS}


def _run_beside(sql: str) -> set[int]:
    """On a connection of its own, which sees what is committed: CDRs are, by those who took them in."""
    try:
        with transaction.atomic():
            return _run(sql, {})
    finally:
        connection.close()


def _run(sql: str, values: Mapping[str, Any]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("".join(f"SET LOCAL {name} = {value};" for name, value in PLANNED.items()))
        cursor.execute(sql, values or None)
        found = {row[0] for row in cursor.fetchall()}
        cursor.execute("".join(f"SET LOCAL {name} TO DEFAULT;" for name in PLANNED))
    return found
