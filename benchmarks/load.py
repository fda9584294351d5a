"""Callers: a closed loop of N keep-alive connections, or an open loop at a rate. A process of its own, and a cheap one.

A caller sends the next request when its answer is complete. Latency is measured per request; in the open loop from the
moment the request was due, so that a stalled server cannot hide its stall (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any, cast

import httptools
import uvloop

from benchmarks.cores import OTHERS, pin_myself

SUCCESS = b'"status_code":1000'  # what OCPI calls success; HTTP 2xx alone says little
_GRACE = 30.0  # seconds for the answers that are still due at the end


@dataclass(frozen=True)
class Load:
    """`requests` are whole HTTP/1.1 requests; a caller takes every n-th one, in turn."""

    port: int
    requests: Sequence[bytes]
    callers: int
    seconds: float
    rate: float | None = None  # requests/s of all callers together; None: as fast as answers come
    total: int | None = None  # stop after so many requests, whatever the time
    expect: bytes = b""  # what must be in the body of a good answer


@dataclass
class Outcome:
    begun: float = 0.0  # time.perf_counter()
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # seconds, of answers with HTTP 2xx
    failures: int = 0  # other statuses or bodies, broken connections, no answer
    first_failure: str = ""
    received: int = 0  # bytes of bodies

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def run_load(*loads: Load, cores: frozenset[int] = OTHERS) -> list[Outcome]:
    """All of them at the same time, in one process beside the caller's."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(loads, sender, cores), daemon=True)
    process.start()
    sender.close()
    try:
        outcomes: list[Outcome] = receiver.recv()
    finally:
        process.join(10)
    return outcomes


def get_outcome(load: Load) -> Outcome:
    """
    Raises:
        RuntimeError: not every answer was good.
    """
    (outcome,) = run_load(load)
    if outcome.failures:
        raise RuntimeError(f"{outcome.failures} calls failed, the first with: {outcome.first_failure}")
    return outcome


def _run(loads: Sequence[Load], sender: Any, cores: frozenset[int]) -> None:
    pin_myself(cores)
    uvloop.install()
    sender.send(asyncio.run(_run_all(loads)))


async def _run_all(loads: Sequence[Load]) -> list[Outcome]:
    return list(await asyncio.gather(*map(_run_one, loads)))


async def _run_one(load: Load) -> Outcome:
    outcome = Outcome()
    pace = _Pace(load)
    loop = asyncio.get_running_loop()
    callers = []
    for number in range(min(load.callers, load.total or load.callers)):
        mine = cycle(load.requests[number % len(load.requests) :: load.callers] or load.requests)
        make = partial(_Caller, mine, pace, outcome, load.expect)
        _, caller = await loop.create_connection(make, "127.0.0.1", load.port)
        callers.append(caller)
    pace.begin()
    for caller in callers:
        caller.send_next()
    await asyncio.wait([asyncio.ensure_future(caller.done) for caller in callers], timeout=load.seconds + _GRACE)
    outcome.failures += sum(not caller.done.done() for caller in callers)
    outcome.begun, outcome.seconds = pace.begun, pace.last_answer - pace.begun
    return outcome


class _Pace:
    """When the next request is due, and when it is over."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._sent = 0
        self.begun = self.last_answer = time.perf_counter()

    def begin(self) -> None:
        self.begun = self.last_answer = time.perf_counter()

    def take(self, now: float) -> float | None:
        """The moment the next request is due; None: no more."""
        load = self._load
        if now - self.begun >= load.seconds or (load.total is not None and self._sent >= load.total):
            return None
        self._sent += 1
        return now if load.rate is None else self.begun + self._sent / load.rate


class _Caller(asyncio.Protocol):
    def __init__(self, requests: Any, pace: _Pace, outcome: Outcome, expect: bytes) -> None:
        self._requests, self._pace, self._outcome, self._expect = requests, pace, outcome, expect
        self._body = b""
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self.done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class
        self._parser = httptools.HttpResponseParser(self)

    def send_next(self) -> None:
        now = time.perf_counter()
        due = self._pace.take(now)
        if due is None:
            self._finish()
            return
        self._due = due
        if due > now:
            self._loop.call_later(due - now, self._write)
        else:
            self._write()

    def _write(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._outcome.received += len(body)
        if self._expect:
            self._body += body

    def on_message_complete(self) -> None:
        now = self._pace.last_answer = time.perf_counter()
        status = self._parser.get_status_code()
        if not 200 <= status < 300:
            self._fail(f"HTTP {status}")
        elif self._expect not in self._body:
            self._fail(f"HTTP {status}: {self._body[:200]!r}")
        else:
            self._outcome.latencies.append(now - self._due)
        self._body = b""
        self._parser = httptools.HttpResponseParser(self)
        self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._fail(f"connection lost: {exc}")
            self._finish()

    def _fail(self, what: str) -> None:
        self._outcome.failures += 1
        self._outcome.first_failure = self._outcome.first_failure or what

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()


def make_request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as bytes."""
    told = {"Host": "127.0.0.1", **(headers or {})}
    if body:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
