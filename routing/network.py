"""Who is there, where, and who may talk to whom: frozen facts that decisions are made from. No database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One role of one party on one platform, as HubClientInfo knows it (HCI-03)."""

    party: PartyId
    role: Role
    platform: int
    status: ConnectionStatus
    name: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """A connected back end: what it offers and how it is spoken to. Secrets are not here."""

    id: int
    name: str
    version: Version = Version.V2_2_1
    endpoints: Mapping[tuple[str, Interface], str] = field(default_factory=dict)
    versions_url: str = ""

    def get_endpoint(self, module: str, interface: Interface) -> str | None:
        return self.endpoints.get((module, interface))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One agreement between two parties: half-open validity, modules, and what to do when the receiver is away."""

    modules: frozenset[str]
    valid_from: datetime
    valid_until: datetime | None = None
    delivery: Delivery = Delivery.RELAY
    delivery_by_module: Mapping[str, Delivery] = field(default_factory=dict)
    changed_at: datetime | None = None

    def covers(self, module: str, *, at: datetime) -> bool:
        return module in self.modules and self.holds(at=at)

    def holds(self, *, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    def get_delivery(self, module: str) -> Delivery:
        return self.delivery_by_module.get(module, self.delivery)


def pair_key(one: PartyId, other: PartyId) -> tuple[str, str]:
    """An agreement binds both directions, so the pair has no order."""
    return (one.key, other.key) if one.key <= other.key else (other.key, one.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The snapshot. Built once per change, asked millions of times."""

    hub: PartyId
    nodes: Mapping[str, tuple[Node, ...]]  # by party key
    platforms: Mapping[int, PlatformFacts]
    permits: Mapping[tuple[str, str], tuple[Permit, ...]]  # by pair_key

    def get_nodes(self, party: PartyId) -> tuple[Node, ...]:
        return self.nodes.get(party.key, ())

    def get_acting_nodes(self, party: PartyId) -> tuple[Node, ...]:
        """The roles it may act in: not those it has given up (CRED-22)."""
        return tuple(n for n in self.get_nodes(party) if n.status is not ConnectionStatus.SUSPENDED)

    def get_permit(self, one: PartyId, other: PartyId, *, module: str, at: datetime) -> Permit | None:
        """The agreement under which the two may exchange this module at that moment (ROUTE-22)."""
        if one == other:  # roles of one party need no agreement with each other (ROUTE-33)
            return Permit(modules=frozenset({module}), valid_from=at)
        for permit in self.permits.get(pair_key(one, other), ()):
            if permit.covers(module, at=at):
                return permit
        return None

    def has_agreement(self, one: PartyId, other: PartyId, *, at: datetime) -> bool:
        """Any module: decides what HubClientInfo shows (HCI-04)."""
        return any(permit.holds(at=at) for permit in self.permits.get(pair_key(one, other), ()))

    def get_parties_of(self, platform: int) -> tuple[Node, ...]:
        """Those that may act for it; a role that was given up may not (CRED-22)."""
        return tuple(
            node
            for nodes in self.nodes.values()
            for node in nodes
            if node.platform == platform and node.status is not ConnectionStatus.SUSPENDED
        )

    def get_partners(self, party: PartyId, *, module: str, at: datetime) -> frozenset[str]:
        """Keys of all parties this one may see objects of."""
        partners = set()
        for (one, other), permits in self.permits.items():
            if party.key in (one, other) and any(permit.covers(module, at=at) for permit in permits):
                partners.add(other if one == party.key else one)
        return frozenset(partners)


def build_nodes(nodes: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    """Index nodes by party."""
    index: dict[str, list[Node]] = {}
    for node in nodes:
        index.setdefault(node.party.key, []).append(node)
    return {key: tuple(found) for key, found in index.items()}
