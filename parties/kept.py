"""What was put together once, in the memory of one process: bounded in bytes; what was asked longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

MOST = 48 * 1024 * 1024  # of the 300 MB a web process may take
REMEMBERED = 256  # questions, and the answers to them


class Kept:
    def __init__(self, *, most: int = MOST, remembered: int = REMEMBERED) -> None:
        self._most = most
        self._remembered = remembered
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._asked: OrderedDict[Hashable, None] = OrderedDict()
        self._latest: OrderedDict[Hashable, Hashable] = OrderedDict()  # key, by question
        self._lock = threading.Lock()
        self.size = 0  # bytes

    def get(self, key: Hashable) -> Any | None:
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, *, size: int, answers: Hashable) -> None:
        """In place of what answered the same question before. What is larger than an eighth of the room is not worth
        what it would drive out."""
        if size > self._most // 8:
            return
        with self._lock:
            self._drop(self._latest.pop(answers, None))
            self._drop(key)
            self._latest[answers] = key
            if len(self._latest) > self._remembered:
                self._latest.popitem(last=False)
            self._items[key] = value, size
            self.size += size
            while self.size > self._most:
                self._drop(next(iter(self._items)))

    def was_asked(self, question: Hashable) -> bool:
        """Lately, and it is noted that it is asked now."""
        with self._lock:
            known = question in self._asked
            self._asked[question] = None
            self._asked.move_to_end(question)
            if len(self._asked) > self._remembered:
                self._asked.popitem(last=False)
            return known

    def _drop(self, key: Hashable) -> None:
        _, size = self._items.pop(key, (None, 0))
        self.size -= size
