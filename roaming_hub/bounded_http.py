"""uvicorn's HTTP protocol with the bounds it lacks: how much may come that is no body, how long a connection may
neither bring a request nor be answered, and that it stays HTTP. All before anybody knows who is calling."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 1024  # of a head, of what stands between chunks, or behind them, before more is read
LOOK_SECONDS = 15.0  # whoever is at nothing goes after one to two of these
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_AT_WORK = -1


class BoundedProtocol(HttpToolsProtocol):
    look_seconds = LOOK_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._loose = 0  # bytes since the last whole head or piece of a body
        self._heads = self._heads_before = 0
        self._was_closing = False
        self._next_look = self.loop.call_later(self.look_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._next_look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._loose += len(data)
        super().data_received(data)
        if self._loose > MOST_BYTES:
            self._refuse()

    def on_headers_complete(self) -> None:
        self._loose = 0
        self._heads += 1
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        super().on_body(body)

    def _should_upgrade_to_ws(self) -> bool:
        return False  # there is nothing behind it

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as it is (RFC 9110, 7.8)."""

    def _refuse(self) -> None:
        if self.transport.is_closing():
            return
        if not self._is_at_work:
            self.transport.write(TOO_LARGE)
        self.transport.close()

    def _look(self) -> None:
        """An answer on its way has time limits of its own; one that is not taken to its end is dropped here."""
        if self.transport.is_closing():
            if self._was_closing:
                self.transport.abort()
            self._was_closing = True
        elif not self._is_at_work and self._heads == self._heads_before:
            self.transport.close()
        self._heads_before = _AT_WORK if self._is_at_work else self._heads
        self._next_look = self.loop.call_later(self.look_seconds, self._look)

    @property
    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
