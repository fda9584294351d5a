"""What this task or thread is at: the call or delivery whose ids every log line of it carries, and how long partners
kept it waiting. Set in the web process per call, in the worker per lane. Costs about a microsecond."""

from __future__ import annotations

import time
from contextvars import ContextVar


class Work:
    """`hidden`: what this call brought along and no log line may show: its token, a person's token uid."""

    __slots__ = (
        "_open",
        "_since",
        "correlation_id",
        "hidden",
        "method",
        "module",
        "platform",
        "request_id",
        "started",
        "waited",
    )

    def __init__(
        self,
        *,
        request_id: str = "",
        correlation_id: str = "",
        module: str = "",
        method: str = "",
        platform: int | None = None,
    ) -> None:
        self.request_id = request_id
        self.correlation_id = correlation_id
        self.module = module
        self.method = method
        self.platform = platform
        self.hidden: tuple[str, ...] = ()
        self.started = time.perf_counter()
        self.waited = 0.0  # seconds in which at least one partner was asked
        self._open = 0
        self._since = 0.0

    def hide(self, *texts: str | None) -> None:
        self.hidden += tuple(filter(None, texts))

    def begin_waiting(self) -> None:
        if self._open == 0:
            self._since = time.perf_counter()
        self._open += 1

    def end_waiting(self) -> None:
        self._open -= 1
        if self._open == 0:
            self.waited += time.perf_counter() - self._since

    def get_own_seconds(self) -> float:
        return max(0.0, time.perf_counter() - self.started - self.waited)


_current: ContextVar[Work | None] = ContextVar("work", default=None)


def begin(work: Work) -> Work:
    """In a task or thread of its own: nothing is put back at the end."""
    _current.set(work)
    return work


def get() -> Work | None:
    return _current.get()
