"""A result on the hub's own response_url: carried on to the one who asked, and its answer back (CMD-05 to CMD-09)."""

from __future__ import annotations

from django.conf import settings
from msgspec.structs import replace

from gateway.aliases import Alias
from gateway.course import Course
from gateway.directed import give_back
from gateway.relay import relay
from journal.rows import Job, Mark
from ocpi.calls import Call, ConnectionStatus, PartyId, Reply
from ocpi.errors import MethodNotAllowed, NotYourParty, OcpiError, ReceiverNotConnected, UnknownReceiver
from ocpi.raw import read_fields
from parties.result_module import ResultModule
from routing.network import Network, Node


def read_callback(call: Call, alias: Alias, network: Network, *, platform: int) -> Call:
    """From the asked party to the asking one: the URL says who they are (table 2a). FROM may be left out, not invented.

    Raises:
        MethodNotAllowed, NotYourParty, NotJson, InvalidParameter
    """
    if call.method != "POST":
        raise MethodNotAllowed(f"{call.method} is not offered here", allow=("POST",))
    if call.sender is not None and all(node.party != call.sender for node in network.get_parties_of(platform)):
        raise NotYourParty(f"{call.sender} is not a party of this platform")
    read_fields(call.body)
    asked, asking = PartyId.of_key(alias.party), PartyId.of_key(alias.target_party)
    return replace(call, sender=_as_written(asked, network), receiver=_as_written(asking, network))


async def bring_back(course: Course, alias: Alias, token: str) -> Reply:
    """Once. What fails is told to the one who brings the result; the hub does not try again (CMD-09)."""
    module = course.module
    marks: tuple[Mark, ...] = ()
    if isinstance(module, ResultModule):
        marks = module.get_result_marks(course.call, token=token, now=course.now)
    try:
        node = find_requester(course, alias)
    except OcpiError:
        await course.hub.writer.write(Job(marks=marks))  # it is a result, whoever hears of it
        raise
    hop = await relay(
        course.call,
        course.hub,
        course.facts,
        platform=node.platform,
        receiver=node.party,
        url=alias.url,
        timeout=module.get_timeout(course.call) or settings.HUB_FORWARD_TIMEOUT,
    )
    return await give_back(course, hop, endpoint=alias.url, marks=marks)


def find_requester(course: Course, alias: Alias) -> Node:
    """Still on the platform whose URL it is, connected, and under agreement with the one who was asked.

    Raises:
        UnknownReceiver, ReceiverNotConnected
    """
    call, network = course.call, course.network
    assert call.receiver is not None
    nodes = [node for node in network.get_nodes(call.receiver) if node.platform == alias.target]
    if not nodes:
        raise UnknownReceiver(call.receiver)
    if network.get_permit(course.sender, call.receiver, module=call.module, at=course.now) is None:
        raise ReceiverNotConnected(f"{call.receiver} is not connected: no agreement for {call.module}")
    connected = [node for node in nodes if node.status is ConnectionStatus.CONNECTED]
    if not connected:
        raise ReceiverNotConnected(f"{call.receiver} is {nodes[0].status}")
    return connected[0]


def _as_written(party: PartyId, network: Network) -> PartyId:
    """In the spelling the party registered with; aliases keep its key only."""
    return next((node.party for node in network.get_nodes(party)), party)
