"""Which platforms are left alone for a while because they did not answer. Rules and memory only: no I/O.

closed → open after so many failures in a row → half-open when the pause is over: one call may try → closed, or open
again for twice as long. A platform that calls us in between is on trial: everybody may call it until the next failure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

LONGEST_PAUSE = 60.0  # seconds


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"  # the pause is over: the next call is the probe
    TRIAL = "trial"  # it has called us since


class Permission(StrEnum):
    GO = "go"
    ASK = "ask"  # only if nobody else is trying at this moment
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A breaker that is not closed, as the processes tell it each other. Times are seconds since 1970."""

    platform: int
    since: float
    until: float  # the next probe
    failures: int
    openings: int = 1
    on_trial: bool = False
    was_heard: bool = False  # it has had its trial
    reason: str = ""

    def get_state(self, *, now: float) -> State:
        if self.on_trial:
            return State.TRIAL
        return State.OPEN if self.is_resting(now=now) else State.HALF_OPEN

    def is_resting(self, *, now: float) -> bool:
        """What lies further ahead than any pause was told by a clock that is wrong, or was."""
        return now < self.until <= now + LONGEST_PAUSE + 1


_decoder = msgspec.json.Decoder(Broken)


def write(broken: Broken) -> bytes:
    return msgspec.json.encode(broken)


def read(text: bytes) -> Broken | None:
    """None: not written by a hub that we understand."""
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return None


class Breakers:
    """For all platforms, as one process sees them. Any thread may call it."""

    def __init__(
        self,
        *,
        failures: int = 5,
        pause: float = 5.0,
        clock: Callable[[], float] = time.time,
        on_change: Callable[[int, Broken | None], None] = lambda platform, broken: None,
    ) -> None:
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._on_change = on_change
        self._failures: dict[int, int] = {}  # in a row, of platforms whose breaker is closed
        self._broken: dict[int, Broken] = {}
        self._changed: dict[int, float] = {}
        self._lock = threading.RLock()

    def get(self, platform: int) -> Broken | None:
        return self._broken.get(platform)

    def look(self, platform: int) -> Permission:
        broken = self._broken.get(platform)
        if broken is None or broken.on_trial:
            return Permission.GO
        return Permission.NO if broken.is_resting(now=self._clock()) else Permission.ASK

    def note_answer(self, platform: int) -> None:
        """It answered a call of ours."""
        if platform in self._failures or platform in self._broken:
            with self._lock:
                self._failures.pop(platform, None)
                if platform in self._broken:
                    self._set(platform, None)

    def note_failure(self, platform: int, *, reason: str, started: float) -> None:
        """No answer to a call that began at `started`. What began before the last change says nothing new."""
        with self._lock:
            broken = self._broken.get(platform)
            if broken is None:
                self._failures[platform] = self._failures.get(platform, 0) + 1
                if self._failures[platform] >= self._limit:
                    self._open(platform, None, failures=self._failures.pop(platform), reason=reason)
            elif started >= self._changed.get(platform, 0.0):
                self._open(platform, broken, failures=broken.failures + 1, reason=reason)

    def note_heard(self, platform: int) -> None:
        """It called us: it lives. Once that is enough to trust it; after another failure only for one try."""
        if platform not in self._broken:
            return
        with self._lock:
            broken = self._broken.get(platform)
            if broken is None or broken.on_trial:
                return
            if not broken.was_heard:
                self._set(platform, replace(broken, on_trial=True, was_heard=True))
            elif self._clock() < broken.until:
                self._set(platform, replace(broken, until=self._clock()))

    def adopt(self, told: Mapping[int, Broken], *, except_for: Callable[[int], bool]) -> None:
        """What the other processes know, unless we have news of our own that they do not."""
        with self._lock:
            for platform in [one for one in self._broken if one not in told and not except_for(one)]:
                self._keep(platform, None)
            for platform, broken in told.items():
                if not except_for(platform) and self._broken.get(platform) != broken:
                    self._keep(platform, broken)

    def _open(self, platform: int, before: Broken | None, *, failures: int, reason: str) -> None:
        now = self._clock()
        openings = before.openings + 1 if before else 1
        pause = min(LONGEST_PAUSE, self._pause * 2 ** min(openings - 1, 10))
        opened = Broken(
            platform=platform,
            since=before.since if before else now,
            until=now + pause,
            failures=failures,
            openings=openings,
            was_heard=before.was_heard if before else False,
            reason=reason[:200],
        )
        self._set(platform, opened)

    def _set(self, platform: int, broken: Broken | None) -> None:
        self._keep(platform, broken)
        self._on_change(platform, broken)

    def _keep(self, platform: int, broken: Broken | None) -> None:
        self._changed[platform] = self._clock()
        if broken is None:
            self._broken.pop(platform, None)
        else:
            self._failures.pop(platform, None)
            self._broken[platform] = broken
