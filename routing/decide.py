"""Where a call goes. One pure function: facts in, decision out. The same answers "what would happen if …?".

How a call without a receiver is resolved (conformance table 2a) is the module's business: what it found comes in as
`resolved`. Locations, tariffs and tokens pushed to the hub are broadcast (ROUTE-23); sessions and CDRs never are
(ROUTE-30): they have exactly one addressee.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from ocpi.calls import Call, ConnectionStatus, Delivery, Interface, PartyId, Role
from ocpi.errors import HubError, NotEnoughInformation, OcpiError, ReceiverNotConnected, UnknownObject, UnknownReceiver
from ocpi.module import NOTHING, Module, Resolved
from routing.network import Network, Node

# ROUTE-25, AMB-22: who hears a broadcast of whom.
OPPOSITE: dict[Role, frozenset[Role]] = {
    Role.CPO: frozenset({Role.EMSP, Role.NSP, Role.OTHER, Role.NAP}),
    Role.NAP: frozenset({Role.EMSP, Role.NSP, Role.OTHER}),
    Role.EMSP: frozenset({Role.CPO}),
    Role.OTHER: frozenset({Role.CPO}),
}


class Forward(msgspec.Struct, frozen=True):
    """Relay to one party; `delivery` says what to do if it does not answer."""

    node: Node
    url: str
    delivery: Delivery = Delivery.RELAY
    addressed: bool = True  # False: the hub found the receiver (open routing)
    terms: str = ""  # of the agreement: a push that does not fulfil them is refused (`Module.judge`)


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask all of them at once; the first who knows answers (table 2a). `silent` would be asked, but are offline."""

    asked: tuple[Forward, ...]
    silent: tuple[PartyId, ...] = ()


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Store, answer at once, and tell everybody who may hear it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """From the hub's own store."""


@dataclass(frozen=True, slots=True)
class Reject:
    error: OcpiError


Decision = Forward | Ask | Broadcast | Answer | Reject


def decide(
    call: Call,
    network: Network,
    module: Module,
    *,
    now: datetime,
    resolved: Resolved = NOTHING,
    origin: int | None = None,
) -> Decision:
    """The way of a call whose sender is known to be one the caller, the platform `origin`, may speak for.

    `call.receiver` is None for open routing and for calls that leave the receiver to the hub.
    """
    if call.receiver is not None and call.receiver != network.hub:
        return _forward(call, network, module, call.receiver, now=now, addressed=True, origin=origin)
    if is_told_to_all(call, module):
        return _broadcast(call, network, module)
    if resolved.party is not None:
        return _forward(call, network, module, resolved.party, now=now, addressed=False, origin=origin)
    if resolved.ask:
        return _ask(call, network, module, now=now, origin=origin)
    if call.method == "GET":
        return _answer(call, resolved)
    return Reject(UnknownReceiver("none named, and none can be derived from the call"))


def is_told_to_all(call: Call, module: Module) -> bool:
    """Where it names nobody: whatever else could be found out of it, and however many will hear it."""
    return call.is_push and call.interface is Interface.RECEIVER and module.broadcast


def is_wanted_by(sender: Node, receiver: Node) -> bool:
    """Does this receiver's role hear broadcasts of that sender's role, and not its own echo (ROUTE-25, ROUTE-33)?"""
    return receiver.role in OPPOSITE.get(sender.role, frozenset()) and receiver.platform != sender.platform


def _answer(call: Call, resolved: Resolved) -> Decision:
    if call.interface is Interface.SENDER and call.path:
        if resolved.ambiguous:
            return Reject(NotEnoughInformation("several parties own an object of this id: name the receiver"))
        return Reject(UnknownObject("no such object"))
    return Answer()


