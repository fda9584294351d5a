"""The routing facts, loaded from parties and agreements in a handful of queries. What is done with them is not here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.conf import settings

from agreements.models import Agreement, Mandate
from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role, Version
from parties.client import Peer
from parties.lookup import TokenKind
from parties.models import Endpoint, FactsVersion, Party, PartyBehind, Platform
from routing import network as routing
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, get_worse, pair_key


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFact:
    """Whose token it is, and what for. `until`: not in force from then on."""

    platform: int
    kind: TokenKind
    until: datetime | None = None
    is_raw: bool = False  # the platform sends it unencoded (TRANS-04)
    has_previous: bool = False  # its first use ends the token before: parties.token_slots.retire_previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One snapshot: the network, who may come in, and how to call out."""

    version: int
    network: Network
    tokens: Mapping[str, TokenFact]  # by digest
    peers: Mapping[int, Peer]  # by platform; only those that can be called
    rates: Mapping[int, int] = field(default_factory=dict)  # calls per second, of platforms with a rate of their own


def get_version() -> int:
    """Cheap: has anything changed since?"""
    return FactsVersion.objects.values_list("version", flat=True).order_by("id").first() or 0


def load_facts() -> Facts:
    """Everything. The version is read first: what changes while we read raises it, and the next look sees that."""
    version = get_version()
    platforms = list(Platform.objects.order_by("id"))
    parties = list(Party.objects.order_by("id"))
    hubs = _find_hubs(parties)
    return Facts(
        version=version,
        network=Network(
            hub=settings.HUB_PARTY,
            nodes=build_nodes([*_make_nodes(platforms, parties), *_make_nodes_behind(platforms, parties, hubs=hubs)]),
            platforms=_make_platforms(platforms, hubs=hubs),
            permits=_make_permits(Agreement.objects.order_by("id")),
            mandates=_make_mandates(Mandate.objects.order_by("id")),
            operators=_make_operators(parties) if any(platform.fills_operator for platform in platforms) else {},
        ),
        tokens={digest: fact for platform in platforms for digest, fact in _make_tokens(platform)},
        peers={platform.id: make_peer(platform) for platform in platforms if platform.token_out},
        rates={platform.id: platform.rate_limit for platform in platforms if platform.rate_limit is not None},
    )


def make_peer(platform: Platform) -> Peer:
    return Peer(
        id=platform.id,
        token=platform.token_out,
        raw_token=platform.sends_raw_token,
        max_in_flight=platform.max_in_flight,
        quirks=platform.quirks,
    )


def _find_hubs(parties: Iterable[Party]) -> dict[int, PartyId]:
    """The platforms that are hubs themselves, with their own party: those staff has planned as such (ROUTE-46)."""
    return {party.platform_id: party.id_pair for party in parties if party.role == Role.HUB and party.is_active}


def _make_nodes(platforms: Iterable[Platform], parties: Iterable[Party]) -> Iterable[Node]:
    """A withdrawn role stays as SUSPENDED (CRED-22): its partners are told, and calls to it get 4003."""
    by_id = {platform.id: platform for platform in platforms}
    for party in parties:
        platform = by_id.get(party.platform_id)
        if platform is None:  # entered while we read: in the next version
            continue
        yield Node(
            party=party.id_pair,
            role=Role(party.role),
            platform=platform.id,
            status=platform.status if party.is_active else ConnectionStatus.SUSPENDED,
            name=party.name,
            changed_at=max(party.changed_at, platform.changed_at) if party.is_active else party.changed_at,
        )


def _make_nodes_behind(
    platforms: Iterable[Platform], parties: Iterable[Party], *, hubs: Mapping[int, PartyId]
) -> Iterable[Node]:
    """Parties that peer hubs announced. Whoever is connected here is behind nobody; and of two hubs that have the same
    party, where staff has let that happen, the first holds it. What a hub that is none any more announced is over."""
    by_id = {platform.id: platform for platform in platforms}
    direct = {settings.HUB_PARTY.key, *(party.id_pair.key for party in parties)}
    rows = [row for row in PartyBehind.objects.order_by("id") if row.id_pair.key not in direct]
    holders: dict[str, int] = {}
    for row in rows:
        if row.status != ConnectionStatus.SUSPENDED and row.platform_id in hubs and row.platform_id in by_id:
            holders.setdefault(row.id_pair.key, row.platform_id)
    for row in rows:
        platform = by_id.get(row.platform_id)
        if platform is None or holders.get(row.id_pair.key, platform.id) != platform.id:
            continue
        hub = hubs.get(platform.id)
        announced = ConnectionStatus(row.status) if hub else ConnectionStatus.SUSPENDED
        is_over = announced is ConnectionStatus.SUSPENDED
        yield Node(
            party=row.id_pair,
            role=Role(row.role),
            platform=platform.id,
            status=get_worse(announced, platform.status),
            changed_at=row.changed_at if is_over else max(row.changed_at, platform.changed_at),
            via=hub or row.id_pair,
        )


