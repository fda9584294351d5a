"""A worker dies or stands still in the middle of a delivery, or its wake-up is lost: another goes on, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests import documents
from tests.faults.book import stamp
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.judge import STORE_AND_FORWARD
from tests.faults.partner import Arrival, Partner
from tests.faults.scene import make_partner, register

SOON = 150.0  # seconds; a lease lasts 15, and a machine with other work needs its time
CALM = 4.0  # seconds in which a lane that is swept each second would have repeated something

BEGUN = """
    SELECT count(*) FROM forwarding_lane
     WHERE platform_id = {} AND seen = (SELECT max(id) FROM journal_event) AND leased_until IS NOT NULL
"""
ROWS = "SELECT repeat FROM journal_calllog WHERE leg = 'out' AND request_id = '{}'"


@pytest.fixture(scope="module")
def hub() -> Iterator[FaultHub]:
    with run_faulty_hub(workers=2) as hub:
        yield hub


class Pair:
    """A CPO, and an eMSP for which the hub stores and forwards."""

    def __init__(self, hub: FaultHub, cpo: Partner, emsp: Partner) -> None:
        self._hub = hub
        self.cpo, self.emsp = cpo, emsp
        self.held = asyncio.Event()  # the eMSP has got something and does not answer
        self._go_on = asyncio.Event()

    async def push(self, id: str, number: int) -> None:
        body = documents.tariff_document(owner=self.cpo.party, id=id, last_updated=stamp(number))
        url = self.cpo.get_url("tariffs", f"{self.cpo.party.replace('*', '/')}/{id}")
        tries = await self.cpo.insist("PUT", url, body=body)
        assert tries.count == 1

    def hold(self) -> None:
        """The next call is not answered until `release`; those after it are."""

        async def wait(arrival: Arrival) -> None:
            self.emsp.before_answer = None
            self.held.set()
            await self._go_on.wait()

        self.emsp.before_answer = wait

    def release(self) -> None:
        self._go_on.set()

    @property
    def numbers(self) -> list[int]:
        """Of the states that came, in the order in which they came."""
        return [
            number for arrival in self.emsp.arrivals for number in range(1, 9) if stamp(number).encode() in arrival.body
        ]

    @property
    def repeats(self) -> list[bool | None]:
        """Per call that came: whether the log calls it a repeat; None where its sender could not write it down."""
        found = [self._hub.query(ROWS.format(arrival.request_id)) for arrival in self.emsp.arrivals]
        return [bool(rows[0][0]) if rows else None for rows in found]

    async def wait_for(self, numbers: list[int]) -> None:
        end = asyncio.get_running_loop().time() + SOON
        while self.numbers != numbers and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.1)
        assert self.numbers == numbers

    async def wait_until_begun(self) -> None:
        """The eMSP has got it, and the worker has written down that it is at it."""
        await asyncio.wait_for(self.held.wait(), SOON)
        has_begun = BEGUN.format(self.emsp.platform)
        await asyncio.to_thread(self._hub.wait_until, "the delivery has begun", lambda: self._hub.count(has_begun) == 1)

    async def wait_until_written(self) -> None:
        await asyncio.to_thread(self._hub.wait_until_delivered)


def play(hub: FaultHub, party: str, scene: Callable[[Pair], Awaitable[None]]) -> None:
    """`party`: the number of this test's own pair."""

    async def run() -> None:
        cpo, emsp = make_partner(f"DE*C{party}", "CPO"), make_partner(f"NL*M{party}", "EMSP")
        async with register(hub, [cpo, emsp], agreed={(cpo.party, emsp.party): STORE_AND_FORWARD}):
            pair = Pair(hub, cpo, emsp)
            await pair.push("FIRST", 8)  # the lanes have begun
            await pair.wait_for([8])
            await pair.wait_until_written()
            emsp.arrivals.clear()
            await scene(pair)

    asyncio.run(run())


class TestWorkerLost:
    def test_what_waited_behind_a_killed_worker_comes_in_order(self, hub: FaultHub) -> None:
        async def scene(pair: Pair) -> None:
            pair.hold()
            await pair.push("T1", 1)
            await pair.wait_until_begun()
            for name in hub.get_parts("worker"):
                hub.kill(name)
            await pair.push("T1", 2)
            await pair.push("T2", 3)
            await asyncio.to_thread(hub.wait_until_delivered)
            pair.release()

            of_t1 = [number for number in pair.numbers if number != 3]
            assert set(pair.numbers) == {1, 2, 3}
            assert of_t1 == sorted(of_t1)

        play(hub, "01", scene)

    def test_a_broken_off_delivery_comes_again_and_the_log_says_so(self, hub: FaultHub) -> None:
        async def scene(pair: Pair) -> None:
            pair.hold()
            await pair.push("T1", 1)
            await pair.wait_until_begun()
            for name in hub.get_parts("worker"):
                hub.kill(name)
            await pair.wait_for([1, 1])
            pair.release()
            await pair.wait_until_written()

            assert pair.repeats == [None, True]

        play(hub, "02", scene)

    def test_a_worker_that_stood_still_cannot_undo_what_others_did(self, hub: FaultHub) -> None:
        async def scene(pair: Pair) -> None:
            first, second = hub.get_parts("worker")
            pair.hold()
            hub.freeze(second)
            try:
                await pair.push("T1", 1)
                await pair.wait_until_begun()
                hub.freeze(first)
            finally:
                hub.thaw(second)
            try:
                await pair.wait_for([1, 1])  # its lease ran out
                await pair.push("T1", 2)
                await pair.wait_for([1, 1, 2])
                await pair.wait_until_written()
            finally:
                hub.thaw(first)
            pair.release()
            await asyncio.sleep(CALM)
            await pair.push("T1", 3)
            await pair.wait_for([1, 1, 2, 3])
            await asyncio.sleep(CALM)

            assert pair.numbers == [1, 1, 2, 3]
            assert pair.repeats[1:] == [True, False, False]

        play(hub, "03", scene)


class TestWakeUpLost:
    def test_what_was_accepted_is_told_although_the_queue_was_emptied(self, hub: FaultHub) -> None:
        async def scene(pair: Pair) -> None:
            for name in hub.get_parts("worker"):
                hub.kill(name)
            await pair.push("T1", 1)  # long before a new worker listens
            hub.kill_queue_and_its_data()

            await pair.wait_for([1])

        play(hub, "04", scene)
