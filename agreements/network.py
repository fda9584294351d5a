"""The routing facts, loaded from parties and agreements in a handful of queries. What is done with them is not here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from agreements.models import Agreement
from ocpi.calls import ConnectionStatus, Delivery, Interface, Role, Version
from parties.client import Peer
from parties.lookup import TokenKind
from parties.models import Endpoint, FactsVersion, Party, Platform
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, pair_key


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFact:
    """Whose token it is, and what for. `until`: not in force from then on."""

    platform: int
    kind: TokenKind
    until: datetime | None = None
    is_raw: bool = False  # the platform sends it unencoded (TRANS-04)
    has_previous: bool = False  # its first use ends the token before: parties.handshake.retire_previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One snapshot: the network, who may come in, and how to call out."""

    version: int
    network: Network
    tokens: Mapping[str, TokenFact]  # by digest
    peers: Mapping[int, Peer]  # by platform; only those that can be called


def get_version() -> int:
    """Cheap: has anything changed since?"""
    return FactsVersion.objects.values_list("version", flat=True).order_by("id").first() or 0


def load_facts() -> Facts:
    """Everything. The version is read first: what changes while we read raises it, and the next look sees that."""
    version = get_version()
    platforms = list(Platform.objects.order_by("id"))
    return Facts(
        version=version,
        network=Network(
            hub=settings.HUB_PARTY,
            nodes=build_nodes(_make_nodes(platforms)),
            platforms=_make_platforms(platforms),
            permits=_make_permits(Agreement.objects.order_by("id")),
        ),
        tokens={digest: fact for platform in platforms for digest, fact in _make_tokens(platform)},
        peers={platform.id: make_peer(platform) for platform in platforms if platform.token_out},
    )


def make_peer(platform: Platform) -> Peer:
    return Peer(
        id=platform.id,
        token=platform.token_out,
        raw_token=platform.sends_raw_token,
        max_in_flight=platform.max_in_flight,
        quirks=platform.quirks,
    )


def _make_nodes(platforms: Iterable[Platform]) -> Iterable[Node]:
    """A withdrawn role stays as SUSPENDED (CRED-22): its partners are told, and calls to it get 4003."""
    by_id = {platform.id: platform for platform in platforms}
    for party in Party.objects.order_by("id"):
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


def _make_platforms(platforms: Iterable[Platform]) -> dict[int, PlatformFacts]:
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
        changed_at=agreement.changed_at,
    )


def _make_tokens(platform: Platform) -> Iterable[tuple[str, TokenFact]]:
    """As parties.lookup.get_kind, for all tokens of a platform at once."""
    is_registered = platform.state == Platform.State.REGISTERED
    is_raw = platform.sends_raw_token
    if platform.token_in_previous_digest and platform.token_in_previous_until is not None:
        kind: TokenKind = "previous" if is_registered else "token_a"
        yield (
            platform.token_in_previous_digest,
            TokenFact(platform=platform.id, kind=kind, until=platform.token_in_previous_until, is_raw=is_raw),
        )
    if platform.token_in_digest:
        kind = "credentials" if is_registered else "token_a"
        has_previous = bool(platform.token_in_previous_digest)
        yield (
            platform.token_in_digest,
            TokenFact(platform=platform.id, kind=kind, is_raw=is_raw, has_previous=has_previous),
        )
    if platform.token_a_digest:
        yield platform.token_a_digest, TokenFact(platform=platform.id, kind="token_a", is_raw=is_raw)
