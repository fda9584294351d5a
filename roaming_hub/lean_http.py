"""uvicorn's HTTP protocol with a short way for the OCPI edge: a body that has come already, an answer in one piece.

As two ASGI messages an answer takes uvicorn 8 % of all that a relayed call costs: two coroutines, and every header
searched by two patterns. All that a hostile caller can do (parsing, limits, pipelining, keep-alive, leaving) stays
uvicorn's own; what the short way is not made for goes the long way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from gateway.short_way import SHORT_WAY


class LeanCycle(RequestResponseCycle):
    def take_body(self) -> bytes | None:
        if self.more_body or self.disconnected or self.response_complete:
            return None
        body, self.body = bytes(self.body), bytearray()
        self.message_event.clear()  # what comes next is that the caller has gone
        self.flow.resume_reading()
        return body

    def answer(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        if self.response_started or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        lines = [STATUS_LINE[status]]
        values = []
        says_close = False
        for name, value in (*self.default_headers, *headers):
            lines += _begin_line(name), value, b"\r\n"
            values.append(value)
            if value == b"close" and name == b"connection":
                self.keep_alive, says_close = False, True
        if HEADER_VALUE_RE.search(b"".join(values)):
            raise RuntimeError("Invalid HTTP header value.")
        if not self.keep_alive and not says_close:
            lines.append(b"connection: close\r\n")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((*lines, b"\r\n", body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


@lru_cache(maxsize=256)
def _begin_line(name: bytes) -> bytes:
    return name.lower() + b": "


class Protocol(HttpToolsProtocol):
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:  # its task begins in the next turn of the loop
            cycle.__class__ = LeanCycle
            self.scope[SHORT_WAY] = cycle  # type: ignore[literal-required]
