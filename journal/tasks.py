"""Celery shells of the journal. Old days are dropped by whoever knows how far the lanes are, not here."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from journal.partitions import ensure_partitions


@shared_task
def keep_partitions(**kwargs: Any) -> int:
    return ensure_partitions(now())
