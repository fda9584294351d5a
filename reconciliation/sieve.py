"""Which CDRs of a long range are worth a judgement: one statement over covering indexes, no row of a table is read.

It keeps all that `classify.py` could raise anything for, and some more; the others are beyond doubt. Its branches run
side by side where PostgreSQL has workers for it.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from reconciliation.judge import Rules
from reconciliation.models import CdrClock
from reconciliation.position import Range
from reconciliation.sql import BILLS, JUDGED_KINDS, LIVE, NAMING_KINDS

LONG = 20_000  # CDRs in a range: below that, judging them all is cheaper
SHARE = 20  # and where the range is not one CDR in so many

# Equal is asked first: it is cheap, and true nearly always.
DIFFERS = """
    s.owner IS NULL OR c.is_credit OR s.status <> 'COMPLETED'
    OR (c.total_energy <> s.kwh AND abs(c.total_energy - s.kwh) > %(energy)s)
    OR (c.total_cost <> s.total_cost AND abs(c.total_cost - s.total_cost) > %(cost)s)
    OR (c.currency <> s.currency AND upper(c.currency) <> upper(s.currency))
    OR c.token_owner <> s.token_owner
    OR (c.start_at <> s.start_at AND greatest(c.start_at - s.start_at, s.start_at - c.start_at) > %(time)s)
    OR (c.end_at <> s.end_at AND greatest(c.end_at - s.end_at, s.end_at - c.end_at) > %(time)s)
    OR (c.received_at > c.end_at + %(soonest)s AND s.received_at <= c.end_at + %(latest)s)
"""
# Of several that bill the same one is kept; those beside it are found as its neighbours. The first two can be divided
# among workers, and OFFSET keeps them apart from the third, which cannot.
SIEVE = f"""
SELECT id FROM (
    SELECT c.id FROM cdrs_cdr c
      LEFT JOIN charging_sessions_session s
        ON s.object_key = c.session_key AND s.owner = c.owner AND {LIVE.format("s")}
     WHERE {LIVE.format("c")} AND {Range.SQL} AND ({DIFFERS})
     UNION ALL
    SELECT max(c.id) FROM cdrs_cdr c
     WHERE {LIVE.format("c")} AND c.session_key <> ''
     GROUP BY hashtextextended(c.session_key, hashtext(c.owner)) HAVING count(*) > 1
    OFFSET 0
) by_session
 UNION ALL
SELECT id FROM (
    SELECT c.id, c.start_at, max(c.end_at) OVER before AS occupied_until
      FROM cdrs_cdr c
     WHERE {BILLS.format("c")} AND c.evse_key <> ''
    WINDOW before AS (
        PARTITION BY c.owner, c.evse_key ORDER BY c.start_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
) by_evse
 WHERE occupied_until >= start_at
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
# For this statement alone: its joins are long, and so it may take memory and workers.
PLANNED = {
    "work_mem": "'128MB'",
    "random_page_cost": "1.1",
    "enable_mergejoin": "off",  # in parallel, each worker would read all sessions
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0.001",
}
ESTIMATE = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'cdrs_cdr'::regclass"


def is_long(count: int) -> bool:
    """Whether a range of so many CDRs is worth looking at all that there are."""
    if count < LONG:
        return False
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE)
        return count * SHARE >= int(cursor.fetchone()[0])


def sift(within: Range, *, rules: Rules) -> list[int]:
    """The CDRs that have to be judged, those of the range among them."""
    due = [rules.due_after, *CdrClock.objects.values_list("due_after", flat=True)]
    late: dict[str, Any] = {"soonest": min(due), "latest": max(due)}
    with connection.cursor() as cursor:
        cursor.execute("".join(f"SET LOCAL {name} = {value};" for name, value in PLANNED.items()))
        cursor.execute(SIEVE, {**rules.values, **within.values, **late, "judged": JUDGED_KINDS})
        found = sorted({row[0] for row in cursor.fetchall()})
        cursor.execute("".join(f"SET LOCAL {name} TO DEFAULT;" for name in PLANNED))
    return found
