"""Names of hosts against a resolver that is slow, fails or changes its mind."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from parties.client import names
from parties.client.names import Names
from parties.client.resolver import Resolver as Threads


class Resolver:
    """Answers with `address`; where the name begins with `hangs` not before `answers` is set."""

    def __init__(self) -> None:
        self.address = "192.0.2.1"
        self.fails = False
        self.asked: list[str] = []
        self.hangs = ""
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, host: str, port: int, **kinds: Any) -> Any:
        self.asked.append(host)
        if host.startswith(self.hangs):
            self.answers.wait(10)
        if self.fails:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (self.address, port))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.answers.set()


def run(test: Callable[[Names], Awaitable[None]]) -> None:
    async def play() -> None:
        made = Names()
        try:
            await test(made)
        finally:
            made.close()

    asyncio.run(play())


async def find(made: Names, host: str = "a.example", *, asker: int = 1) -> str:
    ((*_, address),) = await made.look_up(host, 443, asker=asker)
    return str(address[0])


begin = asyncio.ensure_future


async def settle(made: Names) -> None:
    """Until what was asked is answered."""
    await asyncio.wait(list(made._asked.values()))


class TestNames:
    def test_are_asked_for_once(self, resolver: Resolver) -> None:
        async def test(made: Names) -> None:
            assert await asyncio.gather(*(find(made) for _ in range(9))) == ["192.0.2.1"] * 9
            assert await find(made) == "192.0.2.1"

        run(test)
        assert resolver.asked == ["a.example"]

    def test_are_found_for_others_when_one_gives_up(self, resolver: Resolver) -> None:
        async def test(made: Names) -> None:
            resolver.answers.clear()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(find(made), timeout=0.05)
            next_one = asyncio.create_task(find(made))
            await asyncio.sleep(0)

            resolver.answers.set()

            assert await next_one == "192.0.2.1"

        run(test)
        assert resolver.asked == ["a.example"]

    def test_are_used_while_they_are_asked_for_again(self, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
        async def test(made: Names) -> None:
            monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
            await find(made)
            resolver.answers.clear()
            resolver.address = "192.0.2.2"

            assert [await find(made), await find(made)] == ["192.0.2.1"] * 2

            resolver.answers.set()
            await settle(made)
            assert await find(made) == "192.0.2.2"
            await settle(made)

        run(test)
        assert resolver.asked == ["a.example"] * 3

    def test_are_used_for_a_while_when_nobody_answers_any_more(
        self, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def test(made: Names) -> None:
            monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
            await find(made)
            resolver.fails = True
            assert await find(made) == "192.0.2.1"
            await settle(made)
            assert await find(made) == "192.0.2.1"
            await settle(made)

            monkeypatch.setattr(names, "STALE_SECONDS", 0.0)

            with pytest.raises(socket.gaierror):
                await find(made)

        run(test)

    def test_that_are_unknown_are_asked_for_again(self, resolver: Resolver) -> None:
        async def test(made: Names) -> None:
            resolver.fails = True
            with pytest.raises(socket.gaierror):
                await find(made)

            resolver.fails = False

            assert await find(made) == "192.0.2.1"

        run(test)


class TestNamesThatHang:
    """Of two platforms, sixteen each: as many as there are threads."""

    @pytest.fixture
    def hanging(self, resolver: Resolver) -> Resolver:
        resolver.hangs = "dead"
        resolver.answers.clear()
        return resolver

    def test_leave_threads_to_others(self, hanging: Resolver) -> None:
        async def test(made: Names) -> None:
            dead = [begin(find(made, f"dead{number}.example", asker=number % 2)) for number in range(names.THREADS)]
            await asyncio.sleep(0)

            assert await find(made, asker=3) == "192.0.2.1"
            assert not any(each.done() for each in dead)
            hanging.answers.set()
            await asyncio.gather(*dead)

        run(test)

    def test_are_asked_for_by_others_all_the_same(self, hanging: Resolver) -> None:
        """Who names another's host behind hosts of its own that hang keeps nobody from finding it."""

        async def test(made: Names) -> None:
            dead = [begin(find(made, f"dead{number}.example", asker=1)) for number in range(names.THREADS)]
            dead.append(begin(find(made, asker=1)))
            await asyncio.sleep(0)

            assert await find(made, asker=2) == "192.0.2.1"
            assert not any(each.done() for each in dead)
            hanging.answers.set()
            await asyncio.gather(*dead)

        run(test)

    def test_are_asked_for_in_their_turn(self, hanging: Resolver) -> None:
        async def test(made: Names) -> None:
            asked = [begin(find(made, f"dead{number}.example")) for number in range(9)]
            await asyncio.sleep(0)
            hanging.answers.set()

            assert await asyncio.gather(*asked) == ["192.0.2.1"] * 9

        run(test)

    def test_leave_threads_to_others_of_the_blocking_client(self, hanging: Resolver) -> None:
        made = Threads(names.THREADS, name="test")
        dead = [made.ask(f"dead{number}.example", 443, asker=number % 2) for number in range(names.THREADS)]

        assert made.ask("a.example", 443, asker=3).result()

        assert not any(each.done() for each in dead)
        hanging.answers.set()
        made.close()


@pytest.mark.parametrize(
    "ask",
    [
        "asyncio.run(asyncio.wait_for(Names().look_up('a.example', 443, asker=1), 0.05))",
        "SyncClient(egress=anywhere, max_answer=9).get(peer, 'http://a.example/versions', timeout=0.05)",
    ],
)
def test_nobody_waits_for_a_resolver_at_the_end_of_a_process(ask: str) -> None:
    program = f"""
import asyncio, socket, threading
import django
django.setup()
from parties.client import Peer, PeerError, SyncClient
from parties.client.names import Names
from parties.egress import Egress
socket.getaddrinfo = lambda *place, **kinds: threading.Event().wait()
anywhere, peer = Egress(require_https=False), Peer(id=1, token="t", raw_token=False)
try:
    {ask}
except (TimeoutError, PeerError):
    print("given up", flush=True)
"""
    surroundings = os.environ | {"DJANGO_SETTINGS_MODULE": "roaming_hub.settings"}

    ended = subprocess.run([sys.executable, "-c", program], env=surroundings, capture_output=True, timeout=60)

    assert ended.stdout == b"given up\n"
    assert ended.returncode == 0
