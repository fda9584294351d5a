"""The whole way of a call to a functional module, on one page: who, whose, what, where to; stored, passed on, logged.

Everything is durable before it is answered. Refusals are raised where they are found and answered here, in one place.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from gateway import aliases, trail
from gateway.auth import Caller
from gateway.hub import Hub, get_endpoint_url
from gateway.relay import Hop, get_verdict_columns, join_url, relay
from gateway.waiting import accept_for_later, has_waiting
from journal.rows import Change, Job, Mark, NewEvent, Outcome, Written
from ocpi.calls import Call, Delivery, Interface, PartyId, Reply
from ocpi.errors import HubError, InvalidParameter, NotYourParty, OcpiError, ServerError, UnknownObject
from ocpi.module import NOTHING, Match
from parties.owned_module import OwnedModule, Scope
from parties.registry import find_owned_module
from routing.decide import Answer, Broadcast, Decision, Forward, Reject, decide
from routing.network import Network

logger = logging.getLogger(__name__)


async def handle(call: Call, *, caller: Caller, hub: Hub, now: datetime) -> Reply:
    """Answer one call. Never raises: whatever goes wrong is an answer and a row in the call log."""
    note = trail.Trail(call=call, platform=caller.platform, now=now)
    try:
        reply = await _handle(call, caller, hub, now, note)
    except OcpiError as e:
        reply = await note.refuse(e, hub)
    except Exception:
        logger.exception("%s %s failed", call.method, call.module)
        reply = await note.refuse(ServerError("the hub failed; nothing was promised: try again"), hub)
    return replace(reply, receiver=reply.receiver or note.call.sender, sender=reply.sender or settings.HUB_PARTY)


async def _handle(call: Call, caller: Caller, hub: Hub, now: datetime, note: trail.Trail) -> Reply:
    facts = hub.facts.get()
    network = facts.network
    module = get_module(call.module)
    match = module.match(call)
    note.object_id = module.get_log_id(match)
    note.call = call = identify_sender(call, network, module, platform=caller.platform)
    if call.receiver == network.hub:
        call = replace(call, receiver=None)  # from here on: None is "the hub is to know"
    check_owner(call, match, network, module, platform=caller.platform)
    if call.is_push and call.interface is Interface.RECEIVER:
        module.read_push(call, match)
    decision = await _decide(call, match, network, module, hub, now)
    note.decision = type(decision).__name__.lower()
    if isinstance(decision, Reject):
        raise decision.error
    if isinstance(decision, Answer):
        return await note.finish(await module.answer(call, match, _scope(call, network, now), hub.reader), hub)
    if isinstance(decision, Broadcast):
        return await _broadcast(call, match, network, module, hub, now, note)
    return await _forward(call, match, decision, module, hub, now, note)


async def _decide(call: Call, match: Match, network: Network, module: OwnedModule, hub: Hub, now: datetime) -> Decision:
    """Only a call that names no party has to be resolved, and only some of those ask the store."""
    resolved = NOTHING
    if call.receiver is None:
        resolved = module.resolve(call, match)
        if resolved is NOTHING:
            resolved = await module.look_up(call, match, _scope(call, network, now), hub.reader)
    return decide(call, network, module, now=now, resolved=resolved)


async def _broadcast(
    call: Call, match: Match, network: Network, module: OwnedModule, hub: Hub, now: datetime, note: trail.Trail
) -> Reply:
    """Validate, store, answer; the lanes tell everybody who may hear it (ROUTE-23)."""
    assert call.sender is not None
    roles = [n.role for n in network.get_acting_nodes(call.sender) if n.role in module.owner_roles]
    event = NewEvent(
        module=call.module,
        method=call.method,
        path=call.raw_path,
        query=call.query,
        body=call.body.decode("utf-8", "replace"),
        object_key=module.get_order_key(call, match),
        sender=call.sender.key,
        sender_role=roles[0] if roles else "",
        origin=note.platform,
        supersedes=module.get_supersedes(call, match),
        correlation_id=call.correlation_id,
        version=call.version,
        at=now,
    )
    changes = module.get_changes(call, match, audience=None, now=now)
    job = Job(changes=changes, event=event, log=lambda outcomes: (note.row(_stored_reply(outcomes)),))
    written = await hub.writer.write(job)
    return _stored_reply(written.outcomes)


async def _forward(
    call: Call, match: Match, decision: Forward, module: OwnedModule, hub: Hub, now: datetime, note: trail.Trail
) -> Reply:
    """Store what is pushed, hand the call to its one receiver, keep the verdict, give its answer back (ROUTE-05)."""
    receiver = decision.node.party
    sent = call if decision.addressed else replace(call, receiver=receiver)
    changes: tuple[Change, ...] = ()
    written = Written()
    if call.is_push and call.interface is Interface.RECEIVER:
        changes = module.get_changes(call, match, audience=receiver if decision.addressed else None, now=now)
        location = _make_location(call, match, module, user=note.platform, now=now)
        written = await hub.writer.write(Job(changes=changes, aliases=(location,) if location else ()))
        if not decision.addressed and Outcome.KEPT in written.outcomes:
            settled = await module.get_settled(call, match, hub.reader)
            if settled is not None:
                return await note.finish(_with_location(settled, location), hub)
    else:
        location = None
    waits = decision.delivery is Delivery.STORE_AND_FORWARD and bool(changes)
    if waits and await has_waiting(module, call, match, decision, hub):
        return await _queue(sent, match, decision, module, hub, now, note, hop=None, location=location)
    hop = await relay(
        sent,
        hub,
        hub.facts.get(),
        platform=decision.node.platform,
        receiver=receiver,
        url=join_url(decision.url, call),
        timeout=settings.HUB_FORWARD_TIMEOUT,
    )
    if waits and hop.was_not_reached:
        return await _queue(sent, match, decision, module, hub, now, note, hop=hop, location=location)
    marks = _mark_verdict(hop, changes, is_kept=Outcome.KEPT in written.outcomes, now=now)
    return await _give_back(hop, call, hub, now, note, marks=marks, endpoint=decision.url, location=location)


def _mark_verdict(hop: Hop, changes: tuple[Change, ...], *, is_kept: bool, now: datetime) -> tuple[Mark, ...]:
    """What the receiver said of the object as it is stored; of one that was not stored, only that it was accepted."""
    if is_kept and not (hop.reply and hop.reply.is_success):
        return ()
    return tuple(Mark(table=c.table, key=c.key, columns=get_verdict_columns(hop, now=now)) for c in changes)


async def _queue(
    call: Call,
    match: Match,
    decision: Forward,
    module: OwnedModule,
    hub: Hub,
    now: datetime,
    note: trail.Trail,
    *,
    hop: Hop | None,
    location: aliases.NewAlias | None,
) -> Reply:
    reply = _with_location(accept_for_later(decision), location)
    job = Job(
        event=NewEvent(
            module=call.module,
            method=call.method,
            path=call.raw_path,
            query=call.query,
            body=call.body.decode("utf-8", "replace"),
            object_key=module.get_order_key(call, match),
            sender=call.sender.key if call.sender else "",
            origin=note.platform,
            receiver=decision.node.party.key,
            supersedes=module.get_supersedes(call, match),
            correlation_id=call.correlation_id,
            version=call.version,
            at=now,
        ),
        log=lambda _: note.rows(reply, hop),
    )
    await hub.writer.write(job)
    return reply


async def _give_back(
    hop: Hop,
    call: Call,
    hub: Hub,
    now: datetime,
    note: trail.Trail,
    *,
    marks: tuple[Mark, ...],
    endpoint: str,
    location: aliases.NewAlias | None = None,
) -> Reply:
    """The receiver's answer with the hub's URLs in it, once the verdict and both legs are durable."""
    reply, link = hop.reply, None
    try:
        if reply is None:
            assert hop.error is not None
            raise hop.error
        link = aliases.make_link(hop, call, user=note.platform, endpoint=endpoint, now=now)
    except OcpiError as e:
        reply = trail.refusal(e)
    if link is not None:
        headers = (*reply.headers, ("Link", f'<{aliases.get_alias_url(link)}>; rel="next"'))
        reply = replace(reply, headers=headers)
    if reply.is_success:
        reply = _with_location(reply, location)
    final = reply
    await hub.writer.write(Job(marks=marks, aliases=(link,) if link else (), log=lambda _: note.rows(final, hop)))
    return reply


async def follow(token: str, call: Call, *, caller: Caller, hub: Hub, now: datetime) -> Reply:
    """A GET on one of the hub's own Link or Location URLs: the target is the one it was made for."""
    note = trail.Trail(call=call, platform=caller.platform, now=now)
    try:
        kind, party, target, target_party, module_id, interface, url = await aliases.find(
            token, hub, user=caller.platform, now=now
        )
        sender = PartyId.of_key(party)
        note.call = call = replace(call, module=module_id, interface=Interface(interface), sender=sender, path=())
        note.decision = kind
        if kind == "location":
            return await note.finish(await get_module(module_id).get_by_key(sender, url, hub.reader), hub)
        return await _follow_link(call, hub, now, note, target=target or 0, party=PartyId.of_key(target_party), url=url)
    except OcpiError as e:
        return await note.refuse(e, hub)


