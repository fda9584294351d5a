"""The limits of one process, put together: may this call go out now, and how much of a platform's room is ours?"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from django.conf import settings

from parties.limits.breaker import Breakers, Broken, Permission
from parties.limits.share import Share

ASK_SECONDS = 0.25  # that a call may wait to be told it is the probe


class NotNow(Exception):
    """The platform is left alone. The message is for people."""


class Ticket:
    """One call that may go out. `with ticket:` and say how it ended; a call nobody says anything of proves nothing."""

    def __init__(self, limits: Limits, platform: int, *, is_probe: bool) -> None:
        self._limits = limits
        self._platform = platform
        self._is_probe = is_probe
        self._started = limits.clock()

    def note_answer(self) -> None:
        self._limits.breakers.note_answer(self._platform)

    def note_failure(self, reason: str) -> None:
        self._limits.breakers.note_failure(self._platform, reason=reason, started=self._started)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_probe:
            self._limits.end_probe(self._platform)


class Limits:
    """`share` is None where there is nobody to share with: in tests of one client."""

    def __init__(
        self,
        *,
        share: Share | None = None,
        clock: Callable[[], float] = time.time,
        failures: int | None = None,
        pause: float | None = None,
    ) -> None:
        self.pid = os.getpid()
        self.clock = clock
        self.breakers = Breakers(
            failures=failures or settings.HUB_BREAKER_FAILURES,
            pause=settings.HUB_BREAKER_PAUSE if pause is None else pause,
            clock=clock,
            on_change=share.tell if share else lambda platform, broken: None,
        )
        self._share = share
        self._probing: set[int] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        if self._share is not None:
            self._share.start(self.breakers)

    def stop(self) -> None:
        if self._share is not None:
            self._share.stop()

    def count_processes(self, kind: str | None = None) -> int:
        """That live, as last known; never none."""
        if self._share is None:
            return 1
        return max(1, self._share.total if kind is None else self._share.processes.get(kind, 0))

    def get_part(self, cap: int) -> int:
        """Our part of what all processes together may have open at one platform."""
        return max(1, cap // self.count_processes())

    def get_reason_to_rest(self, platform: int) -> str:
        """Why a call would be refused; "" if not. A quick look: `admit` decides."""
        broken = self.breakers.get(platform)
        if broken is None or self.breakers.look(platform) is not Permission.NO:
            return ""
        return self._explain(broken)

    def get_ticket(self, platform: int) -> Ticket | None:
        """Where nothing has to be asked first, as nearly always; else `admit`."""
        return Ticket(self, platform, is_probe=False) if self.breakers.look(platform) is Permission.GO else None

    async def admit(self, platform: int) -> Ticket:
        """
        Raises:
            NotNow: its breaker is open.
        """
        permission = self.breakers.look(platform)
        if permission is Permission.GO:
            return Ticket(self, platform, is_probe=False)
        if permission is Permission.ASK and await self._may_probe(platform):
            return Ticket(self, platform, is_probe=True)
        broken = self.breakers.get(platform)
        if broken is None:  # closed while we asked
            return Ticket(self, platform, is_probe=False)
        raise NotNow(self._explain(broken))

    async def _may_probe(self, platform: int) -> bool:
        with self._lock:
            if platform in self._probing:
                return False
            self._probing.add(platform)
        try:
            if await self._ask_others(platform):
                return True
        except BaseException:
            self.end_probe(platform)
            raise
        with self._lock:
            self._probing.discard(platform)
        return False

    async def _ask_others(self, platform: int) -> bool:
        share = self._share
        if share is None or not share.is_up:
            return True
        future = share.ask(platform)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            future.add_done_callback(lambda done: share.give_back(platform))
            return False

    def end_probe(self, platform: int) -> None:
        with self._lock:
            self._probing.discard(platform)
        if self._share is not None:
            self._share.give_back(platform)

    def _explain(self, broken: Broken) -> str:
        since = datetime.fromtimestamp(broken.since, UTC)
        wait = max(1, round(broken.until - self.clock()))
        return (
            f"no answer {broken.failures} times in a row since {since:%Y-%m-%dT%H:%M:%SZ};"
            f" the hub tries again in {wait} s, or as soon as it calls the hub: send it again then"
        )


_current: Limits | None = None
_making = threading.Lock()


def get_limits(kind: str = "worker") -> Limits:
    """Those of this process; begun with the first use, after any fork."""
    global _current
    if _current is None or _current.pid != os.getpid():
        with _making:
            if _current is None or _current.pid != os.getpid():
                _current = Limits(share=Share(url=settings.REDIS_URL, kind=kind))
                _current.start()
    return _current


def stop_limits() -> None:
    global _current
    limits, _current = _current, None
    if limits is not None and limits.pid == os.getpid():
        limits.stop()
