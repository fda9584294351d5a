"""What the processes tell each other through Redis: breakers, who may try, who lives. One thread; nobody waits for it
but the one call that wants to be a probe, and that only for a moment.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import redis

from parties.limits.breaker import Breakers, Broken, read, write

logger = logging.getLogger(__name__)

BREAKERS = "hub:breakers"
PROBE = "hub:breaker:probe:{platform}"
PROCESSES = "hub:processes"
POLL_SECONDS = 0.25
BEAT_SECONDS = 1.0
GONE_SECONDS = 5.0  # without a beat
PROBE_SECONDS = 30.0  # longer than any call of ours
PAUSE_SECONDS = 0.5  # after a failure
KEEP_SECONDS = 7 * 86400  # what nobody touches for so long is of no use

# By Redis's own clock: those of the machines may differ.
_BEAT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Share:
    """One per process; start it after a fork, never before. `processes`: how many live, by kind, as last known."""

    def __init__(self, *, url: str, kind: str) -> None:
        self.name = f"{kind}:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.processes: dict[str, int] = {kind: 1}
        self.total = 1  # of them: asked with every call
        self.is_up = False
        self._breakers: Breakers | None = None
        self._redis = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._news: dict[int, Broken | None] = {}
        self._asked: list[tuple[int, Future[bool]]] = []
        self._given_back: set[int] = set()
        self._beat_at = float("-inf")
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)

    def start(self, breakers: Breakers) -> None:
        self._breakers = breakers
        self._thread.start()

    def stop(self) -> None:
        """A process that leaves stops being counted at once."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=5)
        try:
            self._redis.zrem(PROCESSES, self.name)
        except redis.RedisError as error:
            logger.debug("not signed off, it expires by itself: %s", error)
        self._redis.close()

    # Called from anywhere

    def tell(self, platform: int, broken: Broken | None) -> None:
        with self._lock:
            self._news[platform] = broken
        self._wake.set()

    def ask(self, platform: int) -> Future[bool]:
        """May this process try? At most one of all may at a time."""
        future: Future[bool] = Future()
        with self._lock:
            self._asked.append((platform, future))
        self._wake.set()
        return future

    def give_back(self, platform: int) -> None:
        with self._lock:
            self._given_back.add(platform)
        self._wake.set()

    # The thread

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(POLL_SECONDS)
            self._wake.clear()
            try:
                self.exchange()
            except (redis.RedisError, OSError) as error:
                if self.is_up:
                    logger.warning("limits are not shared until Redis is back: %s", error)
                self.is_up = False
                self._stop.wait(PAUSE_SECONDS)

    def exchange(self) -> None:
        """Tell, ask and hear, in one round trip."""
        with self._lock:
            news, self._news = self._news, {}
            asked, self._asked = self._asked, []
            given_back, self._given_back = self._given_back, set()
        try:
            answers = self._send(news, [platform for platform, _ in asked], given_back)
        except BaseException:
            with self._lock:
                self._news = {**news, **self._news}
                self._given_back |= given_back
            for _, future in asked:
                future.set_result(True)  # without Redis each process tries for itself
            raise
        self.is_up = True
        told = self._hear(answers[-1])
        for (platform, future), won in zip(asked, answers[-1 - len(asked) : -1], strict=True):
            future.set_result(self._may_try(platform, bool(won), told))

    def _send(self, news: dict[int, Broken | None], asked: Sequence[int], given_back: set[int]) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        is_due = time.monotonic() - self._beat_at >= BEAT_SECONDS
        if is_due:
            pipe.eval(_BEAT, 1, PROCESSES, self.name, int(GONE_SECONDS * 1000))
        for platform, broken in news.items():
            if broken is None:
                pipe.hdel(BREAKERS, str(platform))
            else:
                pipe.hset(BREAKERS, str(platform), write(broken))
                pipe.expire(BREAKERS, KEEP_SECONDS)
        for platform in given_back:
            pipe.eval(_GIVE_BACK, 1, PROBE.format(platform=platform), self.name)
        for platform in asked:
            pipe.set(PROBE.format(platform=platform), self.name, nx=True, px=int(PROBE_SECONDS * 1000))
        pipe.hgetall(BREAKERS)
        answers: list[Any] = pipe.execute()
        if is_due:
            self._beat_at = time.monotonic()
            self._count(answers[0])
        return answers

    def _count(self, names: Sequence[bytes]) -> None:
        kinds = [name.decode().split(":", 1)[0] for name in names]
        self.processes = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
        self.total = len(kinds)

    def _hear(self, answer: dict[bytes, bytes]) -> dict[int, Broken]:
        told = {broken.platform: broken for broken in map(read, answer.values()) if broken is not None}
        assert self._breakers is not None
        self._breakers.adopt(told, except_for=self._has_news)
        return told

    def _has_news(self, platform: int) -> bool:
        with self._lock:
            return platform in self._news

    def _may_try(self, platform: int, won: bool, told: dict[int, Broken]) -> bool:
        """Not if another has tried meanwhile, and failed."""
        broken = told.get(platform)
        if won and broken is not None and broken.is_resting(now=time.time()):
            self.give_back(platform)
            return False
        return won