async def _follow_link(
    call: Call, hub: Hub, now: datetime, note: trail.Trail, *, target: int, party: PartyId, url: str
) -> Reply:
    """The next page of a relayed list, under the same rules as the first (ROUTE-43)."""
    network = hub.facts.get().network
    decision = decide(replace(call, receiver=party), network, get_module(call.module), now=now)
    if isinstance(decision, Reject):
        raise decision.error
    if not isinstance(decision, Forward) or decision.node.platform != target:
        raise HubError(f"{party} has moved to another platform: start the list again")
    call = replace(call, receiver=party)
    hop = await relay(
        call, hub, hub.facts.get(), platform=target, receiver=party, url=url, timeout=settings.HUB_FORWARD_TIMEOUT
    )
    return await _give_back(hop, call, hub, now, note, marks=(), endpoint=decision.url)


def get_module(module_id: str) -> OwnedModule:
    module = find_owned_module(module_id)
    if module is None:
        raise UnknownObject(f"the hub does not offer {module_id[:40]!r}")
    return module


def identify_sender(call: Call, network: Network, module: OwnedModule, *, platform: int) -> Call:
    """FROM must name one of the caller's own parties (E2); left out, it is assumed where only one fits (ROUTE-04)."""
    own = network.get_parties_of(platform)
    if call.sender is not None:
        if all(node.party != call.sender for node in own):
            raise NotYourParty(f"{call.sender} is not a party of this platform")
        return call
    fitting = {node.party for node in own}
    if len(fitting) > 1:
        pushes = call.interface is Interface.RECEIVER
        fitting = {node.party for node in own if (node.role in module.owner_roles) == pushes}
    if len(fitting) != 1:
        raise InvalidParameter("OCPI-from-party-id: is missing, and several parties could be meant")
    return replace(call, sender=fitting.pop())


