"""HTTP/1.1 connections to partners, as lean as they get: kept open, bounded in time and size, one call at a time each.

In place of aiohttp's client, which takes several times the processor time for the same exchange (docs/adr/0010). It
knows no OCPI and repeats nothing; what a failure proves is said by its kind. Nothing the far side sends is trusted.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohappyeyeballs
from multidict import CIMultiDict, CIMultiDictProxy

from parties.client.connection import Connection, ExchangeTimeout
from parties.client.names import Names
from parties.client.unpack import unpack
from parties.egress import Egress, get_origin, is_plain, make_socket, make_tls_context

KEEP_ALIVE = 1.8  # seconds; the shortest idle limit among common servers is 2
CONNECT_LIMIT = 3.0  # seconds for DNS, TCP and TLS together
_SECOND_FAMILY_AFTER = 0.25  # seconds until the other address family is tried as well (RFC 8305)


class CannotConnect(OSError):
    """No connection: nothing was sent."""


class Server(NamedTuple):
    """Where connections are shared."""

    scheme: str
    host: str
    port: int


class Response(NamedTuple):
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Connections:
    """One per event loop. Any number of calls at the same time; how many to one peer is bounded by the caller."""

    def __init__(self, *, egress: Egress, max_answer: int) -> None:
        self._egress = egress
        self._max_answer = max_answer
        self._tls = make_tls_context()
        self._idle: dict[Server, list[Connection]] = {}
        self._names = Names()
        self._sweep: asyncio.TimerHandle | None = None
        self._open: set[Connection] = set()

    async def exchange(
        self, peer: int, *, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        """One request and its whole answer, inside `timeout` seconds all in all.

        Raises:
            CannotConnect: DNS, TCP, TLS or the egress guard; nothing was sent.
            ExchangeTimeout: no whole answer in time.
            TooMuch: the answer is over the limit, as it came or unpacked.
            ConnectionBroke: after it stood; nobody knows what the peer received. Also an answer that is no HTTP.
            ValueError: a header or URL that cannot be written.
        """
        started = time.monotonic()
        server, target, host_header = split_url(url)
        request = write_request(method, target, host=host_header, headers=headers, body=body)
        connection = self._take_idle(server) or await self._connect(server, peer=peer, timeout=timeout)
        left = timeout - (time.monotonic() - started)
        if left <= 0:
            self._give_back(server, connection)
            raise ExchangeTimeout("no answer in time")
        try:
            status, fields, content = await connection.exchange(request, timeout=left)
        finally:
            if connection.is_reusable:
                self._give_back(server, connection)
            else:
                self._drop(connection)
        told = CIMultiDictProxy(CIMultiDict(fields))
        if "Content-Encoding" in told:
            content = unpack(content, told.getall("Content-Encoding"), limit=self._max_answer)
        return Response(status, told, content)

    async def close(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in list(self._open):
            self._drop(connection)
        self._idle.clear()
        self._names.close()
        await asyncio.sleep(0)  # the transports say good-bye

    # Connections that wait for the next call

    def _take_idle(self, server: Server) -> Connection | None:
        waiting = self._idle.get(server)
        oldest = time.monotonic() - KEEP_ALIVE
        while waiting:
            connection = waiting.pop()
            if connection.is_reusable and connection.idle_since > oldest:
                return connection
            self._drop(connection)
        return None

    def _give_back(self, server: Server, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        self._idle.setdefault(server, []).append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._close_idle)

    def _close_idle(self) -> None:
        """No socket outlives its use by more than twice the limit."""
        oldest = time.monotonic() - KEEP_ALIVE
        for server, waiting in list(self._idle.items()):
            stale = [each for each in waiting if not each.is_reusable or each.idle_since <= oldest]
            for connection in stale:
                self._drop(connection)
            if kept := [each for each in waiting if each not in stale]:
                self._idle[server] = kept
            else:
                del self._idle[server]
        self._sweep = asyncio.get_running_loop().call_later(KEEP_ALIVE, self._close_idle) if self._idle else None

    def _drop(self, connection: Connection) -> None:
        self._open.discard(connection)
        connection.abort()

    # New connections

    async def _connect(self, server: Server, *, peer: int, timeout: float) -> Connection:
        try:
            async with asyncio.timeout(min(CONNECT_LIMIT, timeout * 0.9)):
                return await self._open_connection(server, peer=peer)
        except TimeoutError as error:
            raise CannotConnect("no connection in time") from error
        except (OSError, ssl.SSLError, UnicodeError) as error:
            raise CannotConnect(f"no connection: {error}") from error  # alerts know the hub's own words by them

    async def _open_connection(self, server: Server, *, peer: int) -> Connection:
        loop = asyncio.get_running_loop()
        sock = await aiohappyeyeballs.start_connection(
            await self._names.look_up(server.host, server.port, asker=peer),
            happy_eyeballs_delay=_SECOND_FAMILY_AFTER,
            interleave=1,
            loop=loop,
            socket_factory=lambda info: make_socket(*info[:3], info[4], egress=self._egress),
        )
        try:
            is_tls = server.scheme == "https"
            _, connection = await loop.create_connection(
                lambda: Connection(max_answer=self._max_answer),
                sock=sock,
                ssl=self._tls if is_tls else None,
                server_hostname=server.host if is_tls else None,
            )
        except BaseException:
            sock.close()
            raise
        self._open.add(connection)
        return connection


def split_url(url: str) -> tuple[Server, str, str]:
    """Server, request target as the peer wrote it (TRANS-25, TRANS-33), and the Host header.

    Raises:
        ValueError: no URL that can be called.
    """
    if not is_plain(url):
        raise ValueError("the URL holds blanks, control characters or letters outside ASCII")
    origin = get_origin(url)
    server, host = _split_origin(origin)
    target = url[len(origin) :].partition("#")[0]
    return server, target if target.startswith("/") else "/" + target, host


@lru_cache(maxsize=4096)
def _split_origin(origin: str) -> tuple[Server, str]:
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not a URL to call: {origin[:100]!r}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Server(parts.scheme, parts.hostname, port), f"{host}:{parts.port}" if parts.port else host


def write_request(method: str, target: str, *, host: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """
    Raises:
        ValueError: a header that would end its line, or cannot be encoded.
    """
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Accept-Encoding: gzip, deflate"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("a header holds a line break")
    return head.encode("latin-1") + b"\r\n\r\n" + body
