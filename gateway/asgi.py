"""The OCPI edge: a raw ASGI handler for /ocpi, as lean as it gets (docs/adr/0002); everything else is Django as usual.

No middleware, no ORM, no thread hop stands on the way of a message.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, MutableMapping
from functools import partial
from typing import Any

from django.conf import settings

from gateway import proxies
from gateway.admission import Slot
from gateway.health import respond_health
from gateway.hub import Hub
from gateway.pages import Application, Pages, Receive, Scope, Send
from gateway.reading import CallerGone, Reading
from gateway.short_way import SHORT_WAY, ShortWay
from gateway.views import Request, Response, Views
from ocpi.errors import Overloaded, TooLarge, TooSlow
from telemetry import metrics

logger = logging.getLogger(__name__)

JSON = [(b"Content-Type", b"application/json")]
SHORT = 64 * 1024  # bytes that the server takes at once, whatever its caller does


class Edge:
    """Serves /ocpi and the health checks itself, hands the rest to `django`. Lives as long as the server."""

    def __init__(self, django: Application) -> None:
        self._pages = Pages(django, get_silence=lambda: self._hub.facts.age if self._hub is not None else 0.0)
        self._hub: Hub | None = None
        self._views: Views | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the hub does not speak {scope['type']}")
        # Taken out, as server and scope would hold each other: garbage for the collector, with each call.
        short_way: ShortWay | None = scope.pop(SHORT_WAY, None)
        if scope["path"].startswith("/ocpi"):
            await self._respond(proxies.settle(scope), receive, send, short_way=short_way)
        else:
            await self._serve(proxies.settle(scope), receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in ("/healthz", "/readyz"):
            status, body = await respond_health(scope["path"], self._hub)
            await _send(send, status, JSON, body)
            return
        try:
            body = await Reading(receive).read(declared=_get_headers(scope).get("content-length", ""))
        except (TooLarge, TooSlow) as error:
            headers = [*JSON, *((name.encode(), value.encode()) for name, value in error.headers)]
            await _send(send, error.http_status, headers, json.dumps({"detail": error.message}).encode())
        except CallerGone:
            return
        else:
            await self._pages.serve(scope, _replay(body, receive), send)

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

    def _respond(self, scope: Scope, receive: Receive, send: Send, *, short_way: ShortWay | None) -> Awaitable[None]:
        assert self._views is not None, "the server must run with lifespan on"
        assert self._hub is not None
        try:
            slot = self._hub.admission.enter()
        except Overloaded as error:
            metrics.calls_refused.labels("overload").inc()
            response = self._views.refuse_at_once(error, _get_headers(scope))
            return _send_whole(short_way, send, response)
        return self._respond_in(slot, scope, receive, send, short_way=short_way)

    async def _respond_in(
        self, slot: Slot, scope: Scope, receive: Receive, send: Send, *, short_way: ShortWay | None
    ) -> None:
        assert self._views is not None
        with slot:
            headers = _get_headers(scope)
            reading = Reading(receive, short_way=short_way)
            request = Request(
                method=scope["method"],
                path=_spell(scope["raw_path"]).split("?")[0] if scope.get("raw_path") else scope["path"],
                query=_spell(scope["query_string"]),
                headers=headers,
                is_secure=scope["scheme"] == "https",
                read_body=partial(reading.read, declared=headers.get("content-length", "")),
                slot=slot,
                address=(scope.get("client") or ("",))[0],
            )
            try:
                # What only reads is not worth the while when its caller has gone; what was pushed is carried through.
                work = self._views.respond(request)
                response = await (reading.until_gone(work) if request.is_list else work)
            except CallerGone:
                return
            if response.size <= SHORT:
                await _send_whole(short_way, send, response)
            else:
                await _send_slowly(send, response)


def _spell(target: bytes) -> str:
    """As it came, but for what no URL may hold and some write all the same: nobody could be called with it."""
    return target.decode("latin-1").replace("\\", "%5C")


def _get_headers(scope: Scope) -> dict[str, str]:
    """ASGI's names are in lower case."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, then whatever else comes."""
    messages = [{"type": "http.request", "body": body}]

    async def receive_again() -> MutableMapping[str, Any]:
        return messages.pop() if messages else await receive()

    return receive_again


async def _send_whole(short_way: ShortWay | None, send: Send, response: Response) -> None:
    if short_way is None or not short_way.answer(response.status, response.headers, response.parts[0]):
        await _send(send, response.status, response.headers, response.parts[0])


async def _send_slowly(send: Send, response: Response) -> None:
    """No faster than the caller takes it, so that what it has not taken counts as open; and not for ever."""
    try:
        async with asyncio.timeout(settings.HUB_SEND_TIMEOUT):
            await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
            for part in response.parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})  # when the server has let go of the others
    except TimeoutError:
        logger.warning("an answer of %d bytes was not taken in time", response.size)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
