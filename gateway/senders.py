"""May this platform speak as this party, of these objects? Pure checks on the facts."""

from __future__ import annotations

from dataclasses import replace

from ocpi.calls import Call, Interface
from ocpi.errors import InvalidParameter, NotYourParty, UnknownObject
from ocpi.module import Match
from parties.routed_module import RoutedModule
from routing.network import Network


def identify_sender(call: Call, network: Network, module: RoutedModule, *, platform: int) -> Call:
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


def check_owner(call: Call, match: Match, network: Network, module: RoutedModule, *, platform: int) -> None:
    """On the RECEIVER interface everybody speaks of its own objects only (TRANS-35, LOC-19)."""
    owner = module.get_owner(call, match)
    if call.interface is not Interface.RECEIVER or owner is None:
        return
    roles = {node.role for node in network.get_acting_nodes(owner) if node.platform == platform}
    if owner != call.sender or not roles & module.owner_roles:
        raise UnknownObject(f"{owner} is not an owner of {module.id} on this platform")
