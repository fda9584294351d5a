"""Calls to partners on an event loop: pooled, bounded in time and size, guarded. It never decides what to send.

Repeating. GET, PUT and DELETE mean the same however often they arrive: they are sent once more, inside the deadline, if
the connection breaks (AMB-20). POST and PATCH are never repeated here: a connection that broke after the first byte
proves nothing about what the peer did (CMD-19; a repeated PATCH could append twice, SESS-05). So that the case stays
rare, connections are kept for less time than common servers keep them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType

from django.conf import settings
from msgspec.structs import replace

from ocpi import envelope
from parties.client.connection import ConnectionBroke, ExchangeTimeout, TooMuch
from parties.client.connections import CannotConnect, Connections, Response
from parties.client.peer import (
    Answer,
    AnswerTooLarge,
    NotSent,
    Peer,
    PeerBusy,
    PeerError,
    PeerResting,
    PeerTimeout,
    PeerUnreachable,
)
from parties.client.slash import REDIRECTS, turn_slash
from parties.client.watched import watched
from parties.egress import Egress, EgressRefused, check_url
from parties.limits import Limits, NotNow, Ticket
from parties.limits.turns import NoTurn, Turns

REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
FAILURES = (CannotConnect, ExchangeTimeout, TooMuch, ConnectionBroke, ValueError)


class AsyncClient:
    """One per event loop; `async with`. Safe for any number of concurrent `send`s.

    `limits` are those of the process; without them the client keeps to limits of its own.
    """

    def __init__(
        self, *, egress: Egress | None = None, max_answer: int | None = None, limits: Limits | None = None
    ) -> None:
        self._egress = egress or Egress.of_settings()
        self._max_answer = max_answer or settings.HUB_MAX_ANSWER
        self.limits = limits or Limits()
        self._turns = Turns()
        self._connections = Connections(egress=self._egress, max_answer=self._max_answer)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._connections.close()

    def get_in_flight(self, peer_id: int) -> int:
        return self._turns.count_open(peer_id)

    async def send(
        self,
        peer: Peer,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float,
        patience: float = 0.0,
    ) -> Answer:
        """One request, one whole answer, inside `timeout` seconds all in all; before it, at most `patience` seconds
        of waiting for its turn.

        Raises:
            PeerBusy: the peer has as many open calls as it may have.
            PeerResting: its breaker is open; nothing was tried.
            PeerTimeout: the deadline passed.
            PeerUnreachable: no connection, a broken one, or not a URL the hub calls.
            AnswerTooLarge: the answer is over the limit.
        """
        with watched(peer.id) as seen:
            self._demand_open(peer, url)
            part = self.limits.get_part(peer.max_in_flight)
            if not self._turns.take_at_once(peer.id, limit=part):
                await self._wait_for_turn(peer.id, limit=part, patience=patience)
            try:
                with self.limits.get_ticket(peer.id) or await self._admit(peer) as ticket:
                    try:
                        answer = await self._exchange(
                            peer.id, method=method, url=url, headers=headers, body=body, timeout=timeout
                        )
                        if answer.http_status in REDIRECTS:
                            answer = await self._turn(
                                answer, peer.id, method=method, url=url, headers=headers, body=body, timeout=timeout
                            )
                    except (PeerTimeout, PeerUnreachable) as error:
                        _note_failure(ticket, error)
                        raise
                    _note_answer(ticket, answer)
            finally:
                self._turns.give_back(peer.id, limit=self.limits.get_part(peer.max_in_flight))
            seen.answer = answer
            return answer

    def _demand_open(self, peer: Peer, url: str) -> None:
        try:
            check_url(url, egress=self._egress)
        except EgressRefused as error:
            raise NotSent(str(error)) from error
        if why := self.limits.get_reason_to_rest(peer.id):
            raise PeerResting(why)

    async def _wait_for_turn(self, platform: int, *, limit: int, patience: float) -> None:
        try:
            await self._turns.take(platform, limit=limit, patience=patience)
        except NoTurn as error:
            raise PeerBusy(f"{limit} calls are open already") from error

    async def _admit(self, peer: Peer) -> Ticket:
        try:
            return await self.limits.admit(peer.id)
        except NotNow as error:
            raise PeerResting(str(error)) from error

    async def _turn(
        self,
        answer: Answer,
        peer: int,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float,
    ) -> Answer:
        """Once more where the peer only wants the last slash the other way (AMB-15)."""
        location = answer.headers.get("Location")
        turned = turn_slash(url, method=method, status=answer.http_status, location=location)
        left = timeout - answer.elapsed_ms / 1000
        if turned is None or left <= 0:
            return answer
        again = await self._exchange(peer, method=method, url=turned, headers=headers, body=body, timeout=left)
        return replace(again, redirect=(answer.http_status, location or ""))

    async def _exchange(
        self, peer: int, *, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Answer:
        started = time.monotonic()
        try:
            response = await self._connections.exchange(
                peer, method=method, url=url, headers=headers, body=body, timeout=timeout
            )
        except ConnectionBroke as error:
            if method not in REPEATABLE:
                raise PeerUnreachable(str(error)) from error
        except FAILURES as error:
            raise _explain(error) from error
        else:
            return _read(response, started=started)
        return await self._repeat(
            peer, method=method, url=url, headers=headers, body=body, started=started, timeout=timeout
        )

    async def _repeat(
        self,
        peer: int,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        started: float,
        timeout: float,
    ) -> Answer:
        """After a connection that broke: the first attempt may have arrived."""
        left = timeout - (time.monotonic() - started)
        if left <= 0:
            raise PeerTimeout("no answer in time")
        try:
            response = await self._connections.exchange(
                peer, method=method, url=url, headers=headers, body=body, timeout=left
            )
        except FAILURES as error:
            failure = _explain(error)
            failure.before_send, failure.repeated = False, True
            raise failure from error
        return replace(_read(response, started=started), repeated=True)


def _note_failure(ticket: Ticket, error: PeerTimeout | PeerUnreachable) -> None:
    """What counts against a peer: no connection, a broken one, silence, a server error that says nothing."""
    if not isinstance(error, NotSent | AnswerTooLarge):
        ticket.note_failure(str(error))


def _note_answer(ticket: Ticket, answer: Answer) -> None:
    if answer.http_status >= 500 and envelope.read(answer.body) is None:
        ticket.note_failure(f"HTTP {answer.http_status} without an OCPI answer")
    else:
        ticket.note_answer()


def _read(response: Response, *, started: float) -> Answer:
    elapsed_ms = round((time.monotonic() - started) * 1000)
    return Answer(http_status=response.status, headers=response.headers, body=response.body, elapsed_ms=elapsed_ms)


def _explain(error: Exception) -> PeerError:
    """What a failed exchange says of the peer, and of what it may have received."""
    match error:
        case CannotConnect():
            return PeerUnreachable(str(error), before_send=True)
        case ExchangeTimeout():
            return PeerTimeout(str(error))
        case TooMuch():
            return AnswerTooLarge(str(error))
        case ConnectionBroke():
            return PeerUnreachable(str(error))
    return NotSent(f"not sent: {error}")  # a header or URL that cannot be written
