"""What reconciliation has to show, in figures. Reads only."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import Count

from cdrs.models import Cdr
from reconciliation.models import Finding, State


def summary(*, now: datetime) -> dict[str, Any]:
    """Verified CDRs, and findings that are open. By party, each counts for who billed and for who is billed."""
    live = Cdr.objects.filter(audience="", is_verified=True, deleted_at__isnull=True).order_by()
    opened = Finding.objects.filter(state=State.OPEN).order_by()
    pairs = live.values_list("owner", "token_owner").annotate(cdrs=Count("id"), reconciled=Count("reconciled_at"))
    parties: dict[str, dict[str, int]] = defaultdict(lambda: {"cdrs": 0, "reconciled": 0, "findings": 0})
    totals = {"cdrs": 0, "reconciled": 0}
    for owner, token_owner, cdrs, reconciled in pairs:
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
        "findings": dict(opened.values_list("kind").annotate(count=Count("id"))),
        "by_party": [{"party": party, **parties[party]} for party in sorted(parties)],
    }
