"""What HubClientInfo shows to whom (HCI-02 to HCI-04). Pure; the list GET and the pushes both ask here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ocpi.calls import ConnectionStatus, PartyId
from ocpi.times import format_datetime
from routing.network import Network, Node, pair_key


def client_infos(network: Network, *, platform_id: int, now: datetime) -> list[dict[str, str]]:
    """ClientInfo objects for one platform: the parties one of its own has an agreement with at `now`, in fixed order.

    Its own roles and the hub are left out, and so are parties without agreement (AMB-44: "or not at all").
    """
    own = _get_viewers(network, platform_id)
    infos = []
    for nodes in network.nodes.values():
        for node in nodes:
            if node.platform == platform_id or node.party == network.hub:
                continue
            since = _get_visible_since(network, node.party, viewers=own.values(), now=now)
            if since is not None:
                infos.append(_describe(node, since=since))
    return sorted(infos, key=lambda info: (info["country_code"].lower(), info["party_id"].lower(), info["role"]))


def _get_viewers(network: Network, platform_id: int) -> dict[str, PartyId]:
    """For whom a platform is told. A peer hub also for parties that are agreed with and nowhere else: before it hears
    of their partners it has no reason to announce them, and the other hub waits likewise (ROUTE-46).
    """
    viewers = {
        node.party.key: node.party
        for node in network.by_platform.get(platform_id, ())
        if node.status is not ConnectionStatus.SUSPENDED
    }
    if network.is_hub(platform_id):
        viewers |= {
            key: PartyId.of_key(key)
            for pair in network.permits
            for key in pair
            if all(node.via and node.status is ConnectionStatus.SUSPENDED for node in network.nodes.get(key, ()))
        }
    return viewers


def _get_visible_since(
    network: Network, party: PartyId, *, viewers: Iterable[PartyId], now: datetime
) -> datetime | None:
    """The moment from which on the first of the agreements in force showed this party to these viewers."""
    moments = [
        max(permit.valid_from, permit.changed_at or permit.valid_from)
        for viewer in viewers
        for permit in network.permits.get(pair_key(party, viewer), ())
        if permit.holds(at=now)
    ]
    return min(moments, default=None)


def _describe(node: Node, *, since: datetime) -> dict[str, str]:
    """HCI-15: last_updated moves with the status or with what may be seen (HCI-05), with nothing else."""
    return {
        "party_id": node.party.party_id,
        "country_code": node.party.country_code,
        "role": node.role.value,
        "status": node.status.value,
        "last_updated": format_datetime(max(since, node.changed_at or since)),
    }
