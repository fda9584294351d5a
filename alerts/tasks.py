"""Celery shells of the alerts."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from alerts.deliver import deliver
from alerts.evaluate import evaluate


@shared_task
def evaluate_alerts(**kwargs: Any) -> int:
    evaluate(now=now())
    return deliver(now=now())
