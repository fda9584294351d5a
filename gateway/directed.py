"""A call with one receiver: stored, relayed or queued, and its answer given back with the hub's own URLs in it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gateway import aliases, trail
from gateway.course import Course
from gateway.relay import Hop, get_verdict_columns, join_url, relay
from gateway.response_urls import get_answer_marks, replace_response_url
from gateway.visible import keep_visible
from gateway.waiting import accept_for_later, has_waiting, is_away, queue
from journal.rows import Change, Job, Mark, NewAlias, NewLogRow, Outcome, Written
from ocpi.calls import Call, Delivery, Interface, Reply
from ocpi.errors import OcpiError, UnknownObject
from parties.hot_settings import hot
from parties.owned_reads import fetch_document
from parties.quirks import Quirk
from routing.decide import Forward


class Stored(msgspec.Struct, frozen=True):
    """What was made durable before the call went out; with an event, it does not go out now. `settled`: its answer is
    known already (CDR-05)."""

    changes: tuple[Change, ...] = ()
    written: Written = Written()
    location: NewAlias | None = None
    settled: Reply | None = None

    @property
    def is_kept(self) -> bool:
        return Outcome.KEPT in self.written.outcomes

    @property
    def was_posted(self) -> bool:
        """A POST of what the hub has had before: its receiver may have it too, and judges (CDR-05)."""
        return self.is_kept and self.location is not None

    @property
    def state(self) -> Change | None:
        """What it made of an object whose states replace each other; a CDR stands for itself."""
        return None if self.is_kept or self.location is not None else self.changes[0]


async def forward(course: Course, decision: Forward) -> Reply:
    """Store what is pushed, hand the call to its one receiver, keep the verdict, give its answer back (ROUTE-05)."""
    stored = await _store(course, decision)
    if stored.settled is not None:
        return await course.note.finish(_with_location(stored.settled, stored.location), course.hub)
    if stored.written.event is not None:
        return _accept(course, decision, stored.location, stored.written.outcomes)
    may_wait = decision.delivery is Delivery.STORE_AND_FORWARD and bool(stored.changes)
    if may_wait and await has_waiting(course, decision):
        return await _queue(course, decision, stored, hop=None)
    receiver = decision.node.party
    outgoing = await replace_response_url(course, decision)
    habits = course.get_habits(decision.node.platform)
    if Quirk.NO_PATCH in habits and course.call.method == "PATCH":
        outgoing = replace(outgoing, call=await _make_whole(course, stored, call=outgoing.call))
    hop = await relay(
        outgoing.call if decision.addressed else replace(outgoing.call, receiver=receiver),
        course.hub,
        course.facts,
        platform=decision.node.platform,
        receiver=receiver,
        url=join_url(decision.url, outgoing.call, habits=habits),
        timeout=course.module.get_timeout(course.call) or hot.HUB_FORWARD_TIMEOUT,
    )
    if stored.was_posted:
        hop = replace(hop, repeated=True)
    if may_wait and hop.was_not_reached:
        return await _queue(course, decision, stored, hop=hop)
    marks = (*_mark_verdict(course, hop, stored), *get_answer_marks(course, hop, outgoing.alias))
    return await give_back(course, hop, endpoint=decision.url, marks=marks, location=stored.location)


async def _make_whole(course: Course, stored: Stored, *, call: Call) -> Call:
    """For a receiver that takes no PATCH: a PUT of the object as it is now; of one the hub does not hold, the PATCH."""
    if not stored.changes:
        return call
    change = stored.changes[0]
    try:
        document = await fetch_document(change.table.name, change.key, course.hub.reader)
    except UnknownObject:
        return call
    whole = call.raw_path.split("/")[:3]  # owner and id: sub-objects go with their parent
    return replace(call, method="PUT", path=call.path[:3], raw_path="/".join(whole), body=document)


async def give_back(
    course: Course, hop: Hop, *, endpoint: str, marks: tuple[Mark, ...] = (), location: NewAlias | None = None
) -> Reply:
    """The receiver's answer, once the verdict and both legs are durable."""
    reply, link = hop.reply, None
    try:
        if reply is None:
            assert hop.error is not None
            raise hop.error
        reply, cut_out = keep_visible(course, reply)
        if cut_out:
            hop = replace(hop, note=f"{cut_out} objects of others were cut out")
        link = aliases.make_link(hop, course.call, user=course.platform, endpoint=endpoint, now=course.now)
    except OcpiError as e:
        reply = trail.refusal(e)
    if link is not None:
        reply = _with_header(reply, "Link", f'<{aliases.get_alias_url(link)}>; rel="next"')
    final = _with_location(reply, location) if reply.is_success else reply
    job = Job(marks=marks, aliases=(link,) if link else (), log=lambda _: course.note.rows(final, hop))
    await course.hub.writer.write(job)
    return final


