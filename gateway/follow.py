"""The hub's own Link, Location and response_url URLs: each leads to what it was made for, for its user alone."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from msgspec.structs import replace

from gateway import aliases, callbacks, response_urls
from gateway.configuration import demand_get
from gateway.course import Course
from gateway.directed import give_back
from gateway.hub import Hub
from gateway.relay import relay
from gateway.trail import Trail
from journal.results import get_result_name
from ocpi.calls import Call, Interface, PartyId, Reply
from ocpi.errors import HubError, UnknownObject
from ocpi.module import Match
from parties.registry import get_module
from routing.decide import Forward, Reject, decide


async def follow(token: str, call: Call, *, hub: Hub, now: datetime, note: Trail) -> Reply:
    """
    Raises:
        UnknownObject: no such URL, not for this platform, or expired.
    """
    alias = await aliases.find(token, hub, user=note.platform, now=now)
    if alias.kind == response_urls.KIND:
        return await _bring_back(token, alias, call, hub=hub, now=now, note=note)
    demand_get(call.method)
    sender = PartyId.of_key(alias.party)
    if all(node.party != sender for node in hub.facts.get().network.get_parties_of(note.platform)):
        raise UnknownObject("no such URL, or it has expired")  # its party has left this platform, or this hub
    note.call = call = replace(call, module=alias.module, interface=Interface(alias.interface), sender=sender)
    note.decision = alias.kind
    module = get_module(alias.module)
    if alias.kind == "location":
        return await note.finish(await module.get_by_key(sender, alias.url, hub.reader), hub)
    course = Course(
        call=replace(call, receiver=PartyId.of_key(alias.target_party)),
        match=Match(""),
        module=module,
        facts=hub.facts.get(),
        hub=hub,
        note=note,
        now=now,
    )
    return await _turn_page(course, alias)


async def _bring_back(token: str, alias: aliases.Alias, call: Call, *, hub: Hub, now: datetime, note: Trail) -> Reply:
    """The later result of a call that was relayed."""
    facts = hub.facts.get()
    note.call = call = replace(call, module=alias.module, interface=Interface(alias.interface))
    note.call = call = callbacks.read_callback(call, alias, facts.network, platform=note.platform)
    note.decision, note.object_id = alias.kind, get_result_name(token)
    module = get_module(alias.module)
    course = Course(call=call, match=Match(""), module=module, facts=facts, hub=hub, note=note, now=now)
    return await callbacks.bring_back(course, alias, token)


async def _turn_page(course: Course, alias: aliases.Alias) -> Reply:
    """The next page of a relayed list, under the same rules as the first."""
    decision = decide(course.call, course.network, course.module, now=course.now, origin=course.platform)
    if isinstance(decision, Reject):
        raise decision.error
    if not isinstance(decision, Forward) or decision.node.platform != alias.target:
        raise HubError(f"{course.call.receiver} has moved to another platform: start the list again")
    hop = await relay(
        course.call,
        course.hub,
        course.facts,
        platform=decision.node.platform,
        receiver=decision.node.party,
        url=alias.url,
        timeout=settings.HUB_FORWARD_TIMEOUT,
    )
    return await give_back(course, hop, endpoint=decision.url)
