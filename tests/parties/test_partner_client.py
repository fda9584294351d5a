"""Both clients against a real server: bounds in time, size and number, what is repeated, what a failure tells."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocpi.calls import PartyId
from parties.client import (
    Answer,
    AnswerTooLarge,
    AsyncClient,
    Peer,
    PeerBusy,
    PeerTimeout,
    PeerUnreachable,
    SyncClient,
    write_headers,
)
from parties.egress import Egress
from parties.limits import Limits
from tests.parties.http_peer import Handler, serve

LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
PEER = Peer(id=1, token="secret", max_in_flight=1)
Call = Callable[..., Answer]


def call_async(
    url: str, *, method: str = "GET", body: bytes = b"", timeout: float = 5.0, max_answer: int = 1000
) -> Answer:
    async def run() -> Answer:
        async with AsyncClient(egress=LOOPBACK, max_answer=max_answer) as client:
            return await client.send(PEER, method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)

    return asyncio.run(run())


def call_blocking(
    url: str, *, method: str = "GET", body: bytes = b"", timeout: float = 5.0, max_answer: int = 1000
) -> Answer:
    client = SyncClient(egress=LOOPBACK, max_answer=max_answer)
    return client.request(PEER, method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def drip(handler: Handler) -> None:
    """Always alive, never done: each single read would succeed."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.peer.released.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def drip_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    handler.close_connection = True
    while not handler.server.peer.released.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def redirect_without_end(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\n\r\n")
    handler.close_connection = True
    while not handler.server.peer.released.wait(0.001):
        handler.wfile.write(b"x" * 1000)


def hint_twice(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2)
    handler.answer(b"ok")


def hint_without_end(handler: Handler) -> None:
    handler.close_connection = True
    while not handler.server.peer.released.wait(0.02):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def set_cookie(handler: Handler) -> None:
    handler.answer(headers=(("Set-Cookie", "a=b; Path=/"),))


def stay_silent(handler: Handler) -> None:
    handler.close_connection = True
    handler.server.peer.released.wait(10)


@pytest.mark.parametrize("call", [call_async, call_blocking], ids=["async", "blocking"])
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

    @pytest.mark.parametrize("behave", [stay_silent, hint_without_end, drip, drip_body])
    def test_hold_the_deadline(self, call: Call, behave: Callable[[Handler], None]) -> None:
        with serve(behave) as peer:
            started = time.monotonic()

            with pytest.raises(PeerTimeout) as failure:
                call(peer.url, timeout=0.3)

            assert time.monotonic() - started < 2
            assert not failure.value.before_send

    def test_wait_for_a_name_no_longer_than_for_the_call(self, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [answers.wait(10)])
        started = time.monotonic()

        with pytest.raises(PeerUnreachable, match="no connection in time") as failure:
            call("http://slow.example/", timeout=0.3)

        answers.set()
        assert time.monotonic() - started < 2
        assert failure.value.before_send

    def test_cut_off_an_answer_that_is_too_large(self, call: Call) -> None:
        with serve(lambda handler: handler.answer(b"x" * 1001)) as peer:
            with pytest.raises(AnswerTooLarge) as failure:
                call(peer.url)
            assert len(call(peer.url, max_answer=1001).body) == 1001

        assert not failure.value.before_send

    def test_cut_off_an_answer_that_grows_when_unpacked(self, call: Call) -> None:
        packed = gzip.compress(b"x" * 100_000)
        headers = (("Content-Encoding", "gzip"),)
        with serve(lambda handler: handler.answer(packed, headers=headers)) as peer, pytest.raises(AnswerTooLarge):
            call(peer.url)

    def test_cut_off_a_redirect_with_an_endless_body(self, call: Call) -> None:
        started = time.monotonic()

        with serve(redirect_without_end) as peer, pytest.raises(AnswerTooLarge):
            call(peer.url, timeout=3)

        assert time.monotonic() - started < 2  # at the limit, not at the deadline

    def test_know_that_nothing_was_sent_without_a_connection(self, call: Call) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # bound, not listening: refused
            with pytest.raises(PeerUnreachable) as failure:
                call(f"http://127.0.0.1:{free.getsockname()[1]}/", method="POST", body=b"{}")

        assert failure.value.before_send

    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    def test_never_repeat_what_may_have_been_processed(self, call: Call, method: str) -> None:
        with serve(hang_up) as peer, pytest.raises(PeerUnreachable) as failure:
            call(peer.url, method=method, body=b"{}")

        assert len(peer.seen) == 1
        assert not failure.value.before_send

    def test_know_that_the_first_of_two_attempts_may_have_arrived(self, call: Call) -> None:
        """The server is gone when it is asked again."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def take_one() -> None:
                taken, _ = server.accept()
                server.close()
                taken.recv(65536)
                taken.close()

            taker = threading.Thread(target=take_one)
            taker.start()
            with pytest.raises(PeerUnreachable) as failure:
                call(f"http://127.0.0.1:{port}/", method="PUT", body=b"{}")
            taker.join()

        assert not failure.value.before_send

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_repeat_once_what_means_the_same_twice(self, call: Call, method: str) -> None:
        def fail_first(handler: Handler) -> None:
            hang_up(handler) if len(peer.seen) == 1 else handler.answer(b"ok")

        with serve(fail_first) as peer:
            assert call(peer.url, method=method).body == b"ok"

        with serve(hang_up) as peer:
            with pytest.raises(PeerUnreachable) as failure:
                call(peer.url, method=method)
            assert len(peer.seen) == 2
            assert not failure.value.before_send

    def test_refuse_a_header_that_would_split_the_request(self, call: Call) -> None:
        url = "http://127.0.0.1:1/"
        headers = {"X-Request-ID": "a\r\nX-Evil: b"}
        send = _send_headers if call is call_async else _send_headers_blocking

        with pytest.raises(PeerUnreachable):
            send(url, headers)


def _send_headers(url: str, headers: dict[str, str]) -> None:
    async def run() -> None:
        async with AsyncClient(egress=LOOPBACK) as client:
            await client.send(PEER, method="GET", url=url, headers=headers, body=b"", timeout=1)

    asyncio.run(run())


def _send_headers_blocking(url: str, headers: dict[str, str]) -> None:
    SyncClient(egress=LOOPBACK).request(PEER, method="GET", url=url, headers=headers)


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


class TestManyAddresses:
    """Of one host, for the blocking client: those without an answer take the time of the call from no other."""

    @pytest.fixture
    def deaf(self) -> Iterator[tuple[str, int]]:
        """Nobody takes what connects there, and there is no room for more."""
        with socket.socket() as listener:
            listener.bind(("127.0.9.1", 0))
            listener.listen(0)
            waiting = [socket.socket() for _ in range(3)]
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(listener.getsockname())
            yield listener.getsockname()
            for each in waiting:
                each.close()

    def test_share_the_time_of_one_call(self, deaf: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", deaf)] * 6)
        started = time.monotonic()

        with pytest.raises(PeerUnreachable, match="no connection in time") as failure:
            call_blocking("http://many.example/", timeout=0.6)

        assert time.monotonic() - started < 1.2
        assert failure.value.before_send

    def test_are_tried_until_one_answers(self, deaf: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
        with serve(lambda handler: handler.answer(b"{}")) as peer:
            good = ("127.0.0.1", int(peer.url.rpartition(":")[2]))
            infos = [(2, 1, 6, "", address) for address in (deaf, good)]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)

            assert call_blocking("http://many.example/", timeout=1).body == b"{}"


class TestWriteHeaders:
    def test_writes_ids_token_and_routing(self) -> None:
        headers = write_headers(
            PEER,
            request_id="r",
            correlation_id="c",
            sender=PartyId("DE", "CPA"),
            receiver=PartyId("NL", "MSA"),
            has_body=True,
        )

        assert headers == {
            "Authorization": "Token c2VjcmV0",
            "X-Request-ID": "r",
            "X-Correlation-ID": "c",
            "Accept": "application/json",
            "OCPI-to-country-code": "NL",
            "OCPI-to-party-id": "MSA",
            "OCPI-from-country-code": "DE",
            "OCPI-from-party-id": "CPA",
            "Content-Type": "application/json",
        }

    def test_leaves_routing_and_content_type_out(self) -> None:
        headers = write_headers(Peer(id=1, token="t", raw_token=True), request_id="r", correlation_id="c")

        assert headers["Authorization"] == "Token t"
        assert "Content-Type" not in headers
        assert not [name for name in headers if name.startswith("OCPI-")]

    def test_token_never_shows(self) -> None:
        assert "secret" not in repr(PEER)
