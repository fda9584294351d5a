"""The still-alive check at work (HCI-11): asks platforms that were silent, and sooner those that are away or rest."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections
from django.db.models import Q

from parties import presence
from parties.limits import get_limits
from parties.limits.listing import note_alive, read_breakers
from parties.models import Platform

logger = logging.getLogger(__name__)

THREADS = 8
AWAY_AGAIN = timedelta(seconds=15)  # what waits for an offline platform should not wait for its silence to end


def watch(*, now: datetime) -> int:
    """How many were asked. Their state, and when to ask again, is kept by presence."""
    due = get_due(now=now)
    if due:
        with ThreadPoolExecutor(min(THREADS, len(due)), thread_name_prefix="probe") as threads:
            list(threads.map(lambda platform: _probe(platform, now=now), due))
    return len(due)


def get_due(*, now: datetime) -> list[int]:
    silent = presence.due_probes(now=now, silence=timedelta(seconds=settings.HUB_SILENCE))
    away = (
        Platform.objects.filter(state=Platform.State.REGISTERED)
        .filter(Q(is_online=False) | Q(pk__in=read_breakers() or ()))
        .filter(Q(heartbeat__probed_at__isnull=True) | Q(heartbeat__probed_at__lte=now - AWAY_AGAIN))
        .order_by("id")
        .values_list("id", flat=True)
    )
    return [*silent, *(platform for platform in away if platform not in silent)]


def _probe(platform: int, *, now: datetime) -> None:
    try:
        if presence.probe(platform, now=now):
            note_alive(platform, get_limits().breakers)  # nobody may have called it who would find out
    except Platform.DoesNotExist:
        logger.info("platform %d went away before it was asked", platform)
    finally:
        connections.close_all()
