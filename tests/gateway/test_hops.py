"""Which call is on its way to a peer hub already, over several processes, and without Redis."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from gateway.hops import Hops, make_key
from ocpi.calls import Call, Interface, PartyId

EMSP = PartyId("FR", "MSP")


@asynccontextmanager
async def processes(number: int = 2, redis: Redis | None = None) -> AsyncIterator[list[Hops]]:
    made = [Hops(redis) for _ in range(number)]
    try:
        yield made
    finally:
        for hops in made:
            await hops.close()


def new_key() -> str:
    return f"hub:hop:test-{uuid.uuid4()}"


class TestHops:
    def test_the_same_call_is_held_once_in_a_process(self) -> None:
        async def run() -> list[bool]:
            key = new_key()
            async with processes(1) as [hops]:
                async with hops.hold(key, seconds=5) as first, hops.hold(key, seconds=5) as second:
                    pass
                async with hops.hold(key, seconds=5) as later:
                    return [first, second, later]

        assert asyncio.run(run()) == [True, False, True]

    def test_the_same_call_is_held_once_in_all_processes(self) -> None:
        async def run() -> list[bool]:
            key = new_key()
            async with processes() as [one, other]:
                async with one.hold(key, seconds=5) as first:
                    async with other.hold(key, seconds=5) as second:
                        pass
                    async with other.hold(key, seconds=5) as still:  # what was refused ends nothing
                        pass
                async with other.hold(key, seconds=5) as later:
                    return [first, second, still, later]

        assert asyncio.run(run()) == [True, False, False, True]

    def test_what_a_dead_process_held_ends_with_its_time(self) -> None:
        async def run() -> int:
            key = new_key()
            async with processes(1) as [hops], hops.hold(key, seconds=3.2):
                return int(await hops._redis.ttl(key))

        assert 3 <= asyncio.run(run()) <= 5

    def test_without_redis_each_process_knows_its_own(self) -> None:
        async def run() -> list[bool]:
            nobody = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
            async with processes(1, nobody) as [hops]:
                async with hops.hold("a", seconds=5) as first, hops.hold("a", seconds=5) as second:
                    pass
                assert hops._asks_again > time.monotonic()  # and does not ask again for a while
                async with hops.hold("a", seconds=5) as later:
                    return [first, second, later]

        assert asyncio.run(run()) == [True, False, True]

    def test_a_call_is_the_same_by_correlation_ends_and_place(self) -> None:
        def key(receiver: PartyId = EMSP, url: str = "https://h/1", method: str = "PUT", correlation: str = "c") -> str:
            call = Call(module="x", interface=Interface.RECEIVER, method=method, correlation_id=correlation)
            return make_key(call, platform=1, receiver=receiver, url=url)

        others = [key(PartyId("FR", "MSX")), key(url="https://h/2"), key(method="PATCH"), key(correlation="d")]

        assert key() == key(PartyId("fr", "msp"))
        assert len({key(), *others}) == 5
