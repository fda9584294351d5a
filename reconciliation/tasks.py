"""Celery shells: read the clock, make one call, say how much was done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from reconciliation import dispute_watch, reconcile


@shared_task
def reconcile_pending_cdrs(*, limit: int = 10_000, **kwargs: Any) -> dict[str, int]:
    return {"reconciled": reconcile.reconcile_pending(now=timezone.now(), limit=limit)}


@shared_task
def find_sessions_without_cdr(**kwargs: Any) -> dict[str, int]:
    older_than = timedelta(seconds=settings.HUB_CDR_DUE)
    return {"found": reconcile.find_sessions_without_cdr(now=timezone.now(), older_than=older_than)}


@shared_task
def watch_disputes(**kwargs: Any) -> dict[str, int]:
    return dispute_watch.watch(now=timezone.now())
