"""Kills parts of a hub while partners work: seeded, each part several times, each time somewhere in the middle."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from tests.faults.hubs import FaultHub

KINDS = ("all web processes", "one web process", "worker", "beat", "valkey", "postgres")
PAUSE = 2.0  # seconds between two kills
WINDOW, MOST = 61.0, 3  # the supervisor gives up on what fails five times within a minute; some end with another part


class Killer:
    """`rounds` times each kind, spread over the work by its progress."""

    def __init__(self, hub: FaultHub, *, rounds: int, seed: int) -> None:
        self._hub = hub
        self._dice = random.Random(seed)
        self.done: list[str] = []
        self._moments: dict[str, list[float]] = {}
        self.plan: list[tuple[float, str]] = []
        for number in range(rounds):
            kinds = self._dice.sample(KINDS, len(KINDS))
            for place, kind in enumerate(kinds):
                moment = (number + (place + self._dice.random()) / len(kinds)) / rounds
                self.plan.append((0.03 + 0.92 * moment, kind))

    @property
    def is_done(self) -> bool:
        return len(self.done) == len(self.plan)

    async def run(self, progress: Callable[[], float]) -> None:
        for moment, kind in self.plan:
            while progress() < moment:
                await asyncio.sleep(0.02)
            while self._is_too_often(kind) or not self._kill(kind):
                await asyncio.sleep(0.1)
            self.done.append(kind)
            self._moments.setdefault(_get_part(kind), []).append(time.monotonic())
            await asyncio.sleep(PAUSE)

    def _is_too_often(self, kind: str) -> bool:
        return sum(time.monotonic() - moment < WINDOW for moment in self._moments.get(_get_part(kind), [])) >= MOST

    def _kill(self, kind: str) -> bool:
        if kind == "all web processes":
            return any([self._hub.kill(name) for name in self._hub.get_parts("web")])
        if kind == "one web process":
            return self._hub.kill_one_web_process()
        if kind == "valkey":
            return self._hub.kill_queue_and_its_data()
        return self._hub.kill(self._dice.choice(self._hub.get_parts(kind) or [kind]))


def _get_part(kind: str) -> str:
    return "web" if "web process" in kind else kind
