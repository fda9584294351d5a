"""The body of a request, bounded in size and time; and whether its sender is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

from django.conf import settings

from ocpi.errors import TooLarge

T = TypeVar("T")


class CallerGone(BaseException):
    """Before its request was complete, or its answer. Not an Exception: no handler of failures may answer it."""


class Reading:
    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
        self._receive = receive
        self._was_read = asyncio.Event()

    async def read(self, scope: MutableMapping[str, Any]) -> bytes:
        """
        Raises:
            TooLarge: it is over the limit; the rest is not read.
            CallerGone: there is nobody to answer, or it sends so slowly that it might as well not.
        """
        limit = settings.HUB_MAX_BODY
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise TooLarge(f"the body is over {limit} bytes")
        try:
            async with asyncio.timeout(settings.HUB_BODY_TIMEOUT):
                body = await self._read(limit=limit)
        except TimeoutError as error:
            raise CallerGone from error
        self._was_read.set()
        return body

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
        task = asyncio.create_task(work)
        watch = asyncio.create_task(self._wait_until_gone())
        try:
            await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise CallerGone
            return task.result()
        finally:
            task.cancel()
            watch.cancel()

    async def _wait_until_gone(self) -> None:
        await self._was_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            continue
