"""Threads that look up names of hosts. A look-up cannot be cut off, only left behind: so they are daemons, and no
process waits for them at its end, as it does for those of a ThreadPoolExecutor."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
Asked = Future[list[AddressInfo]]


class Resolver:
    """At most so many at once; what is asked beside them waits."""

    def __init__(self, threads: int, *, name: str) -> None:
        self._most = threads
        self._name = name
        self._started = 0
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[tuple[Asked, str, int] | None] = SimpleQueue()

    def ask(self, host: str, port: int) -> Asked:
        """The machine's resolver; may raise what `socket.getaddrinfo` does."""
        asked: Asked = Future()
        self._waiting.put((asked, host, port))
        with self._lock:
            if self._started < self._most:
                self._started += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return asked

    def close(self) -> None:
        """The threads end when they have answered what was asked."""
        with self._lock:
            for _ in range(self._started):
                self._waiting.put(None)

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            _answer(*one)


def _answer(asked: Asked, host: str, port: int) -> None:
    if not asked.set_running_or_notify_cancel():
        return
    try:
        found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except Exception as error:
        asked.set_exception(error)
    else:
        asked.set_result(found)
