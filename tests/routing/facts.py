"""A CPO, an eMSP and the hub between them, to change as a test needs. No mocks: facts in, decision out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ocpi.calls import Call, ConnectionStatus, Interface, PartyId, Role
from ocpi.module import Module
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, pair_key

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HUB = PartyId("NL", "HUB")
CPO = PartyId("NL", "CPO")
EMSP = PartyId("FR", "MSP")
STRANGER = PartyId("XX", "ZZZ")


class Locations(Module):
    id = "locations"
    broadcast = True
    can_wait = True
    owner_roles = frozenset({Role.CPO, Role.NAP})


class Sessions(Module):
    id = "sessions"
    can_wait = True
    owner_roles = frozenset({Role.CPO})


def node(party: PartyId, role: Role, platform: int, status: ConnectionStatus = ConnectionStatus.CONNECTED) -> Node:
    return Node(party=party, role=role, platform=platform, status=status)


def permit(**changes: Any) -> Permit:
    return Permit(**{"modules": frozenset({"locations", "sessions"}), "valid_from": NOW - timedelta(days=1), **changes})


def network(
    *nodes: Node, permits: tuple[Permit, ...] = (), offers: tuple[str, ...] = ("locations", "sessions")
) -> Network:
    nodes = nodes or (node(CPO, Role.CPO, 1), node(EMSP, Role.EMSP, 2))
    endpoints = {(module, i): f"https://p/{module}/{i}" for module in offers for i in Interface}
    return Network(
        hub=HUB,
        nodes=build_nodes(nodes),
        platforms={n.platform: PlatformFacts(id=n.platform, name=str(n.platform), endpoints=endpoints) for n in nodes},
        permits={pair_key(CPO, EMSP): permits or (permit(),)},
    )


def call(**changes: Any) -> Call:
    facts = {"module": "locations", "interface": Interface.RECEIVER, "method": "PUT", "path": ("NL", "CPO", "L1")}
    return Call(**{"sender": CPO, "receiver": EMSP, **facts, **changes})