def check_owner(call: Call, match: Match, network: Network, module: OwnedModule, *, platform: int) -> None:
    """On the RECEIVER interface everybody speaks of its own objects only (TRANS-35, LOC-19)."""
    owner = module.get_owner(call, match)
    if call.interface is not Interface.RECEIVER or owner is None:
        return
    roles = {node.role for node in network.get_acting_nodes(owner) if node.platform == platform}
    if owner != call.sender or not roles & module.owner_roles:
        raise UnknownObject(f"{owner} is not an owner of {module.id} on this platform")


def _scope(call: Call, network: Network, now: datetime) -> Scope:
    assert call.sender is not None
    return Scope(
        caller=call.sender,
        partners=network.get_partners(call.sender, module=call.module, at=now),
        now=now,
        page_cap=settings.HUB_PAGE_LIMIT,
        url=get_endpoint_url(call.module, call.interface),
    )


def _stored_reply(outcomes: tuple[Outcome, ...]) -> Reply:
    """TRANS-13; a stale push is answered like any other (LOC-16)."""
    created = Outcome.CREATED in outcomes
    stale = bool(outcomes) and all(outcome is Outcome.KEPT for outcome in outcomes)
    return Reply(http_status=201 if created else 200, status_message="the hub holds a newer state" if stale else None)


def _make_location(
    call: Call, match: Match, module: OwnedModule, *, user: int, now: datetime
) -> aliases.NewAlias | None:
    """Only POSTed objects have a URL of the hub's making (CDR-03)."""
    owner = module.get_owner(call, match)
    if call.method != "POST" or owner is None:
        return None
    place = module.get_place(call, match, audience=None)
    return aliases.make_location(call, user=user, owner=owner, object_key=place.key[1], now=now)


def _with_location(reply: Reply, location: aliases.NewAlias | None) -> Reply:
    if location is None:
        return reply
    return replace(reply, headers=(*reply.headers, ("Location", aliases.get_alias_url(location))))
