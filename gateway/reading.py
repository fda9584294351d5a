"""The body of a request, bounded in size and time; and whether its sender is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

from gateway.short_way import ShortWay
from ocpi.errors import TooLarge, TooSlow
from parties.hot_settings import hot

T = TypeVar("T")


class CallerGone(BaseException):
    """Before its request was complete, or its answer. Not an Exception: no handler of failures may answer it."""


class Reading:
    """`short_way` gives the body at once, where it has come with the head as most bodies do."""

    def __init__(
        self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], *, short_way: ShortWay | None = None
    ) -> None:
        self._receive = receive
        self._short_way = short_way
        self._was_read: asyncio.Event | None = None

    async def read(self, *, declared: str = "") -> bytes:
        """`declared` is the length the head gives.

        Raises:
            TooLarge: it is over the limit; the rest is not read.
            TooSlow: it did not come in time.
            CallerGone: there is nobody to answer.
        """
        limit = hot.HUB_MAX_BODY
        if declared.isdecimal() and int(declared) > limit:
            raise TooLarge(f"the body is over {limit} bytes")
        body = self._short_way.take_body() if self._short_way is not None else None
        if body is None:
            body = await self._read_in_time(limit=limit)
        elif len(body) > limit:
            raise TooLarge(f"the body is over {limit} bytes")
        if self._was_read is not None:
            self._was_read.set()
        return body

    async def _read_in_time(self, *, limit: int) -> bytes:
        try:
            async with asyncio.timeout(hot.HUB_BODY_TIMEOUT):
                return await self._read(limit=limit)
        except TimeoutError as error:
            raise TooSlow("the body did not come in time") from error

    async def _read(self, *, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                raise TooLarge(f"the body is over {limit} bytes")
            if not message.get("more_body", False):
                return b"".join(chunks)

    async def until_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; the work is given up as soon as nobody waits for it.

        Raises:
            CallerGone
        """
        self._was_read = asyncio.Event()
        task = asyncio.create_task(work)
        watch = asyncio.create_task(self._wait_until_gone(self._was_read))
        try:
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise CallerGone
            return task.result()
        finally:
            task.cancel()
            watch.cancel()

    async def _wait_until_gone(self, was_read: asyncio.Event) -> None:
        await was_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            continue
