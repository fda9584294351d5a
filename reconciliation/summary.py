"""What reconciliation has to show, in figures. Reads only."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count

from cdrs.models import LIVE as LIVE_CDRS
from cdrs.models import Cdr
from reconciliation.models import Finding, State
from reconciliation.position import get_position
from reconciliation.rate import count_unrated
from reconciliation.reconcile import RIPE, get_passed, get_rules
from reconciliation.sql import HAS_WAITED, LIVE

# Not looked at yet, or looked at and found to wait for its session.
PENDING = f"""
SELECT c.owner, c.token_owner, count(*) FROM cdrs_cdr c
 WHERE {LIVE.format("c")} AND (c.changed_at, c.id) > (%(ripe_at)s, %(ripe_id)s)
   AND ((c.changed_at, c.id) > (%(passed_at)s, %(passed_id)s) OR NOT {HAS_WAITED})
 GROUP BY 1, 2
"""


def summary(*, now: datetime) -> dict[str, Any]:
    """Verified CDRs, and findings that are open. By party, each counts for who billed and for who is billed."""
    live = Cdr.objects.filter(LIVE_CDRS).order_by()
    waiting = _count_pending(now=now)
    opened = Finding.objects.filter(state=State.OPEN).order_by()
    pairs = live.values_list("owner", "token_owner").annotate(cdrs=Count("id"))
    parties: dict[str, dict[str, int]] = defaultdict(lambda: {"cdrs": 0, "reconciled": 0, "findings": 0})
    totals = {"cdrs": 0, "reconciled": 0}
    for owner, token_owner, cdrs in pairs:
        reconciled = cdrs - waiting.get((owner, token_owner), 0)
        totals["cdrs"] += cdrs
        totals["reconciled"] += reconciled
        for party in {owner, token_owner} - {""}:
            parties[party]["cdrs"] += cdrs
            parties[party]["reconciled"] += reconciled
    for owner, token_owner, findings in opened.values_list("owner", "token_owner").annotate(findings=Count("id")):
        for party in {owner, token_owner} - {""}:
            parties[party]["findings"] += findings
    return {
        "at": now.isoformat(),
        "reconciled": totals["reconciled"],
        "pending": totals["cdrs"] - totals["reconciled"],
        "unrated": count_unrated(),
        "findings": dict(opened.values_list("kind").annotate(count=Count("id"))),
        "by_party": [{"party": party, **parties[party]} for party in sorted(parties)],
    }


def _count_pending(*, now: datetime) -> dict[tuple[str, str], int]:
    (ripe_at, ripe_id), (passed_at, passed_id) = get_position(RIPE), get_passed()
    places: dict[str, Any] = {"ripe_at": ripe_at, "ripe_id": ripe_id, "passed_at": passed_at, "passed_id": passed_id}
    with connection.cursor() as cursor:
        cursor.execute(PENDING, {**get_rules(now=now).values, **places})
        return {(owner, token_owner): count for owner, token_owner, count in cursor.fetchall()}
