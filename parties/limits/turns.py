"""Calls open at the same time, per platform. What is too many waits its turn: not for long, and not many of them."""

from __future__ import annotations

import asyncio
from collections import deque

MAX_QUEUE = 256  # per platform


class NoTurn(Exception):
    """As many calls are open as may be, and that lasted."""


class Turns:
    """For one event loop."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}

    def count_open(self, platform: int) -> int:
        return self._open.get(platform, 0)

    def take_at_once(self, platform: int, *, limit: int) -> bool:
        """False: it would have to wait."""
        if self._queues.get(platform) or self._open.get(platform, 0) >= limit:
            return False
        self._open[platform] = self._open.get(platform, 0) + 1
        return True

    async def take(self, platform: int, *, limit: int, patience: float) -> None:
        """
        Raises:
            NoTurn: nobody finished within `patience` seconds, or too many wait already.
        """
        if self.take_at_once(platform, limit=limit):
            return
        queue = self._queues.get(platform)
        if patience <= 0 or (queue and len(queue) >= MAX_QUEUE):
            raise NoTurn
        await self._wait(platform, patience=patience)

    async def _wait(self, platform: int, *, patience: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(platform, deque())
        queue.append(turn)
        try:
            async with asyncio.timeout(patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it came at the last moment
                self.give_back(platform, limit=self.count_open(platform))
            elif turn in queue:
                queue.remove(turn)
            if not queue:
                self._queues.pop(platform, None)
            if isinstance(error, TimeoutError):
                raise NoTurn from error
            raise

    def give_back(self, platform: int, *, limit: int) -> None:
        """To the next who waits, unless there are fewer turns than before."""
        queue = self._queues.get(platform)
        while queue and self._open[platform] <= limit:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        if not queue:
            self._queues.pop(platform, None)
        left = self._open[platform] - 1
        if left:
            self._open[platform] = left
        else:
            del self._open[platform]
