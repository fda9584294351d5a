"""Hooks into Celery: its log lines are ours, its tasks are counted, beat and workers leave signs of life."""

from __future__ import annotations

import logging
import logging.config
import time
from typing import Any

import redis
from celery import signals
from django.conf import settings

from telemetry import alive

logger = logging.getLogger(__name__)

SIGN_SECONDS = 5.0


class _Signs:
    """Of this process; `note` runs at most every few seconds, and never fails."""

    is_beat = False
    noted_at = 0.0
    client: redis.Redis | None = None

    @classmethod
    def note(cls, worker: str = "") -> None:
        if time.monotonic() - cls.noted_at < SIGN_SECONDS:
            return
        cls.noted_at = time.monotonic()
        cls.client = cls.client or alive.connect()
        try:
            if worker:
                alive.note_worker(cls.client, worker, at=time.time())
            else:
                alive.note_beat(cls.client, at=time.time())
        except (redis.RedisError, OSError) as error:
            logger.debug("no sign of life could be left: %s", error)


def connect() -> None:
    """Once per process, where the Celery app is made."""
    signals.setup_logging.connect(_set_up_logging, weak=False)
    signals.task_prerun.connect(_begin_task, weak=False)
    signals.task_postrun.connect(_end_task, weak=False)
    signals.beat_init.connect(_begin_beat, weak=False)
    signals.before_task_publish.connect(_note_beat, weak=False)
    signals.heartbeat_sent.connect(_note_worker, weak=False)


def _set_up_logging(**kwargs: Any) -> None:
    """That somebody listens here keeps Celery from setting up its own."""
    logging.config.dictConfig(settings.LOGGING)


def _begin_task(task: Any = None, **kwargs: Any) -> None:
    task.request.began = time.perf_counter()


def _end_task(task: Any = None, state: str | None = None, **kwargs: Any) -> None:
    from telemetry import metrics

    outcome = "done" if state == "SUCCESS" else "failed"
    metrics.tasks.labels(task.name, outcome).inc()
    began = getattr(task.request, "began", None)
    if began is not None:
        metrics.task_seconds.labels(task.name).observe(time.perf_counter() - began)


def _begin_beat(**kwargs: Any) -> None:
    _Signs.is_beat = True


def _note_beat(**kwargs: Any) -> None:
    if _Signs.is_beat:
        _Signs.note()


def _note_worker(sender: Any = None, **kwargs: Any) -> None:
    _Signs.note(worker=str(getattr(getattr(sender, "eventer", None), "hostname", "worker")))
