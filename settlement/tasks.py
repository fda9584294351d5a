"""Celery shells: read the clock, make one call, say how much was done."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from django.utils import timezone

from settlement import due

log = structlog.get_logger(__name__)


@shared_task
def close_due_periods(**kwargs: Any) -> dict[str, int]:
    report = due.close_due(now=timezone.now())
    for pair, reason in report.failures.items():
        log.warning("settlement.not_closed", pair=pair, reason=reason)
    return {"statements": len(report.statements), "failures": len(report.failures)}
