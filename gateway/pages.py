"""Django behind the edge: its pages and APIs, each with a thread and a database connection of its own.

A database that stands still ends no statement, whatever its timeouts are. A page that waits for it is given up here:
its thread stays until the database goes on, its caller does not, and the next ones are told at once.

A page that is not taken keeps its thread and its connection, too: so there is a time for each piece, and one token has
a few pages at a time.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST = 64  # whose answer one web process has not begun: what is slowly taken counts no more
MOST_OF_ONE = 16  # of one token, until their answers were taken
PATIENCE = 5.0  # seconds that the database may be silent, and that a page is waited for all the same
LOOK_SECONDS = 1.0
ON_DATABASE = ("/admin/", "/api/")  # the rest answers without: files, metrics


@dataclass(frozen=True, slots=True)
class Refusal:
    detail: str
    what_to_do: str
    status: int = 503


BUSY = Refusal("The hub is at work on too many pages.", "Nothing was done: try again in a moment.")
TOO_MANY = Refusal("Too many calls with this token are open.", "Take their answers first; nothing was done.", 429)
SILENT = Refusal(
    "The database does not answer.",
    "Nothing was done: try again in a moment. If it stays so, see /readyz and the log of PostgreSQL.",
)
GIVEN_UP = Refusal(
    "The database does not answer.",
    "What was sent may still be done when it goes on: look before it is sent again. If it stays so, see /readyz and "
    "the log of PostgreSQL.",
)


class Pages:
    """`get_silence`: the seconds since the database was last known to answer."""

    def __init__(
        self, django: Application, *, get_silence: Callable[[], float], most: int = MOST, patience: float = PATIENCE
    ) -> None:
        self._django = django
        self._get_silence = get_silence
        self._most = most
        self._patience = patience
        self._waiting: set[_Answer] = set()
        self._given_up: set[_Answer] = set()
        self._open: Counter[bytes] = Counter()  # by token

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = _get_token(scope)
        if (refusal := self._refuse(scope["path"], token)) is not None:
            await _send_refusal(send, refusal, path=scope["path"])
            return
        answer = _Answer(send, on_begin=self._waiting.discard)
        self._waiting.add(answer)
        self._open[token] += 1
        page = asyncio.ensure_future(self._django(scope, receive, answer.send))
        page.add_done_callback(lambda _: self._forget(answer, token))
        if await self._is_answered(page, answer):
            await page
            return
        logger.warning("the database does not answer: a page was given up")
        self._given_up.add(answer)
        answer.is_given_up = True
        await _send_refusal(send, GIVEN_UP, path=scope["path"])

    def _forget(self, answer: _Answer, token: bytes) -> None:
        """Its thread is free."""
        self._waiting.discard(answer)
        self._given_up.discard(answer)
        self._open[token] -= 1
        if not self._open[token]:
            del self._open[token]

    def _refuse(self, path: str, token: bytes) -> Refusal | None:
        """Before anything is done. That others were given up is asked, too: it shows that pages do wait."""
        if len(self._waiting) >= self._most:
            return BUSY
        if token and self._open[token] >= MOST_OF_ONE:
            return TOO_MANY
        if self._given_up and self._is_silent() and path.startswith(ON_DATABASE):
            return SILENT
        return None

    async def _is_answered(self, page: asyncio.Task[None], answer: _Answer) -> bool:
        """An answer that was begun is waited for to its end: a download takes what it takes."""
        timeout = self._patience
        while True:
            await asyncio.wait({page}, timeout=timeout)
            if page.done() or answer.is_begun:
                return True
            if self._is_silent():
                return False
            timeout = LOOK_SECONDS

    def _is_silent(self) -> bool:
        return self._get_silence() > self._patience


class _Answer:
    """What Django sends, until it is given up."""

    def __init__(self, send: Send, *, on_begin: Callable[[_Answer], None]) -> None:
        self._send = send
        self._on_begin = on_begin
        self.is_begun = False
        self.is_given_up = False

    async def send(self, message: Message) -> None:
        if self.is_given_up:
            return
        if not self.is_begun:
            self.is_begun = True
            self._on_begin(self)
        try:
            async with asyncio.timeout(settings.HUB_SEND_TIMEOUT):
                await self._send(message)
        except TimeoutError as error:
            logger.warning("a page was not taken in time")
            raise asyncio.CancelledError from error  # so Django takes it for a caller who has gone, and clears up


def _get_token(scope: Scope) -> bytes:
    """Whatever stands in Authorization, however it is spaced; empty where there is none, as of people who logged in."""
    words = dict(scope.get("headers", ())).get(b"authorization", b"").split()
    return words[-1] if words else b""


async def _send_refusal(send: Send, refusal: Refusal, *, path: str) -> None:
    told = {"detail": refusal.detail, "what_to_do": refusal.what_to_do}
    if path.startswith("/api/"):
        kind, body = b"application/json", json.dumps(told)
    else:
        kind, body = b"text/html; charset=utf-8", render_to_string("503.html", told)
    headers = [(b"Content-Type", kind), (b"Retry-After", b"5"), (b"Cache-Control", b"no-store")]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
