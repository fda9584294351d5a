"""Loops between hubs are cut here: a call that is on its way to a peer hub is not sent there a second time (ROUTE-46).

Asked for hops to peer hubs only. Each process remembers its own calls, and Redis those of all of them; without Redis
what is left is the process's own memory, and that every call has its time.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ocpi.calls import Call, PartyId

logger = logging.getLogger(__name__)

REDIS_SECONDS = 0.5  # to wait for an answer of Redis
PAUSE_SECONDS = 5.0  # without asking Redis after it failed


def make_key(call: Call, *, platform: int, receiver: PartyId, url: str) -> str:
    """Coming round, a call has the same correlation id, end parties and place; parallel ones of a flow do not."""
    parts = (settings.HUB_PARTY.key, str(platform), call.correlation_id, call.method, receiver.key, url)
    return "hub:hop:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Hops:
    """The calls that are on their way to peer hubs now."""

    def __init__(self, redis: Redis | None = None) -> None:
        self._redis = redis or Redis.from_url(
            settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        )
        self._here: set[str] = set()
        self._asks_again = 0.0

    async def close(self) -> None:
        await self._redis.aclose()

    @asynccontextmanager
    async def hold(self, key: str, *, seconds: float) -> AsyncIterator[bool]:
        """False: it is on its way already. `seconds`: how long the call may last at most."""
        if key in self._here:
            yield False
            return
        self._here.add(key)
        try:
            is_first = await self._claim(key, seconds=seconds)
            try:
                yield is_first
            finally:
                if is_first:
                    await self._release(key)
        finally:
            self._here.discard(key)

    async def _claim(self, key: str, *, seconds: float) -> bool:
        if time.monotonic() < self._asks_again:
            return True
        try:
            return bool(await self._redis.set(key, "1", nx=True, ex=math.ceil(seconds) + 1))
        except (RedisError, OSError) as error:
            self._pause(error)
            return True

    async def _release(self, key: str) -> None:
        """It expires by itself if this fails; until then the same call is refused."""
        if time.monotonic() < self._asks_again:
            return
        try:
            await self._redis.delete(key)
        except (RedisError, OSError) as error:
            self._pause(error)

    def _pause(self, error: Exception) -> None:
        logger.warning("loops of hubs are looked for without Redis: %s", error)
        self._asks_again = time.monotonic() + PAUSE_SECONDS
