"""uvicorn's HTTP protocol with a short way for the OCPI edge: a body that has come already, an answer in one piece.

As two ASGI messages an answer takes uvicorn 8 % of all that a relayed call costs: two coroutines, and every header
searched by two patterns. All that a hostile caller can do (parsing, pipelining, keep-alive, leaving) stays uvicorn's
own, with the limits of `bounded_http`; what the short way is not made for goes the long way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from gateway.short_way import SHORT_WAY
from roaming_hub.bounded_http import BoundedProtocol


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
        fields = [*self.default_headers, *headers]
        if HEADER_VALUE_RE.search(b"".join([value for _, value in fields])):
            raise RuntimeError("Invalid HTTP header value.")
        lines = [_begin_line(name) + value for name, value in fields]
        if CLOSE_HEADER in fields:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(STATUS_LINE[status] + b"\r\n".join(lines) + b"\r\n\r\n" + body)
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True


@lru_cache(maxsize=256)
def _begin_line(name: bytes) -> bytes:
    return name.lower() + b": "


class Protocol(BoundedProtocol):
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:  # its task begins in the next turn of the loop
            cycle.__class__ = LeanCycle
            self.scope[SHORT_WAY] = cycle  # type: ignore[literal-required]
