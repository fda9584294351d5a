"""A partner's server: answers every request with an OCPI success, in the way its port was told to. Its own process."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import httptools
import uvloop

from benchmarks.cores import OTHERS, pin_myself

_ENVELOPE = b'{"data":null,"status_code":1000,"status_message":"Success","timestamp":"2026-01-01T00:00:00Z"}'
_HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_GOOD = _HEAD % (200, len(_ENVELOPE)) + _ENVELOPE
_BAD = _HEAD % (500, 4) + b"oops"


@dataclass(frozen=True)
class Manner:
    """How one port answers; `latency` in seconds. `sick`: "hangs", "fails" with 500, or "drips" a byte a second."""

    latency: float = 0.0
    sick: str = ""
    answers: Mapping[bytes, bytes] = field(default_factory=dict)  # whole HTTP answers, by path and query


@dataclass
class Heard:
    """What all ports together received since the last look."""

    calls: int = 0
    out_of_order: int = 0
    last_at: float = 0.0  # time.perf_counter(), the same clock in every process


class Partners:
    """`with Partners({port: Manner()}) as partners:` – one process, a port per partner."""

    def __init__(self, manners: Mapping[int, Manner], *, cores: frozenset[int] = OTHERS) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(dict(manners), theirs, cores), daemon=True)

    def __enter__(self) -> Partners:
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.join(10)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def look(self) -> Heard:
        """Since the beginning or the last `reset`."""
        self._pipe.send("look")
        heard: Heard = self._pipe.recv()
        return heard

    def wait_for(self, calls: int, *, quiet: float, seconds: float = 60.0) -> Heard:
        """Until so many have come, or none came for `quiet` seconds."""
        began = time.perf_counter()
        while True:
            heard = self.look()
            now = time.perf_counter()
            if heard.calls >= calls or now - max(heard.last_at, began) > quiet or now - began > seconds:
                return heard
            time.sleep(0.05)

    def reset(self) -> None:
        self._pipe.send("reset")
        self._pipe.recv()

    def behave(self, manners: Mapping[int, Manner]) -> None:
        """From now on, where a port is known already."""
        self._pipe.send(dict(manners))
        self._pipe.recv()


def _run(manners: dict[int, Manner], pipe: Any, cores: frozenset[int]) -> None:
    pin_myself(cores)
    uvloop.install()
    asyncio.run(_serve(manners, pipe))


async def _serve(manners: dict[int, Manner], pipe: Any) -> None:
    loop = asyncio.get_running_loop()
    book = _Book()
    for port in manners:
        await loop.create_server(partial(_Server, manners, port, book), "127.0.0.1", port, backlog=1024)
    ended = loop.create_future()

    def answer() -> None:
        try:
            asked = pipe.recv()
        except EOFError:
            ended.set_result(None)
            return
        if asked == "reset":
            book.reset()
        elif isinstance(asked, dict):
            manners.update(asked)
        pipe.send(book.heard)

    loop.add_reader(pipe.fileno(), answer)
    pipe.send("ready")
    await ended


class _Book:
    """Counts calls, and those whose body names an older state of an object than the one before (`"last_updated"`)."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.heard = Heard()
        self._latest: dict[tuple[int, bytes], bytes] = {}

    def note(self, port: int, url: bytes, body: bytes) -> None:
        self.heard.calls += 1
        self.heard.last_at = time.perf_counter()
        start = body.rfind(b'"last_updated":"')
        if start < 0:
            return
        stamp = body[start + 16 : start + 40]
        key = (port, url)
        if stamp < self._latest.get(key, b""):
            self.heard.out_of_order += 1
        self._latest[key] = stamp


class _Server(asyncio.Protocol):
    def __init__(self, manners: Mapping[int, Manner], port: int, book: _Book) -> None:
        self._manners, self._port, self._book = manners, port, book
        self._url = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._book.note(self._port, self._url, b"".join(self._body))
        self._body.clear()
        self._parser = httptools.HttpRequestParser(self)
        manner = self._manners[self._port]
        if manner.sick == "hangs":
            return
        answer = _BAD if manner.sick == "fails" else manner.answers.get(self._url, _GOOD)
        if manner.sick == "drips":
            self._drip(0)
        elif manner.latency:
            asyncio.get_running_loop().call_later(manner.latency, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)

    def _drip(self, sent: int) -> None:
        if not self._transport.is_closing() and sent < len(_GOOD):
            self._transport.write(_GOOD[sent : sent + 1])
            asyncio.get_running_loop().call_later(1.0, self._drip, sent + 1)
