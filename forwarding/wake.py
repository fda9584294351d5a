"""Wakes the lanes when events were appended: at most one drain waits at a time, and nobody is kept waiting for Redis.

Losing a wake-up costs a second at most: the lanes are swept by the clock anyway.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from celery import current_app
from celery.exceptions import CeleryError
from django.conf import settings
from kombu.exceptions import KombuError

logger = logging.getLogger(__name__)

TASK = "forwarding.tasks.drain_lanes"
KEY = "hub:lanes:wake"
WAITING, AWAKE = b"1", b"awake"  # what it holds: a drain was asked for; one is there that looks for itself
KEY_SECONDS = 2
HUSH_SECONDS = 1
GATHER_SECONDS = 0.02
PAUSE_SECONDS = 1.0  # after a failure: Redis is away, and the sweep goes on without it


@cache
def _get_client(url: str) -> redis.Redis:
    """Of this process; its connections are kept."""
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


class Waker:
    """`wake` may be called from any thread, as often as anybody likes; it sets a flag."""

    def __init__(self) -> None:
        self._flag = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._redis = _get_client(settings.REDIS_URL)

    def start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._stop.set()
        self._flag.set()
        if thread is not None:
            thread.join(timeout=5)

    def wake(self) -> None:
        self._flag.set()

    def _run(self) -> None:
        while True:
            self._flag.wait()
            if self._stop.wait(GATHER_SECONDS):
                return
            self._flag.clear()
            try:
                self._send()
            except (redis.RedisError, KombuError, CeleryError, OSError) as error:
                logger.warning("the lanes could not be woken: %s", error)
                self._stop.wait(PAUSE_SECONDS)

    def _send(self) -> None:
        if self._redis.set(KEY, WAITING, nx=True, ex=KEY_SECONDS):
            current_app.send_task(TASK, expires=5, retry=False, ignore_result=True)


def take_wake_up() -> None:
    """The drain that was waited for begins: what is appended from now on asks for another one, unless one is awake."""
    client = _get_client(settings.REDIS_URL)
    with _forgiven():
        if client.get(KEY) == WAITING:
            client.delete(KEY)


def hush(is_awake: bool) -> None:
    """A drain that is awake and looks for itself needs no other to be woken; it says so again every half second."""
    client = _get_client(settings.REDIS_URL)
    with _forgiven():
        if is_awake:
            client.set(KEY, AWAKE, ex=HUSH_SECONDS)
        else:
            client.delete(KEY)


@contextmanager
def _forgiven() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        logger.warning("the wake-up key could not be changed, it expires by itself: %s", error)
