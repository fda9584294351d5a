"""Calls to partners on an event loop: pooled, bounded in time and size, guarded. It never decides what to send.

Repeating. GET, PUT and DELETE mean the same however often they arrive: they are sent once more, inside the deadline, if
the connection breaks (AMB-20). POST and PATCH are never repeated here: a connection that broke after the first byte
proves nothing about what the peer did (CMD-19; a repeated PATCH could append twice, SESS-05). So that the case stays
rare, connections are kept for less time than common servers keep them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

import aiohttp
from django.conf import settings
from yarl import URL

from parties.client.peer import Answer, AnswerTooLarge, Peer, PeerBusy, PeerTimeout, PeerUnreachable
from parties.client.slash import turn_slash
from parties.egress import Egress, EgressRefused, check_url, make_socket, make_tls_context

KEEP_ALIVE = 1.8  # seconds; the shortest idle limit among common servers is 2
CONNECT_LIMIT = 3.0  # seconds for DNS, TCP and TLS together
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_CHUNK = 64 * 1024


class _ConnectionBroke(PeerUnreachable):
    """After it stood: nobody knows what the peer received."""


class AsyncClient:
    """One per event loop; `async with`. Safe for any number of concurrent `send`s."""

    def __init__(self, *, egress: Egress | None = None, max_answer: int | None = None) -> None:
        self._egress = egress or Egress.of_settings()
        self._max_answer = max_answer or settings.HUB_MAX_ANSWER
        self._in_flight: dict[int, int] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> AsyncClient:
        connector = aiohttp.TCPConnector(
            limit=0,  # bounded per peer instead
            keepalive_timeout=KEEP_ALIVE,
            ttl_dns_cache=30,
            ssl=make_tls_context(),
            socket_factory=self._make_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            skip_auto_headers=("User-Agent", "Content-Type"),
        )
        # aiohttp's own repeat hides from us that something was sent before; ours, below, knows.
        self._session._retry_connection = False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def get_in_flight(self, peer_id: int) -> int:
        return self._in_flight.get(peer_id, 0)

    async def send(
        self, peer: Peer, *, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Answer:
        """One request, one whole answer, inside `timeout` seconds all in all.

        Raises:
            PeerBusy: the peer has as many open calls as it may have; nothing was waited for.
            PeerTimeout: the deadline passed.
            PeerUnreachable: no connection, a broken one, or not a URL the hub calls.
            AnswerTooLarge: the answer is over the limit.
        """
        try:
            check_url(url, egress=self._egress)
        except EgressRefused as error:
            raise PeerUnreachable(str(error), before_send=True) from error
        if self.get_in_flight(peer.id) >= peer.max_in_flight:
            raise PeerBusy(f"{peer.max_in_flight} calls are open already")
        self._in_flight[peer.id] = self.get_in_flight(peer.id) + 1
        try:
            return await self._exchange_turning(method=method, url=url, headers=headers, body=body, timeout=timeout)
        finally:
            self._release(peer.id)

    async def _exchange_turning(
        self, *, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Answer:
        """Once more where the peer only wants the last slash the other way (AMB-15)."""
        answer = await self._exchange(method=method, url=url, headers=headers, body=body, timeout=timeout)
        location = answer.headers.get("Location")
        turned = turn_slash(url, method=method, status=answer.http_status, location=location)
        left = timeout - answer.elapsed_ms / 1000
        if turned is None or left <= 0:
            return answer
        again = await self._exchange(method=method, url=turned, headers=headers, body=body, timeout=left)
        return replace(again, redirect=(answer.http_status, location or ""))

    def _release(self, peer_id: int) -> None:
        left = self._in_flight[peer_id] - 1
        if left:
            self._in_flight[peer_id] = left
        else:
            del self._in_flight[peer_id]

    async def _exchange(
        self, *, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Answer:
        started = time.monotonic()
        try:
            return await self._attempt(
                method=method, url=url, headers=headers, body=body, started=started, timeout=timeout
            )
        except _ConnectionBroke:
            if method not in REPEATABLE:
                raise
        try:
            left = timeout - (time.monotonic() - started)
            if left <= 0:
                raise PeerTimeout("no answer in time")
            return await self._attempt(
                method=method, url=url, headers=headers, body=body, started=started, timeout=left
            )
        except PeerUnreachable as error:
            error.before_send = False  # the first attempt may have arrived
            raise

    async def _attempt(
        self, *, method: str, url: str, headers: Mapping[str, str], body: bytes, started: float, timeout: float
    ) -> Answer:
        assert self._session is not None, "use the client inside `async with`"
        limits = aiohttp.ClientTimeout(total=timeout, connect=min(CONNECT_LIMIT, timeout * 0.9), ceil_threshold=1e9)
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),  # as the peer wrote it (TRANS-25, TRANS-33)
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=limits,
            ) as response:
                content = await self._read(response)
                elapsed_ms = round((time.monotonic() - started) * 1000)
                return Answer(
                    http_status=response.status, headers=response.headers, body=content, elapsed_ms=elapsed_ms
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise PeerUnreachable("no connection in time", before_send=True) from error
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise PeerUnreachable(f"no connection: {error}", before_send=True) from error
        except TimeoutError as error:
            raise PeerTimeout("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise _ConnectionBroke(f"the connection broke: {type(error).__name__}: {error}") from error
        except ValueError as error:  # a header that cannot be written
            raise PeerUnreachable(f"not sent: {error}", before_send=True) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body, unpacked, up to the limit: a small compressed answer may hold a very large one."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._max_answer:
                response.close()
                raise AnswerTooLarge(f"the answer is over {self._max_answer} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    def _make_socket(self, info: tuple[Any, ...]) -> Any:
        family, kind, proto, _, address = info
        return make_socket(family, kind, proto, address, egress=self._egress)
