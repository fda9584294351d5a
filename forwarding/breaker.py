"""Which platforms do not answer right now, as one drain has seen it: a dead partner costs nobody else (decision 5)."""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 3
OPEN_SECONDS = 5.0
NOTE_SECONDS = 1.0  # a burst of broken connections is one failure


class Breaker:
    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[int, int] = {}
        self._open_until: dict[int, float] = {}
        self._noted: dict[int, float] = {}
        self._heard: set[int] = set()

    def is_open(self, platform: int) -> bool:
        return self._open_until.get(platform, 0.0) > self._clock()

    def note_answer(self, platform: int) -> None:
        self._failures.pop(platform, None)
        self._open_until.pop(platform, None)
        self._heard.add(platform)

    def note_failure(self, platform: int) -> bool:
        """True: worth telling presence of."""
        self._failures[platform] = self._failures.get(platform, 0) + 1
        if self._failures[platform] >= FAILURES:
            self._open_until[platform] = self._clock() + OPEN_SECONDS
        if self._clock() - self._noted.get(platform, float("-inf")) < NOTE_SECONDS:
            return False
        self._noted[platform] = self._clock()
        return True

    def take_heard(self) -> set[int]:
        """Who answered since this was last asked."""
        heard, self._heard = self._heard, set()
        return heard
