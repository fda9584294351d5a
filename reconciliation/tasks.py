"""Celery shells: read the clock, make one call, say how much was done."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from reconciliation import dispute_watch, fetch, forget, rate, reconcile, unbilled


@shared_task
def reconcile_pending_cdrs(*, limit: int = reconcile.LIMIT, **kwargs: Any) -> dict[str, int]:
    return {"reconciled": reconcile.reconcile_pending(now=timezone.now(), limit=limit, patient=False)}


@shared_task
def find_sessions_without_cdr(**kwargs: Any) -> dict[str, int]:
    return {"found": unbilled.find_sessions_without_cdr(now=timezone.now(), patient=False)}


@shared_task
def ask_for_missing_cdrs(**kwargs: Any) -> dict[str, int]:
    return {"asked": fetch.ask_for_missing(now=timezone.now())}


@shared_task
def rate_pending_cdrs(*, limit: int = 10_000, **kwargs: Any) -> dict[str, int]:
    return {"rated": rate.rate_pending(now=timezone.now(), limit=limit)}


@shared_task
def forget_evidence(**kwargs: Any) -> dict[str, int]:
    return {"forgotten": forget.forget_evidence(now=timezone.now())}


@shared_task
def watch_disputes(**kwargs: Any) -> dict[str, int]:
    return dispute_watch.watch(now=timezone.now())
