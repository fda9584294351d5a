"""The evidence of disputes that were closed long ago goes: it names tokens, places and times (personal data)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from forwarding.purge import PIECE, delete
from reconciliation.dispute import DisputeEvidence


def forget_evidence(*, now: datetime, piece: int = PIECE) -> int:
    """How many exhibits went. Dispute and conversation stay; while a dispute holds its CDR, it is not closed."""
    closed_before = now - timedelta(days=settings.HUB_EVIDENCE_DAYS)
    old = Q(dispute__is_holding=False, dispute__closed_at__lt=closed_before)
    return delete(DisputeEvidence, old, piece=piece)
