"""Figures of the hot path, added up in memory and told to prometheus_client twice a second.

There each addition passes four functions, a lock and a file that processes share; a relayed call makes eleven of them,
a tenth of all its time, a delivery five. Until `start` (in most tasks of a worker, in tests of one function) each is
told at once. A process that is killed loses half a second of figures.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from typing import Any, Protocol

SECONDS = 0.5


class _Told(Protocol):
    def tell(self) -> None: ...


class _State:
    lock = threading.Lock()
    told: list[_Told] = []
    is_gathering = False
    stop = threading.Event()
    thread: threading.Thread | None = None


class Count:
    """Of a counter's child."""

    __slots__ = ("_child", "_new")

    def __init__(self, child: Any) -> None:
        self._child = child
        self._new = 0
        _keep(self)

    def add(self) -> None:
        with _State.lock:
            self._new += 1
        if not _State.is_gathering:
            self.tell()

    def tell(self) -> None:
        with _State.lock:
            new, self._new = self._new, 0
        if new:
            self._child.inc(new)


class Spread:
    """Of a histogram's child, whose buckets are filled by hand: `observe` takes one value at a time."""

    __slots__ = ("_bounds", "_child", "_new", "_sum")

    def __init__(self, child: Any) -> None:
        self._child = child
        self._bounds: list[float] = list(child._upper_bounds)
        self._new: dict[int, int] = {}
        self._sum = 0.0
        _keep(self)

    def add(self, value: float) -> None:
        bucket = bisect_left(self._bounds, value)
        with _State.lock:
            self._new[bucket] = self._new.get(bucket, 0) + 1
            self._sum += value
        if not _State.is_gathering:
            self.tell()

    def tell(self) -> None:
        with _State.lock:
            new, self._new = self._new, {}
            added, self._sum = self._sum, 0.0
        for bucket, count in new.items():
            self._child._buckets[bucket].inc(count)
        if new:
            self._child._sum.inc(added)


class Level:
    """Of a gauge's child: only what it is at the moment is told, not what it was in between."""

    __slots__ = ("_child", "_told", "_value")

    def __init__(self, child: Any) -> None:
        self._child = child
        self._value = self._told = 0
        _keep(self)

    def set(self, value: int) -> None:
        self._value = value
        if not _State.is_gathering:
            self.tell()

    def tell(self) -> None:
        value = self._value
        if value != self._told:
            self._child.set(value)
            self._told = value


def start() -> None:
    """From now on what is added is told now and then."""
    if _State.thread is None:
        _State.is_gathering = True
        _State.stop.clear()
        _State.thread = threading.Thread(target=_run, name="figures", daemon=True)
        _State.thread.start()


def stop() -> None:
    """All is told, and from now on at once."""
    thread, _State.thread = _State.thread, None
    if thread is not None:
        _State.is_gathering = False
        _State.stop.set()
        thread.join()
    tell()


def tell() -> None:
    """Everything that was added so far."""
    with _State.lock:
        told = list(_State.told)
    for one in told:
        one.tell()


def _keep(one: _Told) -> None:
    with _State.lock:
        _State.told.append(one)


def _run() -> None:
    while not _State.stop.wait(SECONDS):
        tell()


def _forget() -> None:
    """A child process has no such thread, and perhaps a lock that nobody will open."""
    _State.lock = threading.Lock()
    _State.is_gathering = False
    _State.thread = None


os.register_at_fork(after_in_child=_forget)
