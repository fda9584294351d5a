"""The server as it runs, with an echo behind it, and raw sockets to call it with."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gateway.asgi import _send_whole
from gateway.reading import CallerGone, Reading
from gateway.short_way import SHORT_WAY
from gateway.views import Response
from roaming_hub.lean_http import LeanCycle, Protocol


class Echo:
    """Answers with the body it got; notes which way that came, and who had gone."""

    def __init__(self) -> None:
        self.ways: list[str] = []
        self.gone = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        short_way = scope.get(SHORT_WAY)
        assert isinstance(short_way, LeanCycle)
        self.ways.append("short" if not short_way.more_body else "long")
        try:
            body = await Reading(receive, short_way=short_way).read()
        except CallerGone:
            self.gone += 1
            return
        if scope["path"] == "/until-gone":
            assert (await receive())["type"] == "http.disconnect"
            self.gone += 1
            return
        headers = [(b"Content-Length", b"%d" % len(body)), *self.headers]
        await _send_whole(short_way, send, Response(200, headers, (body,)))


@contextmanager
def serving(echo: Any, **settings: Any) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(echo, http=Protocol, lifespan="off", log_level="critical", access_log=False, **settings)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def put(body: bytes, *, more: bytes = b"", path: bytes = b"/") -> bytes:
    return b"PUT %s HTTP/1.1\r\nHost: hub\r\n%sContent-Length: %d\r\n\r\n%s" % (path, more, len(body), body)


def read_until(line: socket.socket, end: bytes, *, times: int = 1) -> bytes:
    got = b""
    while got.count(end) < times:
        piece = line.recv(65536)
        if not piece:
            break
        got += piece
    return got


def wait_until(condition: Any) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)
