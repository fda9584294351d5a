"""What two transactions a call leave over: the hub's own HTTP, in and out, and those. Nothing is checked.

As `durable_proxy`, without aiohttp's share. Arguments: PORT TARGET DSN.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from benchmarks.yardsticks.durable_proxy import Keeper
from gateway.short_way import SHORT_WAY, ShortWay
from parties.client.connections import Connections
from parties.egress import Egress
from roaming_hub.lean_http import Protocol

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

LOOPBACK = Egress(require_https=False, allow=(ipaddress.ip_network("127.0.0.0/8"),))
OWN_HEADERS = (b"host", b"content-length")  # written anew for the target


class Application:
    def __init__(self, target: str, *, dsn: str) -> None:
        self._target = target
        self._dsn = dsn
        self._keeper: Keeper | None = None
        self._connections: Connections | None = None

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            self._keeper, self._connections = Keeper(self._dsn), Connections(egress=LOOPBACK, max_answer=1 << 20)
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        short_way: ShortWay = scope.pop(SHORT_WAY)
        body = short_way.take_body()
        assert body is not None, "a call of the benchmark comes in one piece"
        await self._answer(scope, body, short_way)

    async def _answer(self, scope: Scope, body: bytes, short_way: ShortWay) -> None:
        assert self._keeper is not None
        assert self._connections is not None
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name not in OWN_HEADERS
        }
        path: str = scope["path"]
        key = path.rpartition("/")[2].lower()
        await self._keeper.keep(key, document=body)
        response = await self._connections.exchange(
            0, method=scope["method"], url=self._target + path, headers=headers, body=body, timeout=10
        )
        await self._keeper.keep(key, request_id=headers["x-request-id"])
        length = str(len(response.body)).encode()
        fields = [(b"Content-Type", b"application/json"), (b"Content-Length", length)]
        short_way.answer(response.status, fields, response.body)


if __name__ == "__main__":
    uvicorn.run(
        Application(sys.argv[2], dsn=sys.argv[3]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http=Protocol,
        log_level="error",
        access_log=False,
    )
