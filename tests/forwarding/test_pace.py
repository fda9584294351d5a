"""How many deliveries a platform gets at a time. No database, no clock: a test says when to look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from forwarding.pace import LOOK_SECONDS, Pace


class Scene:
    """Deliveries that wait for their turn and keep it until they are told to end."""

    def __init__(self) -> None:
        self.worked = 0.0
        self.pace = Pace(worked=lambda: self.worked)
        self.pace.most = 8
        self.open = 0
        self._ends: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def begin(self, count: int) -> None:
        self.tasks += [asyncio.create_task(self._deliver()) for _ in range(count)]
        await self.settle()

    async def end(self, count: int) -> None:
        for _ in range(count):
            self._ends.pop(0).set()
            await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def _deliver(self) -> None:
        if not self.pace.take_at_once():
            await self.pace.wait()
        self.open += 1
        ended = asyncio.Event()
        self._ends.append(ended)
        await ended.wait()
        self.open -= 1
        self.pace.give_back()


def play(what: Callable[[Scene], Awaitable[None]]) -> None:
    async def run() -> None:
        scene = Scene()
        await what(scene)
        for task in scene.tasks:
            task.cancel()
        await asyncio.gather(*scene.tasks, return_exceptions=True)

    asyncio.run(run())


class TestPace:
    def test_is_one_at_a_time_while_answers_come(self):
        async def what(scene: Scene) -> None:
            await scene.begin(40)
            for _ in range(30):
                assert scene.open == 1
                await scene.end(1)

            scene.pace.look()
            await scene.settle()

            assert scene.open == 1

        play(what)

    def test_doubles_while_nobody_answers_up_to_what_may_be_open(self):
        async def what(scene: Scene) -> None:
            await scene.begin(40)
            counts = []
            for _ in range(5):
                counts.append(scene.open)
                scene.pace.look()
                await scene.settle()

            assert counts == [1, 2, 4, 8, 8]
            assert scene.pace.is_slow

        play(what)

    def test_nobody_overtakes_who_waits(self):
        async def what(scene: Scene) -> None:
            await scene.begin(4)
            scene.pace.look()
            await scene.settle()
            scene.pace.most = 1
            await scene.end(1)
            scene.pace.most = 8

            assert scene.open == 1
            assert not scene.pace.take_at_once()

        play(what)

    def test_grows_by_slow_answers_only_where_the_drain_itself_had_time(self):
        async def what(scene: Scene) -> None:
            await scene.begin(40)
            await scene.end(3)
            scene.worked = LOOK_SECONDS * 0.9

            scene.pace.look()
            await scene.settle()
            while_busy = scene.open
            await scene.end(3)
            scene.pace.look()
            await scene.settle()

            assert (while_busy, scene.open) == (1, 2)

        play(what)

    def test_one_that_gives_up_waiting_leaves_its_turn_to_the_next(self):
        async def what(scene: Scene) -> None:
            await scene.begin(3)

            scene.tasks[1].cancel()
            await scene.end(1)

            assert scene.open == 1
            assert scene.tasks[2].done() is False

        play(what)
