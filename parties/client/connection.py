"""One connection to a partner and the answer that is coming in on it. Nothing is believed that was not asked for."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

MAX_HEAD = 64 * 1024  # bytes of status line and headers together


class ConnectionBroke(OSError):
    """After it stood: nobody knows what the peer received."""


class ExchangeTimeout(Exception):
    """No whole answer in time."""


class TooMuch(Exception):
    """The answer is over the limit. The peer has processed the request."""


Received = tuple[int, list[tuple[str, str]], bytes]


class Connection(asyncio.Protocol):
    """`exchange` one call after the other; `is_reusable` says whether there may be a next one."""

    def __init__(self, *, max_answer: int) -> None:
        self._max_answer = max_answer
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Received] | None = None
        self._is_broken = False
        self.idle_since = 0.0
        self._is_done = False
        self._parser = httptools.HttpResponseParser(self)  # for all answers, as long as each ends as it should
        self._begin()

    @property
    def is_reusable(self) -> bool:
        return not self._is_broken and self._waiting is None

    async def exchange(self, request: bytes, *, timeout: float) -> Received:
        """
        Raises:
            ConnectionBroke, ExchangeTimeout, TooMuch: the connection is not reusable then.
        """
        if self._is_broken or self._transport is None:
            raise ConnectionBroke("the peer closed the connection")
        self._begin()
        self._waiting = self._loop.create_future()
        deadline = self._loop.call_later(timeout, self._fail, ExchangeTimeout("no answer in time"))
        try:
            self._transport.write(request)
            return await self._waiting
        except asyncio.CancelledError:
            self._is_broken = True  # its answer is still on the way, and not for the next caller
            raise
        finally:
            deadline.cancel()
            self._waiting = None

    def abort(self) -> None:
        self._is_broken = True
        if self._transport is not None:
            self._transport.abort()

    # What the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._is_done:
            self.abort()  # nobody asked: it must never pass for the answer to the next call
            return
        self._room -= len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(ConnectionBroke("the peer wants to leave HTTP"))
        except httptools.HttpParserError as error:
            self._fail(_get_cause(error) or ConnectionBroke(f"not an HTTP answer: {error}"))
        else:
            if self._room < 0:
                self._fail(TooMuch(f"the answer is over {MAX_HEAD} bytes beside its content"))

    def eof_received(self) -> bool:
        return False  # a half-closed connection is a closed one

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_broken = True
        if exc is None and self._has_head and self._ends_with_connection and not self._is_done:
            self._finish()
        else:
            self._fail(ConnectionBroke(f"the connection broke: {exc or 'the peer closed it'}"))

    # What the parser tells

    def on_message_begin(self) -> None:
        if self._is_done:
            self._is_broken = True  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # a trailer may not change what the head has said
            self._fields.append((name.decode("latin-1"), value.decode("utf-8", "surrogateescape")))

    def on_headers_complete(self) -> None:
        if self._is_done:
            return
        if 100 <= self._parser.get_status_code() < 200:
            self._fields.clear()  # provisional: the answer follows
            return
        self._has_head = True
        names = {name.lower() for name, _ in self._fields}
        self._ends_with_connection = not names & {"content-length", "transfer-encoding"}

    def on_body(self, body: bytes) -> None:
        if self._is_done:
            return
        self._body += body
        if len(self._body) > self._max_answer:
            raise TooMuch(f"the answer is over {self._max_answer} bytes")
        self._room += 2 * len(body)  # itself, and as much again for the framing of small chunks

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_done:
            self._is_broken = self._is_broken or not self._parser.should_keep_alive() or self._is_still_sending()
            self._finish()

    # Ends of an exchange

    def _begin(self) -> None:
        self._fields: list[tuple[str, str]] = []
        self._body = bytearray()  # no list of parts: with a byte or two each they would take many times their size
        self._room = MAX_HEAD  # for what is not content: head, framing, trailers
        self._has_head = self._is_done = self._ends_with_connection = False

    def _is_still_sending(self) -> bool:
        """It answered before it had read the request: what is left of that must not begin the next one."""
        return self._transport is None or self._transport.get_write_buffer_size() > 0

    def _finish(self) -> None:
        self._is_done = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result((self._parser.get_status_code(), self._fields, bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        self.abort()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


def _get_cause(error: BaseException) -> TooMuch | None:
    """The parser wraps what its callbacks raise."""
    inner = error.__context__ or error.__cause__
    return inner if isinstance(inner, TooMuch) else None
