"""Threads that look up names of hosts. A look-up cannot be cut off, only left behind: so they are daemons, and no
process waits for them at its end, as it does for those of a ThreadPoolExecutor."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from concurrent.futures import Future
from typing import Any

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
Asked = Future[list[AddressInfo]]
SHARE = 4  # threads of one asker; a platform has a host or two


class Resolver:
    """At most so many at once, and of one asker only a few: whose names nobody answers for waits behind itself."""

    def __init__(self, threads: int, *, name: str) -> None:
        self._most = threads
        self._name = name
        self._started = 0
        self._waiting: list[tuple[int, Asked, str, int]] = []
        self._busy: Counter[int] = Counter()  # threads, by asker
        self._is_closed = False
        self._changed = threading.Condition()

    def ask(self, host: str, port: int, *, asker: int) -> Asked:
        """The machine's resolver; may raise what `socket.getaddrinfo` does."""
        asked: Asked = Future()
        with self._changed:
            self._waiting.append((asker, asked, host, port))
            if self._started < self._most:
                self._started += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            self._changed.notify()
        return asked

    def close(self) -> None:
        """The threads end when they have answered what was asked."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while (one := self._take()) is not None:
            asker, asked, host, port = one
            _answer(asked, host, port)
            with self._changed:
                self._busy[asker] -= 1  # whatever may be answered by that, this thread takes next

    def _take(self) -> tuple[int, Asked, str, int] | None:
        with self._changed:
            while True:
                for number, one in enumerate(self._waiting):
                    if self._busy[one[0]] < SHARE:
                        self._busy[one[0]] += 1
                        return self._waiting.pop(number)
                if self._is_closed:
                    return None
                self._changed.wait()


def _answer(asked: Asked, host: str, port: int) -> None:
    if not asked.set_running_or_notify_cancel():
        return
    try:
        found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except Exception as error:
        asked.set_exception(error)
    else:
        asked.set_result(found)
