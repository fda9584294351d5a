"""The still-alive check at work (HCI-11): asks platforms that were silent, and sooner those that are away or rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connections

from parties import presence
from parties.limits import get_limits
from parties.limits.listing import note_alive, read_breakers
from parties.models import Platform

logger = logging.getLogger(__name__)

THREADS = 8
RUN = timedelta(seconds=5)  # no probe begins later: when the last have ended, the next run is about due


def watch(*, clock: Callable[[], datetime]) -> int:
    """How many had their turn; the others come first next time. Whose turn it is, and how they are, presence knows."""
    begun_at = clock()
    due = get_due(now=begun_at)
    if not due:
        return 0
    with ThreadPoolExecutor(min(THREADS, len(due)), thread_name_prefix="probe") as threads:
        return sum(threads.map(lambda platform: _probe(platform, clock=clock, until=begun_at + RUN), due))


def get_due(*, now: datetime) -> list[int]:
    return presence.due_probes(now=now, silence=timedelta(seconds=settings.HUB_SILENCE), sick=read_breakers() or ())


def _probe(platform: int, *, clock: Callable[[], datetime], until: datetime) -> bool:
    """False: the run is over."""
    now = clock()
    if now >= until:
        return False
    try:
        if presence.probe(platform, now=now):
            note_alive(platform, get_limits().breakers)  # nobody may have called it who would find out
    except Platform.DoesNotExist:
        logger.info("platform %d went away before it was asked", platform)
    finally:
        connections.close_all()
    return True
