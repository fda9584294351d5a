"""The bare proxy: aiohttp in, aiohttp out. No check, no store, no log. Arguments: PORT TARGET."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import aiohttp
import uvloop
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_application(target: str, *, handler: Handler | None = None) -> web.Application:
    """`handler` stands before `pass_on`, where more is to be done."""

    async def open_session(application: web.Application):  # type: ignore[no-untyped-def]
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            application["session"] = session
            yield

    application = web.Application()
    application["target"] = target
    application.cleanup_ctx.append(open_session)
    application.router.add_route("*", "/{path:.*}", handler or pass_on)
    return application


async def pass_on(request: web.Request) -> web.Response:
    body = await request.read()
    headers = {name: value for name, value in request.headers.items() if name != "Host"}
    url = request.app["target"] + request.path_qs
    async with request.app["session"].request(
        request.method, url, headers=headers, data=body, allow_redirects=False
    ) as answer:
        content = await answer.read()
        return web.Response(status=answer.status, body=content, content_type="application/json")


def serve(application: web.Application, *, port: int) -> None:
    uvloop.install()
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    serve(make_application(sys.argv[2]), port=int(sys.argv[1]))
