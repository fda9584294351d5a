"""The OCPI edge: a raw ASGI handler for /ocpi, as lean as it gets (docs/adr/0002); everything else is Django as usual.

No middleware, no ORM, no thread hop stands on the way of a message.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from gateway import proxies
from gateway.health import respond_health
from gateway.hub import Hub
from gateway.views import Request, Views
from ocpi.errors import TooLarge

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class CallerGone(BaseException):
    """Not an Exception: no handler of failures may answer it."""


class Edge:
    """Serves /ocpi and the health checks itself, hands the rest to `django`. Lives as long as the server."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._hub: Hub | None = None
        self._views: Views | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http":
            raise ValueError(f"the hub does not speak {scope['type']}")
        else:
            await self._serve(proxies.settle(scope), receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/ocpi"):
            await self._respond(scope, receive, send)
        elif scope["path"] in ("/healthz", "/readyz"):
            status, body = await respond_health(scope["path"], self._hub)
            await _send(send, status, [(b"Content-Type", b"application/json")], body)
        else:
            await self._django(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._hub = Hub()
                await self._hub.start()
                self._views = Views(self._hub)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._hub is not None:
                    await self._hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._views is not None, "the server must run with lifespan on"
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1").split("?")[0] if scope.get("raw_path") else scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            is_secure=scope["scheme"] == "https",
            read_body=lambda: _read_body(scope, receive, limit=settings.HUB_MAX_BODY),
        )
        try:
            response = await self._views.respond(request)
        except CallerGone:
            return
        await _send(send, response.status, response.headers, response.body)


async def _read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes:
    """
    Raises:
        TooLarge: it is over the limit; the rest is not read.
        CallerGone: before its request was complete; there is nobody to answer and nothing was done.
    """
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"the body is over {limit} bytes")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise TooLarge(f"the body is over {limit} bytes")
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
