"""Celery shells: read the clock, make one call, say how much was done."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from settlement import due

logger = logging.getLogger(__name__)


@shared_task
def close_due_periods(**kwargs: Any) -> dict[str, int]:
    report = due.close_due(now=timezone.now())
    for pair, reason in report.failures.items():
        logger.warning("%s: not closed: %s", pair, reason)
    return {"statements": len(report.statements), "failures": len(report.failures)}
