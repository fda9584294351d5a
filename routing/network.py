"""Who is there, where, and who may talk to whom: frozen facts that decisions are made from. No database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role, Version

NOBODY: frozenset[str] = frozenset()
_NOT_HERE = frozenset({ConnectionStatus.SUSPENDED})
_NOT_BEHIND = frozenset({ConnectionStatus.SUSPENDED, ConnectionStatus.PLANNED})
_WORSE = (ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE, ConnectionStatus.PLANNED, ConnectionStatus.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One role of one party on one platform, as HubClientInfo knows it (HCI-03)."""

    party: PartyId
    role: Role
    platform: int
    status: ConnectionStatus
    name: str = ""
    changed_at: datetime | None = None
    via: PartyId | None = None  # the hub it is behind (ROUTE-46); `platform` is that hub's, `status` the worse of both

    @property
    def may_act(self) -> bool:
        """Not a role that was given up (CRED-22); of those behind a hub, not one that was never there either."""
        return self.status not in (_NOT_BEHIND if self.via else _NOT_HERE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """A connected back end: what it offers and how it is spoken to. Secrets are not here."""

    id: int
    name: str
    version: Version = Version.V2_2_1
    endpoints: Mapping[tuple[str, Interface], str] = field(default_factory=dict)
    versions_url: str = ""
    fills_operator: bool = False  # LOC-14
    hub: PartyId | None = None  # its own party, if it is a peer hub

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
    actions: frozenset[str] | None = None  # those of `Module.get_action` that it allows; None: all (CMD-15)
    changed_at: datetime | None = None
    terms: Mapping[str, str] = field(default_factory=dict)  # by module: what its pushes are judged by (`Module.judge`)

    def allows(self, action: str) -> bool:
        return not action or self.actions is None or action in self.actions

    def covers(self, module: str, *, at: datetime) -> bool:
        return module in self.modules and self.holds(at=at)

    def holds(self, *, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)

    def get_terms(self, module: str) -> str:
        """ "" where the agreement has none, so that nothing is judged."""
        return self.terms.get(module, "")

    def get_delivery(self, module: str) -> Delivery:
        return self.delivery_by_module.get(module, self.delivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """One party acts for another in these modules; half-open validity."""

    modules: frozenset[str]
    valid_from: datetime
    valid_until: datetime | None = None

    def covers(self, module: str, *, at: datetime) -> bool:
        return module in self.modules and self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


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
    mandates: Mapping[str, Mapping[str, tuple[Mandate, ...]]] = field(default_factory=dict)  # agent → principal, by key
    operators: Mapping[str, bytes] = field(default_factory=dict)  # what to fill in, by CPO (LOC-14)
    by_platform: Mapping[int, tuple[Node, ...]] = field(init=False, repr=False, compare=False)
    acting: Mapping[str, tuple[Node, ...]] = field(init=False, repr=False, compare=False)
    agreed: Mapping[str, tuple[tuple[str, tuple[Permit, ...]], ...]] = field(init=False, repr=False, compare=False)
    offline: frozenset[int] = field(init=False, repr=False, compare=False)  # platforms with a party that is OFFLINE

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_platform", _index_by_platform(self.nodes.values()))
        acting = {key: tuple(node for node in found if node.may_act) for key, found in self.nodes.items()}
        object.__setattr__(self, "acting", acting)
        object.__setattr__(self, "agreed", _index_by_party(self.permits))
        object.__setattr__(self, "offline", frozenset(_find_offline(self.nodes.values())))

    def get_nodes(self, party: PartyId) -> tuple[Node, ...]:
        return self.nodes.get(party.key, ())

    def get_acting_nodes(self, party: PartyId) -> tuple[Node, ...]:
        """The roles it may act in: not those it has given up (CRED-22)."""
        return self.acting.get(party.key, ())

    def get_permit(self, one: PartyId, other: PartyId, *, module: str, at: datetime, action: str = "") -> Permit | None:
        """The agreement under which the two may exchange this module, or do this in it, at that moment (ROUTE-22)."""
        if one == other:  # roles of one party need no agreement with each other (ROUTE-33)
            return Permit(modules=frozenset({module}), valid_from=at)
        for permit in self.permits.get(pair_key(one, other), ()):
            if permit.covers(module, at=at) and permit.allows(action):
                return permit
        return None

    def is_delivery_promised(self, sender: PartyId, receiver: PartyId, *, module: str, at: datetime) -> bool:
        """Whether what was accepted for it at that moment is owed to it (decision 4)."""
        permit = self.get_permit(sender, receiver, module=module, at=at)
        return permit is not None and permit.get_delivery(module) is Delivery.STORE_AND_FORWARD

    def get_operators(self, platform: int) -> Mapping[str, bytes]:
        """What to fill in as `operator` for this platform, by owner; none, unless it is set so (LOC-14)."""
        if not self.operators:
            return self.operators
        facts = self.platforms.get(platform)
        return self.operators if facts is not None and facts.fills_operator else {}

    def get_principals(self, agent: PartyId, *, module: str, at: datetime) -> frozenset[str]:
        """Keys of all parties this one acts for (SESS-07, SESS-17, CDR-09, LOC-19)."""
        mandates = self.mandates.get(agent.key)
        if mandates is None:
            return NOBODY
        return frozenset(key for key, given in mandates.items() if any(one.covers(module, at=at) for one in given))

    def has_agreement(self, one: PartyId, other: PartyId, *, at: datetime) -> bool:
        """Any module: decides what HubClientInfo shows (HCI-04)."""
        return any(permit.holds(at=at) for permit in self.permits.get(pair_key(one, other), ()))

    def get_parties_of(self, platform: int) -> tuple[Node, ...]:
        """Those it may speak for, with a peer hub those behind it; not a role that was given up (CRED-22)."""
        return tuple(node for node in self.by_platform.get(platform, ()) if node.may_act)

    def get_own_parties_of(self, platform: int) -> tuple[Node, ...]:
        """Those that are on the platform itself, and not behind it."""
        return tuple(node for node in self.by_platform.get(platform, ()) if node.via is None)

    def is_hub(self, platform: int) -> bool:
        """A peer hub, which other parties are behind."""
        facts = self.platforms.get(platform)
        return facts is not None and facts.hub is not None

    def get_partners(self, party: PartyId, *, module: str, at: datetime) -> frozenset[str]:
        """Keys of all parties this one may see objects of."""
        agreed = self.agreed.get(party.key, ())
        return frozenset(partner for partner, permits in agreed for permit in permits if permit.covers(module, at=at))


def get_worse(one: ConnectionStatus, other: ConnectionStatus) -> ConnectionStatus:
    """What a party behind a hub is, as both have to be there (HCI-16)."""
    return max(one, other, key=_WORSE.index)


def _index_by_platform(nodes: Iterable[tuple[Node, ...]]) -> dict[int, tuple[Node, ...]]:
    index: dict[int, list[Node]] = {}
    for found in nodes:
        for node in found:
            index.setdefault(node.platform, []).append(node)
    return {platform: tuple(found) for platform, found in index.items()}


def _index_by_party(
    permits: Mapping[tuple[str, str], tuple[Permit, ...]],
) -> dict[str, tuple[tuple[str, tuple[Permit, ...]], ...]]:
    """With whom each party has agreements: of all agreements of a hub a party's own are few."""
    index: dict[str, list[tuple[str, tuple[Permit, ...]]]] = {}
    for (one, other), found in permits.items():
        index.setdefault(one, []).append((other, found))
        index.setdefault(other, []).append((one, found))
    return {party: tuple(partners) for party, partners in index.items()}


def _find_offline(nodes: Iterable[tuple[Node, ...]]) -> Iterator[int]:
    """Those behind a hub say nothing of whether that is there."""
    for found in nodes:
        for node in found:
            if node.via is None and node.status is ConnectionStatus.OFFLINE:
                yield node.platform


def build_nodes(nodes: Iterable[Node]) -> dict[str, tuple[Node, ...]]:
    """Index nodes by party."""
    index: dict[str, list[Node]] = {}
    for node in nodes:
        index.setdefault(node.party.key, []).append(node)
    return {key: tuple(found) for key, found in index.items()}
