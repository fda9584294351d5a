"""One call to all who may know, at once; the first who knows answers (table 2a, TOK-16). Never the hub itself.

A refusal waits for the others: some refuse every token there is, and must not be quicker than its owner's yes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from msgspec.structs import replace

from gateway import trail
from gateway.course import Course
from gateway.relay import Hop, join_url, relay
from journal.rows import Job, NewLogRow
from ocpi.calls import Reply
from ocpi.errors import HubError, UnknownToken
from parties.token_owner import read_allowed, read_authorized_owner
from routing.decide import Ask, Forward

_ALLOWED = "ALLOWED"
_UNKNOWN = 2004
_TOO_LITTLE = 2002  # it wants a location to answer: it may know the token (TOK-09)
_NOT_THERE = (404, 405)  # with or without an envelope: unknown, or authorize is not implemented (TOK-16, AMB-58)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`hop` is None where another answered first and this one was not waited for."""

    forward: Forward
    hop: Hop | None


async def ask(course: Course, decision: Ask) -> Reply:
    """The best answer there is, logged with every leg: who asked about whose token stays known."""
    asked = await _ask_all(course, decision.asked)
    reply = _choose([one.hop for one in asked if one.hop is not None], is_complete=not decision.silent)
    rows = tuple(_row(course, one) for one in asked)
    await course.hub.writer.write(Job(log=lambda _: (course.note.row(reply), *rows)))
    return reply


async def _ask_all(course: Course, forwards: Sequence[Forward]) -> list[_Asked]:
    """All at once, until the first allows it; the others are then let go."""
    tasks = [asyncio.create_task(_ask_one(course, forward)) for forward in forwards]
    try:
        for coming in asyncio.as_completed(tasks):
            if _allows(await coming):
                break
    finally:
        for task in tasks:
            task.cancel()
    hops = await asyncio.gather(*tasks, return_exceptions=True)
    return [_Asked(forward, hop if isinstance(hop, Hop) else None) for forward, hop in zip(forwards, hops, strict=True)]


async def _ask_one(course: Course, forward: Forward) -> Hop:
    """FROM stays the requester, in whose namespace the location is (TOK-10); TO is whom we ask (ROUTE-36)."""
    receiver = forward.node.party
    hop = await relay(
        replace(course.call, receiver=receiver),
        course.hub,
        course.facts,
        platform=forward.node.platform,
        receiver=receiver,
        url=join_url(forward.url, course.call, habits=course.get_habits(forward.node.platform)),
        timeout=course.module.get_timeout(course.call) or settings.HUB_FORWARD_TIMEOUT,
    )
    return _disbelieve_others(hop)


def _disbelieve_others(hop: Hop) -> Hop:
    """Who answers for another's token must not decide who pays: its owner may have said no, or not yet answered."""
    owner = read_authorized_owner(hop.reply.body) if hop.reply and hop.reply.body else None
    if owner is None or owner == hop.receiver:
        return hop
    error = HubError(f"{hop.receiver} answers for a token of {owner}")
    return replace(hop, reply=None, error=error, answered=hop.http_status)


def _choose(hops: Sequence[Hop], *, is_complete: bool) -> Reply:
    """Who allows it; else who knows it, else who might; "unknown" only if all said so, as a CPO may rely on it."""
    for fits in (_allows, _knows, _might_know):
        for hop in hops:
            if hop.reply is not None and fits(hop):
                return hop.reply
    if is_complete and all(_says_unknown(hop) for hop in hops):
        return trail.refusal(UnknownToken("nobody who may be asked knows this token"))
    return trail.refusal(HubError("nobody knows this token, but not all who may know it have answered"))


def _allows(hop: Hop) -> bool:
    """Who allows a token, pays for what it is used for: nobody does so of another's (`_disbelieve_others`)."""
    return _read_allowed(hop) == _ALLOWED


def _knows(hop: Hop) -> bool:
    """A success that says nothing of the token, as some give to everything, keeps nobody else from answering."""
    return _read_allowed(hop) is not None


def _read_allowed(hop: Hop) -> str | None:
    return read_allowed(hop.reply.body or b"") if hop.reply is not None and hop.reply.is_success else None


def _might_know(hop: Hop) -> bool:
    if hop.reply is None:
        return False
    return hop.reply.is_success or (hop.reply.status_code == _TOO_LITTLE and hop.reply.http_status == 200)


def _says_unknown(hop: Hop) -> bool:
    return hop.http_status in _NOT_THERE or hop.status_code == _UNKNOWN


def _row(course: Course, one: _Asked) -> NewLogRow:
    if one.hop is not None:
        return course.note.out_row(one.hop)
    node = one.forward.node
    left = Hop(request_id="", platform=node.platform, receiver=node.party, url=one.forward.url)
    return replace(course.note.out_row(left), status_code=None, message="not waited for: another answered first")
