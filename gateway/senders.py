"""May this platform speak as this party, of these objects? Pure checks on the facts."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from ocpi.calls import Call, Interface, PartyId
from ocpi.errors import InvalidParameter, NotYourParty, UnknownObject
from ocpi.module import Match
from parties.routed_module import RoutedModule
from routing.network import Network


def identify_sender(call: Call, network: Network, module: RoutedModule, *, platform: int) -> Call:
    """FROM must name one of the caller's own parties (E2), or one behind it if it is a hub (ROUTE-03); left out, it is
    assumed where only one of its own fits (ROUTE-04)."""
    if call.sender is not None:
        for node in network.get_acting_nodes(call.sender):
            if node.platform == platform:
                return call
        raise NotYourParty(f"{call.sender} is not a party of this platform")
    own = tuple(node for node in network.get_parties_of(platform) if node.via is None)
    fitting = {node.party for node in own}
    if len(fitting) > 1:
        pushes = call.interface is Interface.RECEIVER
        fitting = {node.party for node in own if (node.role in module.owner_roles) == pushes}
    if len(fitting) != 1:
        raise InvalidParameter("OCPI-from-party-id: is missing, and several parties could be meant")
    return replace(call, sender=fitting.pop())


def describe_receiver(call: Call, network: Network, module: RoutedModule, *, now: datetime) -> Call:
    """With what the module has to know of the receiver of another's session or CDR (SESS-07, CDR-09)."""
    if call.receiver is None or not module.is_token_bound or call.interface is not Interface.RECEIVER:
        return call
    return replace(
        call,
        receiver_roles=frozenset([node.role for node in network.get_nodes(call.receiver)]),
        acts_for=network.get_principals(call.receiver, module=call.module, at=now),
    )


def is_passed_on(call: Call, match: Match, module: RoutedModule) -> bool:
    """Another's session, sent to one that acts for the sender (SESS-17). Is it about the sender? Asked later."""
    if not (module.is_passed_on and call.is_push and call.interface is Interface.RECEIVER):
        return False
    owner = module.get_owner(call, match)
    return call.sender is not None and owner != call.sender and call.sender.key in call.acts_for


def check_owner(
    call: Call, match: Match, network: Network, module: RoutedModule, *, platform: int, now: datetime
) -> Call:
    """On the RECEIVER interface everybody speaks of its own objects only (TRANS-35, LOC-19)."""
    owner = module.get_owner(call, match)
    if call.interface is not Interface.RECEIVER or owner is None:
        return call
    if call.is_push and _has_mandate(call, owner, network, module, platform=platform, now=now):
        return call
    roles = {node.role for node in network.get_acting_nodes(owner) if node.platform == platform}
    if not roles & module.owner_roles:
        raise UnknownObject(f"{owner} is not an owner of {module.id} on this platform")
    if owner == call.sender:
        return call
    if not _passes_on(call, network, module, platform=platform):
        raise UnknownObject(f"{owner} is not who sends this")
    return replace(call, on_behalf_of=owner)


def _has_mandate(
    call: Call, owner: PartyId, network: Network, module: RoutedModule, *, platform: int, now: datetime
) -> bool:
    """A NAP pushes what is of its principal (LOC-19)."""
    if call.sender is None or call.sender == owner or not module.passing_roles:
        return False
    if owner.key not in network.get_principals(call.sender, module=module.id, at=now):
        return False
    nodes = network.get_acting_nodes(call.sender)
    return any(node.platform == platform and node.role in module.passing_roles for node in nodes)


def _passes_on(call: Call, network: Network, module: RoutedModule, *, platform: int) -> bool:
    """A peer hub tells on what one behind it has broadcast: FROM is the hub, the owner stays in the URL (ROUTE-27)."""
    facts = network.platforms.get(platform)
    return module.broadcast and facts is not None and facts.hub is not None and facts.hub == call.sender
