"""How jobs come from event loops to the writer's thread: a turn of the loop together, none twice, none lost."""

from __future__ import annotations

import asyncio

from journal.intake import Intake


def add_all(intake: Intake[int], *numbers: int) -> None:
    """In one turn of an event loop, which then goes on."""

    async def turn() -> None:
        for number in numbers:
            intake.add(number, loop=asyncio.get_running_loop())
        assert intake.count >= len(numbers)
        await asyncio.sleep(0)

    asyncio.run(turn())


class TestTake:
    def test_gets_what_one_turn_of_a_loop_brought(self) -> None:
        intake: Intake[int] = Intake()

        add_all(intake, 1, 2, 3)

        assert intake.take(most=10, timeout=0.0) == [1, 2, 3]
        assert intake.count == 0

    def test_gets_several_turns_at_once(self) -> None:
        intake: Intake[int] = Intake()

        add_all(intake, 1, 2)
        add_all(intake, 3)

        assert intake.take(most=10, timeout=0.0) == [1, 2, 3]

    def test_leaves_for_the_next_what_is_too_many(self) -> None:
        intake: Intake[int] = Intake()

        add_all(intake, 1, 2, 3, 4, 5)

        assert intake.take(most=2, timeout=0.0) == [1, 2]
        assert intake.count == 3
        assert intake.take(most=2, timeout=0.0) == [3, 4]
        assert intake.take(most=2, timeout=0.0) == [5]

    def test_gets_nothing_when_nothing_comes_in_time(self) -> None:
        assert Intake[int]().take(most=10, timeout=0.0) == []


class TestEnd:
    def test_comes_after_all_that_was_added(self) -> None:
        intake: Intake[int] = Intake()

        add_all(intake, 1, 2, 3)
        intake.end()

        assert intake.take(most=2, timeout=None) == [1, 2]
        assert intake.take(most=2, timeout=None) == [3]
        assert intake.take(most=2, timeout=None) is None

    def test_takes_along_what_a_turn_has_not_handed_over_yet(self) -> None:
        intake: Intake[int] = Intake()

        async def end_at_once() -> None:
            intake.add(1, loop=asyncio.get_running_loop())
            intake.end()

        asyncio.run(end_at_once())

        assert intake.take(most=10, timeout=None) == [1]
        assert intake.take(most=10, timeout=None) is None
