"""Judges CDRs, and with them those whose verdict may change: rows are looked at where they are, in chunks of ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from ocpi.times import SENTINEL
from reconciliation.classify import CLASSIFY, EXPLAIN_DELIVERED
from reconciliation.compare import Thresholds
from reconciliation.sql import BILLS, CHECKS_COLUMNS, JUDGED_KINDS, LIVE, NAMING_KINDS, READY, SAME_SESSION

CHUNK = 10_000  # CDRs per statement
REACH = timedelta(days=3)  # a CDR that lasts longer is looked for among others' that started so long before at most

KEYS = """{0}.id, {0}.owner, {0}.object_id, {0}.object_key, {0}.session_key, {0}.evse_key, {0}.start_at, {0}.end_at,
    {0}.credit_reference_key"""
# CDRs of the same session, charge or EVSE, what a credit takes back and what takes back the same, and those of which a
# finding says that this one stands beside them. OFFSET 0 keeps the planner at index probes, as LIMIT does elsewhere.
NEIGHBOURS = f"""
WITH changed AS MATERIALIZED (
    SELECT {KEYS.format("c")} FROM cdrs_cdr c WHERE c.id = ANY(%(ids)s)
     UNION ALL
    SELECT {KEYS.format("o")} FROM cdrs_cdr c
      JOIN cdrs_cdr o ON o.owner = c.owner AND o.object_key = c.credit_reference_key
     WHERE c.id = ANY(%(ids)s) AND c.is_credit
),
near AS (
    SELECT id FROM changed
     UNION
    SELECT beside.id FROM changed c CROSS JOIN LATERAL (
        SELECT n.id FROM cdrs_cdr n WHERE {SAME_SESSION.format("n", "c")} AND {LIVE.format("n")} OFFSET 0) beside
     UNION
    SELECT beside.id FROM changed c CROSS JOIN LATERAL (
        SELECT n.id FROM cdrs_cdr n
         WHERE n.owner = c.owner AND n.credit_reference_key = ANY(ARRAY[c.object_key, c.credit_reference_key])
           AND n.credit_reference_key <> '' AND n.is_credit AND {LIVE.format("n")} OFFSET 0) beside
     UNION
    SELECT beside.id FROM changed c CROSS JOIN LATERAL (
        SELECT n.id FROM cdrs_cdr n
         WHERE n.owner = c.owner AND n.evse_key = c.evse_key AND n.evse_key <> '' AND {BILLS.format("n")}
           AND n.start_at > c.start_at - %(reach)s AND n.start_at <= greatest(c.start_at, c.end_at)
           AND (n.start_at = c.start_at OR n.end_at >= least(c.start_at, c.end_at))
        OFFSET 0) beside
     UNION
    SELECT beside.id FROM changed c CROSS JOIN LATERAL (
        SELECT n.id FROM reconciliation_finding f
          JOIN cdrs_cdr n ON n.owner = f.owner AND n.object_key = f.cdr_key AND n.audience = ''
         WHERE f.owner = c.owner AND f.expected = c.object_id
           AND f.state = 'open' AND f.kind IN {NAMING_KINDS} OFFSET 0) beside
)
SELECT c.id FROM near JOIN cdrs_cdr c ON c.id = near.id WHERE {LIVE.format("c")} AND {READY}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what CDRs are judged, and when."""

    thresholds: Thresholds
    due_after: timedelta  # until a CDR is late, for CPOs without a clock of their own
    now: datetime
    undelivered: datetime  # those that came before must have been accepted

    @property
    def values(self) -> dict[str, Any]:
        return {
            "now": self.now,
            "patience": self.now - self.thresholds.grace,
            "undelivered": self.undelivered,
            "energy": self.thresholds.energy,
            "cost": self.thresholds.cost,
            "time": self.thresholds.time,
            "due_after": self.due_after,
            "unknown": SENTINEL,
            "reach": REACH,
        }


def judge(ids: Sequence[int], *, rules: Rules) -> None:
    """These CDRs, and those whose verdict may change with them; of both, those that need not wait any longer."""
    with connection.cursor() as cursor:
        for start in range(0, len(ids), CHUNK):
            part = {"ids": list(ids[start : start + CHUNK]), **rules.values}
            cursor.execute(NEIGHBOURS, part)
            ready = {"ids": [row[0] for row in cursor.fetchall()]}
            cursor.execute(CLASSIFY, {**part, **ready, **CHECKS_COLUMNS, "judged": JUDGED_KINDS})


def explain_delivered(*, now: datetime) -> int:
    """Close what has been accepted since."""
    with connection.cursor() as cursor:
        cursor.execute(EXPLAIN_DELIVERED, {"now": now})
        return int(cursor.rowcount)
