"""What a platform does when its peer breaks off, is in trouble, or sends it elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from simulator.errors import PeerError, UnclearOutcome, Unreachable
from simulator.platform import Platform
from simulator.pulls import pull_all
from tests.simulator.pair import CPO, CPO_CONFIG, EMSP

OK = '{"status_code": 1000, "timestamp": "2026-11-22T10:00:00Z"}'
TROUBLE = '{"status_code": 3000, "timestamp": "2026-11-22T10:00:00Z"}'
BREAK_OFF = "break off"


@dataclass
class Peer:
    """Answers from a list, the last one for ever; remembers what it was asked."""

    answers: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        await request.read()
        self.asked.append((request.method, request.path))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == BREAK_OFF:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=self.status, text=answer, content_type="application/json", headers=self.headers)


@asynccontextmanager
async def calling(peer: Peer, *, patience: float = 5.0) -> AsyncIterator[Platform]:
    """A CPO platform that is registered at this peer."""
    runner = web.ServerRunner(web.Server(peer.serve, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    platform = Platform(replace(CPO_CONFIG, patience=patience))
    modules = ("locations", "sessions", "cdrs", "tokens")
    platform.state.connection.endpoints = {
        (module, role): f"{peer.url}/{module}" for module in modules for role in ("SENDER", "RECEIVER")
    }
    try:
        yield platform
    finally:
        await platform.client.close()
        await runner.cleanup()


def play(peer: Peer, test: Callable[[Platform], Awaitable[None]], *, patience: float = 5.0) -> None:
    async def run() -> None:
        async with calling(peer, patience=patience) as platform:
            await test(platform)

    asyncio.run(run())


SESSION = {"country_code": "NL", "party_id": "CPO", "id": "S1", "last_updated": "2026-11-22T10:00:00Z"}
PERIODS = {"charging_periods": [{"start_date_time": "2026-11-22T10:00:00Z"}], "last_updated": "2026-11-22T10:01:00Z"}


class TestCall:
    @pytest.mark.parametrize("answer", [BREAK_OFF, TROUBLE])
    def test_repeats_what_does_no_harm(self, answer: str) -> None:
        peer = Peer([answer, answer, OK])

        async def test(platform: Platform) -> None:
            reply = await platform.pusher.put(CPO, "sessions", SESSION, to=EMSP)

            assert reply.is_success

        play(peer, test)
        assert peer.asked == [("PUT", "/sessions/NL/CPO/S1")] * 3

    @pytest.mark.parametrize("answer", [BREAK_OFF, TROUBLE])
    def test_never_repeats_what_might_count_twice(self, answer: str) -> None:
        peer = Peer([answer, OK])

        async def test(platform: Platform) -> None:
            with pytest.raises(UnclearOutcome):
                await platform.client.call("POST", f"{peer.url}/x", module="credentials", body={}, repeatable=False)

        play(peer, test)
        assert len(peer.asked) == 1

    def test_gives_up_when_patience_is_over(self) -> None:
        peer = Peer([TROUBLE])

        async def test(platform: Platform) -> None:
            with pytest.raises(Unreachable):
                await platform.pusher.put(CPO, "sessions", SESSION, to=EMSP)

        play(peer, test, patience=0)

    def test_follows_no_redirect(self) -> None:
        peer = Peer([OK], headers={"Location": "/elsewhere"}, status=307)

        async def test(platform: Platform) -> None:
            reply = await platform.pusher.put(CPO, "sessions", SESSION, to=EMSP)

            assert not reply.is_success

        play(peer, test)
        assert peer.asked == [("PUT", "/sessions/NL/CPO/S1")]

    def test_notes_an_answer_that_does_not_echo_the_ids(self) -> None:
        async def test(platform: Platform) -> None:
            await platform.pusher.put(CPO, "sessions", SESSION, to=EMSP)

            assert [text for text in platform.state.record.breaches if "TRANS-37" in text]

        play(Peer([OK]), test)


class TestPatchSession:
    def test_sends_the_whole_session_after_an_unclear_outcome(self) -> None:
        """A PATCH with charging periods appends: repeated, it would count them twice (SESS-05)."""
        peer = Peer([BREAK_OFF, OK])

        async def test(platform: Platform) -> None:
            platform.state.own_of(CPO, "sessions").put(SESSION)
            await platform.pusher.patch_session(CPO, SESSION, PERIODS, to=EMSP)

        play(peer, test)
        assert [method for method, _ in peer.asked] == ["PATCH", "PUT"]

    def test_sends_the_whole_session_after_one_that_was_refused(self) -> None:
        refused = '{"status_code": 4003, "timestamp": "2026-11-22T10:00:00Z"}'
        peer = Peer([refused, OK])

        async def test(platform: Platform) -> None:
            platform.state.own_of(CPO, "sessions").put(SESSION)
            await platform.pusher.patch_session(CPO, SESSION, PERIODS, to=EMSP)
            assert list(platform.state.undelivered) == ["sessions NL*CPO/S1"]
            await platform.pusher.patch_session(CPO, SESSION, PERIODS, to=EMSP)
            assert not platform.state.undelivered

        play(peer, test)
        assert [method for method, _ in peer.asked] == ["PATCH", "PUT"]


class TestPull:
    def test_never_takes_the_token_to_another_host(self) -> None:
        peer = Peer(['{"status_code": 1000, "data": []}'], headers={"Link": '<http://127.0.0.9:1/x>; rel="next"'})

        async def test(platform: Platform) -> None:
            with pytest.raises(PeerError, match="another host"):
                await pull_all(platform.state, platform.client, module="tokens", party=CPO, to=EMSP)

        play(peer, test)
        assert len(peer.asked) == 1
