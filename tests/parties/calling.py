"""A call with either of the two clients, and peers that leave it without an answer."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable

from parties.client import Answer, AsyncClient, Peer, SyncClient
from parties.egress import Egress
from tests.parties.http_peer import Handler

LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
PEER = Peer(id=1, token="secret", max_in_flight=1)
Call = Callable[..., Answer]


def call_async(
    url: str, *, method: str = "GET", body: bytes = b"", timeout: float = 5.0, max_answer: int = 1000
) -> Answer:
    async def run() -> Answer:
        async with AsyncClient(egress=LOOPBACK, max_answer=max_answer) as client:
            return await client.send(PEER, method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)

    return asyncio.run(run())


def call_blocking(
    url: str, *, method: str = "GET", body: bytes = b"", timeout: float = 5.0, max_answer: int = 1000
) -> Answer:
    client = SyncClient(egress=LOOPBACK, max_answer=max_answer)
    return client.request(PEER, method=method, url=url, headers={"X-A": "b"}, body=body, timeout=timeout)


def hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def stay_silent(handler: Handler) -> None:
    handler.close_connection = True
    handler.server.peer.released.wait(10)
