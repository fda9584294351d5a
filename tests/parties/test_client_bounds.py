"""Both clients are bound in time and size, whatever the other side does."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from parties.client import AnswerTooLarge, PeerTimeout, PeerUnreachable
from tests.parties.calling import Call, call_blocking, stay_silent
from tests.parties.http_peer import Handler, serve


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


def hint_without_end(handler: Handler) -> None:
    handler.close_connection = True
    while not handler.server.peer.released.wait(0.02):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")


class TestBounds:
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