async def _store(course: Course, decision: Forward) -> Stored:
    """The pushed object: the receiver's variant if it was addressed, else the hub's own copy."""
    call, module = course.call, course.module
    if not (call.is_push and call.interface is Interface.RECEIVER) or course.is_passed_on:
        return Stored()
    audience = decision.node.party if decision.addressed else None
    changes = module.get_changes(call, course.match, audience=audience, now=course.now)
    location = _make_location(course, call)
    job = Job(changes=changes, aliases=(location,) if location else ())
    if changes and decision.delivery is Delivery.STORE_AND_FORWARD and is_away(decision):
        job = _join(job, course, decision, location)
    stored = Stored(changes, await course.hub.writer.write(job), location)
    if decision.addressed or not stored.is_kept:
        return stored
    return replace(stored, settled=await module.get_settled(call, course.match, course.hub.reader))


def _join(job: Job, course: Course, decision: Forward, location: NewAlias | None) -> Job:
    """The lane as well, together with the store: pushes of one object that come at the same time stand in it in the
    order in which they were stored. What changes nothing is queued by itself."""

    def log(outcomes: tuple[Outcome, ...]) -> tuple[NewLogRow, ...]:
        reply = _accept(course, decision, location, outcomes)
        return () if Outcome.KEPT in outcomes else course.note.rows(reply, None)

    return replace(job, event=course.make_event(receiver=decision.node.party), log=log)


async def _queue(course: Course, decision: Forward, stored: Stored, *, hop: Hop | None) -> Reply:
    """Accepted durably; the receiver's lane delivers it in order (decision 4)."""
    reply = _accept(course, decision, stored.location, stored.written.outcomes)
    was_sent = stored.was_posted or (hop is not None and hop.may_have_arrived)
    event = course.make_event(receiver=decision.node.party, was_sent=was_sent)
    await queue(course, event, change=stored.state, rows=course.note.rows(reply, hop))
    return reply


def _accept(course: Course, decision: Forward, location: NewAlias | None, outcomes: tuple[Outcome, ...]) -> Reply:
    """A PATCH makes no object, though perhaps the row of its receiver's variant."""
    is_new = Outcome.CREATED in outcomes and course.call.method != "PATCH"
    return _with_location(accept_for_later(decision, is_new=is_new), location)


def _mark_verdict(course: Course, hop: Hop, stored: Stored) -> tuple[Mark, ...]:
    """What the receiver said of the object as it is stored: nothing, if a newer state was stored since. Of one that was
    not stored, only that it was accepted."""
    if stored.is_kept and not (hop.reply and hop.reply.is_success):
        return ()
    at_most = {} if stored.is_kept else {"changed_at": course.now}
    verdict = get_verdict_columns(hop, message=course.note.clean(hop.message), now=course.now)
    columns = {**verdict, **course.module.get_verdict_columns(hop.status_code)}
    return tuple(
        Mark(table=change.table, key=change.key, columns=columns, at_most=at_most) for change in stored.changes
    )


def _make_location(course: Course, call: Call) -> NewAlias | None:
    """Only POSTed objects have a URL of the hub's making (CDR-03)."""
    object_key = course.module.get_posted_key(call, course.match)
    owner = None if object_key is None else course.module.get_owner(call, course.match)
    if owner is None or object_key is None:
        return None
    return aliases.make_location(call, user=course.platform, owner=owner, object_key=object_key, now=course.now)


def _with_location(reply: Reply, location: NewAlias | None) -> Reply:
    return reply if location is None else _with_header(reply, "Location", aliases.get_alias_url(location))


def _with_header(reply: Reply, name: str, value: str) -> Reply:
    return replace(reply, headers=(*reply.headers, (name, value)))
