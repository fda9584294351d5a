"""The whole way of a call to a functional module, on one page: who, whose, what, where to; stored, passed on, logged.

Everything is durable before it is answered. Refusals are raised where they are found and answered here, in one place.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from datetime import datetime

from msgspec.structs import replace

from gateway import directed, follow
from gateway.ask import ask
from gateway.course import Course
from gateway.hub import Hub
from gateway.senders import check_owner, describe_receiver, identify_sender, is_passed_on
from gateway.trail import Trail
from journal.rows import Job, Outcome
from ocpi.calls import Call, Interface, Reply
from ocpi.errors import OcpiError, ServerError
from ocpi.module import NOTHING
from ocpi.raw import read_fields
from parties import quirks
from parties.hot_settings import hot
from parties.quirks import Quirk
from parties.registry import get_module
from routing.decide import Answer, Ask, Broadcast, Decision, Reject, decide, is_told_to_all
from telemetry import work

logger = logging.getLogger(__name__)

NOTHING_SAID = b"null"  # what some clients write for a body that they leave out (TOK-06, TRANS-42)


def handle(call: Call, *, hub: Hub, now: datetime, note: Trail) -> Awaitable[Reply]:
    """Answer one call. Never raises: whatever goes wrong is an answer and a row in the call log."""
    note.call = call
    return _answer(_handle(call, hub, now, note), hub, note)


def follow_alias(token: str, call: Call, *, hub: Hub, now: datetime, note: Trail) -> Awaitable[Reply]:
    """The same for one of the hub's own Link or Location URLs."""
    note.call = call
    return _answer(follow.follow(token, call, hub=hub, now=now, note=note), hub, note)


async def _answer(work: Awaitable[Reply], hub: Hub, note: Trail) -> Reply:
    try:
        reply = await work
    except OcpiError as e:
        reply = await note.refuse(e, hub)
    except Exception:
        logger.exception("%s %s failed", note.call.method, note.call.module)
        reply = await note.refuse(ServerError("the hub failed; nothing was promised: try again"), hub)
    if reply.receiver is not None and reply.sender is not None:
        return reply
    return replace(reply, receiver=reply.receiver or note.call.sender, sender=reply.sender or hot.HUB_PARTY)


async def _handle(call: Call, hub: Hub, now: datetime, note: Trail) -> Reply:
    facts = hub.facts.get()
    module = get_module(call.module)
    if call.is_push and call.interface is Interface.RECEIVER:
        note.call = call = _tolerate(call, hub, platform=note.platform)
    match = module.match(call)
    note.object_id = module.get_log_id(match)
    note.personal, note.names_people = module.get_personal_id(match), module.names_people
    if note.personal and (at := work.get()) is not None:
        at.hide(note.personal)
    note.call = call = identify_sender(call, facts.network, module, platform=note.platform)
    if call.receiver == facts.network.hub:
        call = replace(call, receiver=None)
    call = describe_receiver(call, facts.network, module, now=now)
    passed_on = is_passed_on(call, match, module)
    if not passed_on:
        call = check_owner(call, match, facts.network, module, platform=note.platform, now=now)
    if call.is_push and call.interface is Interface.RECEIVER:
        module.read_push(call, match)
    elif call.is_push and call.body and call.body.strip() != NOTHING_SAID:
        read_fields(call.body)  # TRANS-09
    match = await module.complete(call, match, hub.reader)
    if passed_on:
        await module.check_passed_on(call, match, hub.reader)
    course = Course(
        call=call,
        match=match,
        module=module,
        facts=facts,
        hub=hub,
        note=note,
        now=now,
        is_passed_on=passed_on,
    )
    decision = await _decide(course)
    note.decision = type(decision).__name__.lower()
    if isinstance(decision, Reject):
        raise decision.error
    if isinstance(decision, Answer):
        return await note.finish(await module.answer(call, match, course.get_scope(), hub.list_reader), hub)
    if isinstance(decision, Ask):
        return await ask(course, decision)
    if isinstance(decision, Broadcast):
        return await _broadcast(course)
    if decision.terms:
        module.judge(call, terms=decision.terms, now=now)
    return await directed.forward(course, decision)


def _tolerate(call: Call, hub: Hub, *, platform: int | None) -> Call:
    """A list of one object is that object, from platforms that are set so; other oddities are noted and passed over."""
    if platform is None:
        return call
    hub.oddities.note(platform, quirks.find_in_push(call))
    peer = hub.facts.get().peers.get(platform)
    only = quirks.unwrap(call.body) if peer and Quirk.WRAPPED_OBJECT in peer.quirks else None
    return call if only is None else replace(call, body=only)


async def _decide(course: Course) -> Decision:
    """Only a call that names no party has to be resolved, and only some of those ask the store."""
    call, module, resolved = course.call, course.module, NOTHING
    if call.receiver is None and not is_told_to_all(call, module):  # to look up partners takes time by their number
        resolved = module.resolve(call, course.match)
        if resolved is NOTHING:
            resolved = await module.look_up(call, course.match, course.get_scope(), course.hub.reader)
    return decide(call, course.network, module, now=course.now, resolved=resolved, origin=course.platform)


async def _broadcast(course: Course) -> Reply:
    """Validate, store, answer; the lanes tell everybody who may hear it (ROUTE-23)."""
    changes = course.module.get_changes(course.call, course.match, audience=None, now=course.now)
    warning = await course.module.get_warning(course.call, course.match, course.hub.reader)
    log = lambda outcomes: (course.note.row(_stored_reply(outcomes, warning)),)  # noqa: E731
    written = await course.hub.writer.write(Job(changes=changes, event=course.make_event(), log=log))
    return _stored_reply(written.outcomes, warning)


def _stored_reply(outcomes: tuple[Outcome, ...], warning: str | None) -> Reply:
    """TRANS-13; a stale push is answered like any other (LOC-16)."""
    created = Outcome.CREATED in outcomes
    stale = bool(outcomes) and all(outcome is Outcome.KEPT for outcome in outcomes)
    message = "the hub has had a newer state: this one changes nothing" if stale else warning
    return Reply(http_status=201 if created else 200, status_message=message)
