"""Both clients against a real server: the answer as it came, their connections, and how many calls are open."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Any

import pytest

from parties.client import AnswerTooLarge, AsyncClient, PeerBusy, PeerTimeout, SyncClient
from parties.limits import Limits
from tests.parties.calling import LOOPBACK, PEER, Call, stay_silent
from tests.parties.http_peer import Handler, serve


def hint_twice(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2)
    handler.answer(b"ok")


def set_cookie(handler: Handler) -> None:
    handler.answer(headers=(("Set-Cookie", "a=b; Path=/"),))


class TestBothClients:
    def test_bring_the_answer_as_it_came(self, call: Call) -> None:
        headers = (("Link", '<a>; rel="next"'), ("X-Many", "1"), ("X-Many", "2"))
        with serve(lambda handler: handler.answer(b"[1.10]", status=418, headers=headers)) as peer:
            answer = call(peer.url + "/L%2F1?q=%20a", method="PUT", body=b"{}")

        assert (answer.http_status, answer.body) == (418, b"[1.10]")
        assert answer.headers["LINK"] == '<a>; rel="next"'
        assert answer.headers.getall("x-many") == ["1", "2"]
        assert answer.elapsed_ms >= 0
        seen = peer.seen[0]
        assert (seen.method, seen.path, seen.body) == ("PUT", "/L%2F1?q=%20a", b"{}")
        assert seen.headers["x-a"] == "b"
        assert "user-agent" not in seen.headers

    def test_wait_for_the_answer_behind_early_hints(self, call: Call) -> None:
        with serve(hint_twice) as peer:
            answer = call(peer.url)

        assert (answer.http_status, answer.body) == (200, b"ok")
        assert "Link" not in answer.headers


class TestAsyncClient:
    def test_holds_an_answer_that_is_too_large_against_nobody(self) -> None:
        """It has answered: its breaker stays closed."""
        limits = Limits(failures=1, pause=600)

        async def run(url: str) -> None:
            async with AsyncClient(egress=LOOPBACK, max_answer=10, limits=limits) as client:
                await client.send(PEER, method="GET", url=url, headers={}, body=b"", timeout=5)

        with serve(lambda handler: handler.answer(b"x" * 11)) as peer, pytest.raises(AnswerTooLarge):
            asyncio.run(run(peer.url))

        assert limits.get_reason_to_rest(PEER.id) == ""

    def test_refuses_more_than_the_peer_may_have_and_counts_down(self) -> None:
        arrived = threading.Event()

        def wait(handler: Handler) -> None:
            arrived.set()
            handler.server.peer.released.wait(10)
            handler.answer()

        async def run() -> None:
            async with AsyncClient(egress=LOOPBACK) as client:
                with serve(wait) as peer:

                    def send() -> Any:
                        return client.send(PEER, method="GET", url=peer.url, headers={}, body=b"", timeout=5)

                    first = asyncio.create_task(send())
                    await asyncio.to_thread(arrived.wait, 5)

                    with pytest.raises(PeerBusy) as failure:
                        await send()

                    assert failure.value.before_send
                    peer.released.set()
                    assert (await first).http_status == 200
                    assert client.get_in_flight(PEER.id) == 0
                    assert (await send()).http_status == 200

        asyncio.run(run())

    def test_counts_down_after_a_failure_and_a_cancelled_call(self) -> None:
        async def run() -> None:
            async with AsyncClient(egress=LOOPBACK) as client:
                with serve(stay_silent) as peer:
                    with pytest.raises(PeerTimeout):
                        await client.send(PEER, method="GET", url=peer.url, headers={}, body=b"", timeout=0.1)
                    task = asyncio.create_task(
                        client.send(PEER, method="GET", url=peer.url, headers={}, body=b"", timeout=5)
                    )
                    await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    assert client.get_in_flight(PEER.id) == 0

        asyncio.run(run())

    def test_keeps_the_connection(self) -> None:
        async def run() -> int:
            async with AsyncClient(egress=LOOPBACK) as client:
                with serve(lambda handler: handler.answer(b"{}")) as peer:
                    for _ in range(3):
                        await client.send(PEER, method="POST", url=peer.url, headers={}, body=b"{}", timeout=5)
                    return peer.connections

        assert asyncio.run(run()) == 1


class TestCookies:
    def test_are_not_sent_back_by_the_async_client(self) -> None:
        async def run(url: str) -> None:
            async with AsyncClient(egress=LOOPBACK) as client:
                for _ in range(2):
                    await client.send(PEER, method="GET", url=url, headers={}, body=b"", timeout=5)

        with serve(set_cookie) as peer:
            asyncio.run(run(peer.url.replace("127.0.0.1", "localhost")))  # jars ignore bare addresses

        assert ["cookie" in seen.headers for seen in peer.seen] == [False, False]

    def test_are_not_sent_back_by_the_blocking_client(self) -> None:
        client = SyncClient(egress=LOOPBACK)
        with serve(set_cookie) as peer:
            for _ in range(2):
                client.get(PEER, peer.url)

        assert ["cookie" in seen.headers for seen in peer.seen] == [False, False]


class TestSyncClient:
    def test_writes_the_headers_of_a_configuration_module(self) -> None:
        with serve(lambda handler: handler.answer(b"{}")) as peer:
            SyncClient(egress=LOOPBACK).get(PEER, peer.url)

        headers = peer.seen[0].headers
        assert headers["authorization"] == "Token c2VjcmV0"
        assert headers["x-request-id"]
        assert headers["x-correlation-id"]
        assert not [name for name in headers if name.startswith("ocpi-")]

    def test_keeps_the_connection(self) -> None:
        client = SyncClient(egress=LOOPBACK)
        with serve(lambda handler: handler.answer(b"{}")) as peer:
            for _ in range(3):
                client.get(PEER, peer.url)

        assert peer.connections == 1


class TestForked:
    def test_calls_from_a_process_whose_parent_has_called(self) -> None:
        """As a worker's do: threads that look up names stay with the parent."""
        with serve(lambda handler: handler.answer(b"{}")) as peer:
            SyncClient(egress=LOOPBACK).get(PEER, peer.url)
            child = os.fork()
            if not child:
                signal.alarm(10)
                try:
                    os._exit(SyncClient(egress=LOOPBACK).get(PEER, peer.url).http_status - 200)
                finally:
                    os._exit(1)

            assert os.waitpid(child, 0)[1] == 0
