"""A drain never judges an event by facts that are older than the event (CRED-15)."""

from __future__ import annotations

import asyncio
from typing import Any

from django.db.utils import InterfaceError, OperationalError

from agreements.network import Facts
from forwarding.facts import FactsWatch, Known
from ocpi.calls import PartyId
from routing.network import Network


class FakeStore:
    """A database whose facts a test changes."""

    version = 1

    def __init__(self) -> None:
        self.looks = self.loads = 0
        self.failures: list[Exception] = []

    async def load_facts(self) -> Facts:
        self.loads += 1
        network = Network(hub=PartyId("NL", "HUB"), nodes={}, platforms={}, permits={})
        return Facts(version=self.version, network=network, tokens={}, peers={})

    async def get_facts_version(self) -> int:
        self.looks += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return self.version


def watch_with(store: Any, work: Any, *, known: Known | None = None) -> Any:
    async def run() -> Any:
        async with FactsWatch(store, known=known) as watch:
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


class TestDatabaseGone:
    def test_is_no_end_of_looking(self):
        """As Django tells it: the first time, and each time after that."""
        store = FakeStore()
        store.failures = [OperationalError("server closed the connection"), InterfaceError("connection already closed")]

        async def work(watch: FactsWatch) -> int:
            store.version = 2
            for _ in range(3):
                await watch.confirm()
            return watch.facts.version

        assert watch_with(store, work) == 2


class TestKnown:
    async def get_version(self, watch: FactsWatch) -> int:
        return watch.facts.version

    def test_is_taken_over_by_the_next_drain(self):
        store, known = FakeStore(), Known()

        versions = [watch_with(store, self.get_version, known=known) for _ in range(2)]

        assert (versions, store.loads) == ([1, 1], 1)

    def test_is_read_anew_when_something_changed(self):
        store, known = FakeStore(), Known()
        watch_with(store, self.get_version, known=known)
        store.version = 2

        assert watch_with(store, self.get_version, known=known) == 2
