"""A drain never judges an event by facts that are older than the event (CRED-15)."""

from __future__ import annotations

import asyncio
from typing import Any

from agreements.network import Facts
from forwarding.facts import FactsWatch
from ocpi.calls import PartyId
from routing.network import Network


class FakeStore:
    """A database whose facts a test changes."""

    version = 1

    def __init__(self) -> None:
        self.looks = 0

    async def load_facts(self) -> Facts:
        network = Network(hub=PartyId("NL", "HUB"), nodes={}, platforms={}, permits={})
        return Facts(version=self.version, network=network, tokens={}, peers={})

    async def get_facts_version(self) -> int:
        self.looks += 1
        await asyncio.sleep(0)
        return self.version


def watch_with(store: Any, work: Any) -> Any:
    async def run() -> Any:
        async with FactsWatch(store) as watch:
            return await work(watch)

    return asyncio.run(run())


class TestConfirm:
    def test_knows_what_was_changed_just_before(self):
        store = FakeStore()

        async def work(watch: FactsWatch) -> int:
            store.version = 2
            await watch.confirm()
            return watch.facts.version

        assert watch_with(store, work) == 2

    def test_is_one_look_for_all_who_ask_at_the_same_time(self):
        store = FakeStore()

        async def work(watch: FactsWatch) -> None:
            await asyncio.gather(*(watch.confirm() for _ in range(20)))

        watch_with(store, work)

        assert store.looks <= 2
