"""The way of jobs from event loops to the writer's thread: all that one turn of a loop brings goes over together.

So the thread is woken once for them and not once for each, and its batches are as large as they can be without anybody
waiting: with each job by itself it would set off with the first, while the others are a few microseconds away.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Intake(Generic[T]):
    """`add` in any event loop, `take` in one thread, `end` anywhere, once nothing is added any more."""

    def __init__(self) -> None:
        self.count = 0  # added and not taken yet
        self._turns: dict[asyncio.AbstractEventLoop, list[T]] = {}
        self._queue: queue.SimpleQueue[list[T] | None] = queue.SimpleQueue()
        self._left: list[T] = []  # taken from the queue, but too many for one batch
        self._lock = threading.Lock()

    def add(self, item: T, *, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            self.count += 1
            turn = self._turns.get(loop)
            if turn is not None:
                turn.append(item)
                return
            self._turns[loop] = [item]
        loop.call_soon(self._hand_over, loop)

    def end(self) -> None:
        """What was added is still taken."""
        with self._lock:
            turns, self._turns = self._turns, {}
        for turn in turns.values():
            self._queue.put(turn)
        self._queue.put(None)

    def take(self, *, most: int, timeout: float | None) -> list[T] | None:
        """Whatever waits, up to `most`; nothing after `timeout` seconds; None at the end."""
        batch = self._left
        if not batch:
            try:
                first = self._queue.get(timeout=timeout)
            except queue.Empty:
                return []
            if first is None:
                return None
            batch = first
        while len(batch) < most and (following := self._get_following()):
            batch += following
        batch, self._left = batch[:most], batch[most:]
        with self._lock:
            self.count -= len(batch)
        return batch

    def _get_following(self) -> list[T] | None:
        try:
            following = self._queue.get_nowait()
        except queue.Empty:
            return None
        if following is None:
            self._queue.put(None)  # these first, then the end
        return following

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            turn = self._turns.pop(loop, None)
        if turn:
            self._queue.put(turn)
