"""Celery shells of upkeep. Safe to run twice, safe to lose."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from parties.list_counts import fold


@shared_task
def fold_list_changes(**kwargs: Any) -> int:
    return fold()
