"""How many deliveries one platform gets at a time: one while it answers at once, more when others have to wait for it.

Each call that is open beside another needs a connection of its own, and to open one costs as much as several
deliveries. Whoever answers within milliseconds loses nothing by it; who takes longer has all its room soon.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 0.06
SLOW_SECONDS = 0.004  # to answer, while the drain has little else to do
BUSY = 0.75  # of its time: then what takes long is the drain itself, and more connections make it worse


class Pace:
    """Of one platform in one drain, for all its lanes together. `most`: what this process may have open there."""

    def __init__(self, *, worked: Callable[[], float]) -> None:
        self.most = 1
        self._get_worked = worked
        self._limit = 1
        self._open = 0
        self._done = 0  # since the last look
        self._changed_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._look: asyncio.TimerHandle | None = None
        self._worked = 0.0  # seconds of this thread, at the last look

    @property
    def is_slow(self) -> bool:
        """Its lanes wait for it more than they work."""
        return self._limit > 1 or (self._open > 0 and self._loop.time() - self._changed_at > LOOK_SECONDS)

    def take_at_once(self) -> bool:
        """False: it has to wait."""
        if self._waiting or self._open >= min(self._limit, self.most):
            return False
        self._open += 1
        self._changed_at = self._loop.time()
        return True

    async def wait(self) -> None:
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        if self._look is None:
            self._look_later()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came at the last moment
                self.give_back()
            raise

    def give_back(self) -> None:
        self._open -= 1
        self._done += 1
        self._changed_at = self._loop.time()
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._open < min(self._limit, self.most):
            turn = self._waiting.popleft()
            if not turn.done():
                self._open += 1
                turn.set_result(None)

    def _look_later(self) -> None:
        self._done, self._worked = 0, self._get_worked()
        self._look = self._loop.call_later(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """By the clock, while somebody waits: from how many ended since the last look follows how long one takes."""
        self._look = None
        if not self._waiting:
            return
        is_busy = self._get_worked() - self._worked > LOOK_SECONDS * BUSY
        is_quick = self._done * SLOW_SECONDS >= self._limit * LOOK_SECONDS
        if self._done < self._limit or not (is_busy or is_quick):
            self._limit = min(self._limit * 2, max(1, self.most))
        elif is_busy and is_quick:
            self._limit = max(1, self._limit // 2)
        self._let_in()
        if self._waiting:
            self._look_later()


class Paces:
    """Of one drain."""

    def __init__(self) -> None:
        self._known: dict[int, Pace] = {}
        self._worked = self._read_at = 0.0

    def get(self, platform: int) -> Pace:
        found = self._known.get(platform)
        if found is None:
            found = self._known[platform] = Pace(worked=self._get_worked)
        return found

    def _get_worked(self) -> float:
        """All of them ask all the time, and the file costs more than the answer is worth."""
        if time.monotonic() - self._read_at > LOOK_SECONDS / 10:
            self._read_at, self._worked = time.monotonic(), get_worked()
        return self._worked


def get_worked() -> float:
    """Seconds in which this thread ran, or would have if others had not had the processor."""
    try:
        ran, waited, _ = Path("/proc/thread-self/schedstat").read_bytes().split()
    except OSError:  # only Linux tells it
        return time.thread_time()
    return (int(ran) + int(waited)) / 1e9