def _make_platforms(platforms: Iterable[Platform], *, hubs: Mapping[int, PartyId]) -> dict[int, PlatformFacts]:
    endpoints: dict[int, dict[tuple[str, Interface], str]] = {}
    for platform, module, interface, url in Endpoint.objects.values_list("platform_id", "module", "interface", "url"):
        endpoints.setdefault(platform, {})[(module, Interface(interface))] = url
    return {
        platform.id: PlatformFacts(
            id=platform.id,
            name=platform.name,
            version=Version(platform.version),
            endpoints=endpoints.get(platform.id, {}),
            versions_url=platform.versions_url,
            hub=hubs.get(platform.id),
            fills_operator=platform.fills_operator,
        )
        for platform in platforms
    }


def _make_permits(agreements: Iterable[Agreement]) -> dict[tuple[str, str], tuple[Permit, ...]]:
    permits: dict[tuple[str, str], tuple[Permit, ...]] = {}
    for agreement in agreements:
        key = pair_key(agreement.provider, agreement.consumer)
        permits[key] = (*permits.get(key, ()), _make_permit(agreement))
    return permits


def _make_permit(agreement: Agreement) -> Permit:
    return Permit(
        modules=frozenset(agreement.modules),
        # Entered late, it does not reach back: nothing that happened before it was known becomes visible as an event.
        valid_from=max(agreement.valid_from, agreement.created_at),
        valid_until=agreement.valid_until,
        delivery=Delivery(agreement.delivery),
        delivery_by_module={module: Delivery(mode) for module, mode in agreement.delivery_by_module.items()},
        actions=None if agreement.commands is None else frozenset(agreement.commands),
        changed_at=agreement.changed_at,
        terms=_make_terms(agreement.cdr_control),
    )


def _make_terms(cdr_control: Mapping[str, object]) -> dict[str, str]:
    """Only of those that want pushes refused: what merely holds settlement is no matter of routing."""
    is_wanted = bool(cdr_control.get("refuse"))
    return {"cdrs": json.dumps(cdr_control, sort_keys=True, separators=(",", ":"))} if is_wanted else {}


def _make_operators(parties: Iterable[Party]) -> dict[str, bytes]:
    """As `operator` of a Location says it: an absent field is left out, not null."""
    return {
        party.id_pair.key: msgspec.json.encode(
            {name: value for name, value in (party.business_details or {"name": party.name}).items() if value}
        )
        for party in parties
        if party.role == Role.CPO and party.is_active and (party.name or party.business_details)
    }


def _make_mandates(mandates: Iterable[Mandate]) -> dict[str, dict[str, tuple[routing.Mandate, ...]]]:
    made: dict[str, dict[str, tuple[routing.Mandate, ...]]] = {}
    for mandate in mandates:
        fact = routing.Mandate(
            modules=frozenset(mandate.modules),
            valid_from=max(mandate.valid_from, mandate.created_at),
            valid_until=mandate.valid_until,
        )
        of_agent = made.setdefault(mandate.agent.key, {})
        of_agent[mandate.principal.key] = (*of_agent.get(mandate.principal.key, ()), fact)
    return made


def _make_tokens(platform: Platform) -> Iterable[tuple[str, TokenFact]]:
    """As parties.lookup.get_kind, for all tokens of a platform at once."""
    is_registered = platform.state == Platform.State.REGISTERED
    is_raw = platform.sends_raw_token
    for digest, until in platform.ending_tokens.items():
        kind: TokenKind = "previous" if is_registered else "token_a"
        yield digest, TokenFact(platform=platform.id, kind=kind, until=until, is_raw=is_raw)
    if platform.token_in_digest:
        kind = "credentials" if is_registered else "token_a"
        has_previous = bool(platform.token_in_previous_digest)
        yield (
            platform.token_in_digest,
            TokenFact(platform=platform.id, kind=kind, is_raw=is_raw, has_previous=has_previous),
        )
    if platform.token_a_digest:
        yield platform.token_a_digest, TokenFact(platform=platform.id, kind="token_a", is_raw=is_raw)
