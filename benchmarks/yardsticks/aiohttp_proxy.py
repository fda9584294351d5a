"""The bare proxy: aiohttp in, aiohttp out. No check, no store, no log. Arguments: PORT TARGET."""

from __future__ import annotations

import sys

import aiohttp
import uvloop
from aiohttp import web


def make_application(target: str) -> web.Application:
    async def open_session(application: web.Application):  # type: ignore[no-untyped-def]
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            application["session"] = session
            yield

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        async with request.app["session"].request(
            request.method, target + request.path_qs, headers=headers, data=body, allow_redirects=False
        ) as answer:
            content = await answer.read()
            return web.Response(status=answer.status, body=content, content_type="application/json")

    application = web.Application()
    application.cleanup_ctx.append(open_session)
    application.router.add_route("*", "/{path:.*}", pass_on)
    return application


if __name__ == "__main__":
    uvloop.install()
    web.run_app(make_application(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
