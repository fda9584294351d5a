"""Calls at the same time: who waits, how long, and that no turn gets lost."""

from __future__ import annotations

import asyncio

import pytest

from parties.limits import turns
from parties.limits.turns import NoTurn, Turns

P = 7


async def take(all_turns: Turns, *, limit: int = 1, patience: float = 30.0, platform: int = P) -> None:
    await all_turns.take(platform, limit=limit, patience=patience)


def test_what_is_too_much_waits_for_a_turn_in_the_order_it_came():
    async def run() -> list[str]:
        all_turns, order = Turns(), []

        async def call(name: str) -> None:
            await take(all_turns)
            order.append(name)

        await call("first")
        waiting = [asyncio.create_task(call(name)) for name in ("second", "third")]
        await asyncio.sleep(0)
        assert order == ["first"]
        for task in waiting:
            all_turns.give_back(P, limit=1)
            await task
        all_turns.give_back(P, limit=1)
        assert all_turns.count_open(P) == 0
        return order

    assert asyncio.run(run()) == ["first", "second", "third"]


def test_who_comes_later_takes_no_turn_before_who_waits():
    async def run() -> None:
        all_turns = Turns()
        await take(all_turns)
        waits = asyncio.create_task(take(all_turns))
        await asyncio.sleep(0)

        assert not all_turns.take_at_once(P, limit=2)  # there is room since a process ended, and it is the other's

        all_turns.give_back(P, limit=2)
        await waits
        assert all_turns.take_at_once(P, limit=2)

    asyncio.run(run())


def test_nobody_waits_for_ever_and_no_turn_is_lost_by_it():
    async def run() -> None:
        all_turns = Turns()
        await take(all_turns)
        for patience in (0.0, 0.01):
            with pytest.raises(NoTurn):
                await take(all_turns, patience=patience)
        all_turns.give_back(P, limit=1)
        await take(all_turns, patience=0.0)
        assert all_turns.count_open(P) == 1

    asyncio.run(run())


def test_who_gives_up_passes_the_turn_on():
    async def run() -> None:
        all_turns = Turns()
        await take(all_turns)
        left, stays = asyncio.create_task(take(all_turns)), asyncio.create_task(take(all_turns))
        await asyncio.sleep(0)
        all_turns.give_back(P, limit=1)  # to the one that leaves in the same moment
        left.cancel()
        await stays
        assert all_turns.count_open(P) == 1

    asyncio.run(run())


def test_not_more_than_so_many_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "MAX_QUEUE", 2)

    async def run() -> None:
        all_turns = Turns()
        await take(all_turns)
        tasks = [asyncio.create_task(take(all_turns)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(NoTurn):
            await take(all_turns)
        await take(all_turns, platform=P + 1)  # others have a queue of their own
        for task in tasks:
            task.cancel()

    asyncio.run(run())


def test_fewer_turns_than_before_are_not_handed_on():
    async def run() -> None:
        all_turns = Turns()
        for _ in range(4):
            await take(all_turns, limit=4)
        task = asyncio.create_task(take(all_turns, limit=2))
        await asyncio.sleep(0)
        for left in (3, 2):
            all_turns.give_back(P, limit=2)
            assert all_turns.count_open(P) == left
            assert not task.done()
        all_turns.give_back(P, limit=2)
        await task
        assert all_turns.count_open(P) == 2

    asyncio.run(run())
