"""What a stranger may cost a web process by its connection alone, by raw sockets."""

from __future__ import annotations

import socket

import pytest

from roaming_hub.bounded_http import MOST_BYTES, BoundedProtocol
from tests.gateway.echo import Echo, put, read_until, serving

ENDLESS = [b"x" * 1024] * (64 * MOST_BYTES // 1024)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "look_seconds", 0.1)


def pour(line: socket.socket, pieces: list[bytes]) -> int:
    """How many the hub let in."""
    for number, piece in enumerate(pieces):
        try:
            line.sendall(piece)
        except OSError:
            return number
    return len(pieces)


def read_end(line: socket.socket) -> bytes:
    try:
        return read_until(line, b"never")
    except ConnectionResetError:
        return b""


class TestSize:
    @pytest.mark.parametrize(
        "begin",
        [
            b"GET / HTTP/1.1\r\nX-Long: ",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;",
            b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nend\r\n0\r\nX-Trailer: ",
        ],
        ids=["head", "chunk extension", "trailer"],
    )
    def test_what_is_no_body_and_has_no_end_is_not_read_on(self, line: socket.socket, begin: bytes):
        line.sendall(begin)

        assert pour(line, ENDLESS) < len(ENDLESS)

    def test_a_head_of_many_fields_is_refused_in_words(self, line: socket.socket):
        line.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MOST_BYTES // 6 + 1))

        assert read_end(line).startswith(b"HTTP/1.1 431 ")

    def test_bodies_count_nothing(self, line: socket.socket):
        body = b"x" * (4 * MOST_BYTES) + b"end"
        for _ in range(2):
            line.sendall(put(body))
            assert read_until(line, b"end").endswith(body)


class TestTime:
    @pytest.mark.parametrize(
        "begin", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: hu"], ids=["nothing", "half a line", "half a head"]
    )
    def test_a_connection_without_a_request_is_ended(self, brief: None, line: socket.socket, begin: bytes):
        line.sendall(begin)

        assert read_until(line, b"never") == b""

    def test_a_body_that_nobody_waits_for_does_not_keep_it(self, brief: None):
        async def refuse(scope: object, receive: object, send: object) -> None:
            await send({"type": "http.response.start", "status": 401, "headers": [(b"Content-Length", b"0")]})  # type: ignore[operator]
            await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

        with serving(refuse) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(put(b"x" * 1000)[:-500])

            assert read_until(line, b"never").startswith(b"HTTP/1.1 401 ")

    def test_one_that_is_answered_late_is_kept(self, brief: None, line: socket.socket):
        line.sendall(put(b"slow", path=b"/until-gone"))
        line.settimeout(0.5)

        with pytest.raises(TimeoutError):
            line.recv(1)


class TestUpgrade:
    def test_a_websocket_is_answered_as_the_request_it_is(self, line: socket.socket, echo: Echo):
        more = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        line.sendall(put(b"end", more=more + b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))

        assert read_until(line, b"end").startswith(b"HTTP/1.1 200 OK\r\n")
        assert len(echo.ways) == 1
