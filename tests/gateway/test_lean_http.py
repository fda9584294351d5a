"""The server's short way, by raw sockets: what hostile or odd callers send is answered as on the long way."""

from __future__ import annotations

import gc
import socket
import threading
import weakref
from typing import Any

import pytest

from gateway.asgi import Edge
from roaming_hub.lean_http import LeanCycle
from tests.gateway.echo import Echo, put, read_until, serving, wait_until


class TestBody:
    def test_that_came_with_the_head_is_taken_at_once(self, line: socket.socket, echo: Echo):
        line.sendall(put(b"whole"))

        assert read_until(line, b"whole").startswith(b"HTTP/1.1 200 OK\r\n")
        assert echo.ways == ["short"]

    def test_that_comes_later_is_waited_for(self, line: socket.socket, echo: Echo):
        request = put(b"a" * 10 + b"end")
        line.sendall(request[:-5])
        wait_until(lambda: echo.ways == ["long"])

        line.sendall(request[-5:])

        assert read_until(line, b"end").endswith(b"\r\n\r\naaaaaaaaaaend")

    def test_over_the_buffer_arrives_whole(self, line: socket.socket):
        body = b"0123456789" * 50_000 + b"end"

        threading.Thread(target=line.sendall, args=(put(body),)).start()

        assert read_until(line, b"end").partition(b"\r\n\r\n")[2] == body

    def test_in_chunks_is_put_together(self, line: socket.socket):
        line.sendall(
            b"PUT / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nend\r\n0\r\n\r\n"
        )

        assert read_until(line, b"end").endswith(b"\r\n\r\nabcend")

    def test_is_asked_for_where_the_caller_waits_for_that(self, line: socket.socket):
        request = put(b"end", more=b"Expect: 100-continue\r\n")
        line.sendall(request[:-3])

        asked = read_until(line, b"\r\n\r\n")
        line.sendall(b"end")

        assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_until(line, b"end").startswith(b"HTTP/1.1 200 OK\r\n")

    def test_of_a_caller_who_leaves_half_way_is_given_up(self, line: socket.socket, echo: Echo):
        line.sendall(put(b"never whole")[:-3])
        wait_until(lambda: echo.ways == ["long"])

        line.close()

        wait_until(lambda: echo.gone == 1)

    def test_after_it_was_taken_the_next_message_is_that_the_caller_has_gone(self, line: socket.socket, echo: Echo):
        line.sendall(put(b"whole", path=b"/until-gone"))
        wait_until(lambda: echo.ways == ["short"])
        assert echo.gone == 0

        line.close()

        wait_until(lambda: echo.gone == 1)


class TestAnswer:
    def test_the_connection_serves_the_next_call(self, line: socket.socket):
        for number in range(3):
            line.sendall(put(b"end%d" % number))
            assert read_until(line, b"end%d" % number).count(b"HTTP/1.1 200 OK") == 1

    def test_calls_sent_without_waiting_are_answered_in_their_order(self, line: socket.socket):
        line.sendall(put(b"first") + put(b"second") + put(b"third"))

        got = read_until(line, b"third")

        assert got.count(b"HTTP/1.1 200 OK") == 3
        assert got.index(b"first") < got.index(b"second") < got.index(b"third")

    @pytest.mark.parametrize(
        "request_", [put(b"end", more=b"Connection: close\r\n"), put(b"end").replace(b"HTTP/1.1", b"HTTP/1.0")]
    )
    def test_ends_the_connection_where_the_caller_wants_it_so(self, line: socket.socket, request_: bytes):
        line.sendall(request_)

        got = read_until(line, b"never")

        assert got.endswith(b"\r\n\r\nend")
        assert got.count(b"connection: close\r\n") == 1

    def test_to_head_has_no_body(self, line: socket.socket):
        line.sendall(put(b"12345").replace(b"PUT", b"HEAD") + put(b"end"))

        first, _, rest = read_until(line, b"end").partition(b"\r\n\r\n")

        assert b"content-length: 5" in first
        assert rest.startswith(b"HTTP/1.1 200 OK\r\n")

    @pytest.mark.parametrize("value", [b"a\r\nSet-Cookie: b", b"a\nb", b"a\0b"])
    def test_with_a_value_that_would_end_its_line_is_a_failure(self, line: socket.socket, echo: Echo, value: bytes):
        echo.headers = [(b"X-Request-ID", value)]

        line.sendall(put(b"body"))

        got = read_until(line, b"never")
        assert got.startswith(b"HTTP/1.1 500 ")
        assert value not in got

    def test_a_server_that_leaves_says_so_once(self, echo: Echo):
        with (
            serving(echo, headers=[("connection", "close")]) as port,
            socket.create_connection(("127.0.0.1", port), timeout=5) as line,
        ):
            line.sendall(put(b"end"))

            got = read_until(line, b"never")

        assert got.lower().count(b"connection: close\r\n") == 1
        assert got.endswith(b"\r\n\r\nend")

    def test_what_is_no_http_is_refused(self, line: socket.socket, echo: Echo):
        line.sendall(b"\x16\x03\x01 hello\r\n\r\n")

        assert read_until(line, b"never").startswith(b"HTTP/1.1 400 ")
        assert echo.ways == []

    def test_two_lengths_are_refused(self, line: socket.socket, echo: Echo):
        line.sendall(b"PUT / HTTP/1.1\r\nHost: hub\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nend!")

        assert read_until(line, b"never").startswith(b"HTTP/1.1 400 ")
        assert echo.ways == []


class TestMemory:
    def test_a_call_that_is_over_is_freed_without_the_collector(self):
        cycles: list[weakref.ref[LeanCycle]] = []

        async def django(scope: Any, receive: Any, send: Any) -> None:
            cycles.append(weakref.ref(send.__self__))
            await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Length", b"3")]})
            await send({"type": "http.response.body", "body": b"end"})

        gc.disable()
        try:
            with serving(Edge(django)) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as line:
                for _ in range(2):  # the last one is held by its connection
                    line.sendall(b"GET /admin HTTP/1.1\r\nHost: hub\r\n\r\n")
                    read_until(line, b"end")

                wait_until(lambda: len(cycles) == 2 and cycles[0]() is None)
        finally:
            gc.enable()