def _ask(call: Call, network: Network, module: Module, *, now: datetime, origin: int | None) -> Ask:
    """All partners in a role that owns such objects; one who does not offer the interface cannot be asked (TOK-16)."""
    assert call.sender is not None
    asked, silent = [], []
    for key in sorted(network.get_partners(call.sender, module=call.module, at=now)):
        nodes = tuple(node for node in network.nodes.get(key, ()) if node.role in module.owner_roles)
        nodes = _without_way_back(nodes, origin=origin)
        found = _find_endpoint(call, network, nodes)
        if found is None:
            continue
        node, url = found
        if node.status is ConnectionStatus.CONNECTED:
            asked.append(Forward(node, url, addressed=False))
        elif node.status is ConnectionStatus.OFFLINE:
            silent.append(node.party)
    return Ask(tuple(asked), tuple(silent))


def _broadcast(call: Call, network: Network, module: Module) -> Decision:
    assert call.principal is not None
    if not any(node.role in module.owner_roles for node in network.get_acting_nodes(call.principal)):
        return Reject(UnknownObject(f"{call.principal} has no role that owns {call.module}"))  # LOC-19
    return Broadcast()


def _forward(
    call: Call,
    network: Network,
    module: Module,
    receiver: PartyId,
    *,
    now: datetime,
    addressed: bool,
    origin: int | None,
) -> Decision:
    assert call.principal is not None
    known = network.get_nodes(receiver)
    if not known:
        return Reject(UnknownReceiver(receiver))
    nodes = _without_way_back(known, origin=origin)
    if not nodes:
        return Reject(HubError(f"{receiver} is behind the hub this call came from"))  # ROUTE-46: a loop
    action = module.get_action(call)
    permit = network.get_permit(call.principal, receiver, module=call.module, at=now, action=action)
    if permit is None:
        if network.get_permit(call.principal, receiver, module=call.module, at=now) is not None:
            return Reject(ReceiverNotConnected(f"{receiver} takes no {action} from {call.sender}: by their agreement"))
        return Reject(ReceiverNotConnected(f"{receiver} is not connected: no agreement for {call.module}"))
    found = _find_endpoint(call, network, nodes)
    if found is None:
        return Reject(_explain_missing_endpoint(call, receiver, nodes))
    node, url = found
    # What a hub passes on waits, if at all, at that hub, which knows in whose name it is to be sent.
    delivery = Delivery.RELAY if call.on_behalf_of else permit.get_delivery(call.module)
    is_received = call.is_push and call.interface is Interface.RECEIVER
    may_keep = is_received and delivery is Delivery.STORE_AND_FORWARD and module.can_wait
    may_wait = may_keep and node.status is ConnectionStatus.OFFLINE
    if node.status is not ConnectionStatus.CONNECTED and not may_wait:
        return Reject(ReceiverNotConnected(f"{receiver} is {node.status}"))
    return Forward(node, url, delivery, addressed, permit.get_terms(call.module) if is_received else "")


def _without_way_back(nodes: tuple[Node, ...], *, origin: int | None) -> tuple[Node, ...]:
    """To a party behind a hub the way is never back through the hub that the call came from (ROUTE-46)."""
    return tuple([node for node in nodes if node.via is None or node.platform != origin])


def _find_endpoint(call: Call, network: Network, nodes: tuple[Node, ...]) -> tuple[Node, str] | None:
    """The platform of this party that offers the module and interface (ROUTE-07, ROUTE-08)."""
    found = None
    for node in nodes:
        platform = network.platforms.get(node.platform)
        url = platform.get_endpoint(call.module, call.interface) if platform else None
        if url is not None and node.status is ConnectionStatus.CONNECTED:
            return node, url
        if url is not None and found is None:
            found = node, url
    return found


def _explain_missing_endpoint(call: Call, receiver: PartyId, nodes: tuple[Node, ...]) -> OcpiError:
    if all(node.status is not ConnectionStatus.CONNECTED for node in nodes):
        return ReceiverNotConnected(f"{receiver} is {nodes[0].status}")
    return HubError(f"{receiver} does not offer {call.module} {call.interface}")  # ROUTE-18, AMB-19
