"""Servers that are slow, broken or hostile, and our connections to them: raw sockets, that send what they like."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from parties.client.connections import Connections, Response
from parties.egress import Egress

LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
LIMIT = 1000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(behave: Behaviour) -> Any:
    """A server that behaves so on each connection, and the number of connections it got."""
    got: list[int] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(1)
        try:
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path?a=1", got
    finally:
        server.close()


@asynccontextmanager
async def connections(*, egress: Egress = LOOPBACK, max_answer: int = LIMIT) -> Any:
    made = Connections(egress=egress, max_answer=max_answer)
    try:
        yield made
    finally:
        await made.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    return head + await reader.readexactly(length)


def answering(*answers: bytes, then_close: bool = False) -> Behaviour:
    """One answer per request, in turn; the last again and again."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = list(answers)
        while True:
            await read_request(reader)
            writer.write(turn.pop(0) if len(turn) > 1 else turn[0])
            await writer.drain()
            if then_close:
                return

    return behave


def get(
    url: str, made: Connections, *, peer: int = 1, timeout: float = 10.0, body: bytes = b"", method: str = "GET"
) -> Awaitable[Response]:
    return made.exchange(peer, method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)


def run_one(behave: Behaviour, *, timeout: float = 10.0) -> Response:
    async def run() -> Response:
        async with serving(behave) as (url, _), connections() as made:
            return await get(url, made, timeout=timeout)

    return asyncio.run(run())
