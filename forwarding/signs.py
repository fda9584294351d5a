"""Signs of life and of silence that one drain has seen, for presence (HCI-11, HCI-12). Breakers: `parties.limits`."""

from __future__ import annotations

from collections.abc import Callable

NOTE_SECONDS = 1.0  # a burst of broken connections is one failure


class Signs:
    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._noted: dict[int, float] = {}
        self._heard: set[int] = set()

    def note_answer(self, platform: int) -> None:
        self._heard.add(platform)

    def note_failure(self, platform: int) -> bool:
        """True: worth telling presence of."""
        if self._clock() - self._noted.get(platform, float("-inf")) < NOTE_SECONDS:
            return False
        self._noted[platform] = self._clock()
        return True

    def take_heard(self) -> set[int]:
        """Who answered since this was last asked."""
        heard, self._heard = self._heard, set()
        return heard
