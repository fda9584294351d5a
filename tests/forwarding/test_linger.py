"""A drain that waits for more: it finds what comes meanwhile, and loses nothing when it ends. No database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from forwarding import drain
from tests.forwarding.cast import NOW


class FakeStore:
    """Lanes by their numbers; `lingering` is whether another drain lingers already."""

    def __init__(self, *, due: list[int], is_taken: bool = False) -> None:
        self.due, self.is_taken = due, is_taken
        self.quirks = None

    async def lease(self, *, limit: int, now: datetime) -> list[Any]:
        leased, self.due = self.due[:limit], self.due[limit:]
        return [SimpleNamespace(platform=number) for number in leased]

    async def claim_lingering(self) -> bool:
        return not self.is_taken

    async def record_quirks(self, *, now: datetime) -> None:
        pass


class FakeWatch:
    is_fresh = True


class FakeRun:
    def __init__(self, lane: Any, **_: Any) -> None:
        self.lane = lane

    async def run(self) -> int:
        return 1


class Lasting(FakeRun):
    async def run(self) -> int:
        await asyncio.sleep(0.1)
        return 1


@pytest.fixture(autouse=True)
def _runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "LaneRun", FakeRun)


def run(
    store: FakeStore, *, hush: Callable[[bool], None], linger: float = 0.1, limit: int = 9, watch: Any = None
) -> int:
    async def work() -> int:
        made = drain._Drain(
            store,  # type: ignore[arg-type]
            watch or FakeWatch(),  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            clock=lambda: NOW,
            deadline=float("inf"),
            limit=limit,
            linger=linger,
            hush=hush,
        )
        return await made.run()

    return asyncio.run(work())


class TestLinger:
    def test_takes_what_comes_while_nobody_is_woken(self):
        store = FakeStore(due=[1])
        told: list[bool] = []

        def hush(is_awake: bool) -> None:
            told.append(is_awake)
            store.due += [2] if is_awake else []

        assert run(store, hush=hush) >= 2
        assert (told[0], told[-1]) == (True, False)

    def test_looks_once_more_when_others_may_be_woken_again(self):
        """An event that was appended just before woke nobody: without this look it would wait for the clock."""
        store = FakeStore(due=[1])

        def hush(is_awake: bool) -> None:
            store.due += [] if is_awake else [2]

        assert run(store, hush=hush) == 2

    def test_leaves_it_to_the_one_that_lingers_already(self):
        told: list[bool] = []

        assert run(FakeStore(due=[1], is_taken=True), hush=told.append) == 1
        assert told == []

    def test_a_drain_without_work_does_not_linger(self):
        told: list[bool] = []

        assert run(FakeStore(due=[]), hush=told.append) == 0
        assert told == []


class TestBusy:
    @pytest.fixture(autouse=True)
    def _last(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drain, "LaneRun", Lasting)

    def test_wakes_nobody_while_it_takes_all_that_is_due(self):
        store = FakeStore(due=[1, 2])
        busy: list[bool] = []

        assert run(store, hush=busy.append, linger=0.0) == 2
        assert busy == [True, False]

    def test_leaves_others_to_be_woken_with_more_than_it_can_take(self):
        store = FakeStore(due=[1])
        told: list[tuple[bool, int]] = []

        def hush(is_awake: bool) -> None:
            told.append((is_awake, len(store.due)))
            store.due += [2, 3, 4, 5] if len(told) == 1 else []

        assert run(store, hush=hush, linger=0.0, limit=2) == 5
        assert (False, 3) in told  # with one of the four taken, and room for no more
        assert told[-1] == (False, 0)

    def test_leaves_others_to_be_woken_when_it_only_waits_for_its_last_lanes(self, monkeypatch: pytest.MonkeyPatch):
        """A lane that hangs takes seconds after the drain's time is up; what is appended meanwhile must not wait."""
        told: list[bool] = []
        watch = FakeWatch()

        class Hanging(FakeRun):
            async def run(self) -> int:
                ends = asyncio.get_running_loop().time() + 5
                while False not in told and asyncio.get_running_loop().time() < ends:
                    await asyncio.sleep(0.01)
                return int(False in told)

        def hush(is_awake: bool) -> None:
            told.append(is_awake)
            watch.is_fresh = False  # it takes up no lanes any more

        monkeypatch.setattr(drain, "LaneRun", Hanging)

        assert run(FakeStore(due=[1]), hush=hush, watch=watch) == 1
        assert told == [True, False]
