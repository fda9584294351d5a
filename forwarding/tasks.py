"""Celery shells of what goes out. Safe to run twice, safe to lose: everything still waits in the database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import uvloop
from celery import shared_task
from django.db import connection
from django.utils.timezone import now

from forwarding import lanes
from forwarding.announce import Settled, announce
from forwarding.drain import LINGER, drain
from forwarding.facts import Known
from forwarding.pull import pull_next
from forwarding.pull_ask import ask_missed, ask_scheduled
from forwarding.purge import purge_old
from forwarding.resync import resync_next
from forwarding.retention import keep_logs
from forwarding.threads import Threads
from forwarding.wake import hush, take_wake_up
from forwarding.watch import watch
from journal.writer import Writer
from telemetry import tally

_known = Known()
_threads = Threads()


def _tell_time() -> datetime:
    """Asked several times per delivery: Django's own looks into its settings each time."""
    return datetime.now(UTC)


_settled = Settled()


@shared_task
def drain_lanes(**kwargs: Any) -> int:
    take_wake_up()
    with connection.cursor() as cursor:
        if not lanes.is_there_work(cursor, now=now()):  # asked each second: to begin a drain costs ten times as much
            return 0
    tally.start()  # the figures of many deliveries together: to tell them one by one costs a tenth of a delivery
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the web process has
            return runner.run(drain(clock=_tell_time, known=_known, linger=LINGER, hush=hush, threads=_threads))
    finally:
        tally.stop()


@shared_task
def watch_presence(**kwargs: Any) -> int:
    return watch(clock=now)


@shared_task
def announce_clients(**kwargs: Any) -> int:
    writer = Writer()
    try:
        count = announce(writer=writer, settled=_settled, now=now())
    finally:
        writer.stop()
    if count:
        drain_lanes.apply_async(expires=5)
    return count


@shared_task
def pull_lists(**kwargs: Any) -> int:
    """One list at a time, in a worker that does not deliver."""
    moment = now()
    ask_missed(now=moment)
    ask_scheduled(now=moment)
    return 1 if pull_next(clock=now) else 0


@shared_task
def resync_lanes(**kwargs: Any) -> int:
    count = resync_next(clock=now) or 0
    if count:
        drain_lanes.apply_async(expires=5)
    return count


@shared_task
def drop_old_days(**kwargs: Any) -> int:
    return keep_logs(now=now())


@shared_task
def purge(**kwargs: Any) -> int:
    return purge_old(now=now())
