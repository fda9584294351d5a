"""What of the event log goes to whom. Pure: events and facts in, deliveries out; asked when an event is read, and again
just before it is sent, because what was allowed then may have ended since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import msgspec

from forwarding.events import Event
from forwarding.waiting import Key
from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role
from routing.decide import is_wanted_by
from routing.network import Network, Node, Permit

RELAY_WINDOW = timedelta(seconds=60)  # ROUTE-21: what is older is fetched by GET, not pushed late
CLIENT_INFO = "hubclientinfo"
NOWHERE = -1
MOST_AUDIENCES = 10_000

_THERE = frozenset({ConnectionStatus.CONNECTED, ConnectionStatus.OFFLINE})
CAN_BE_REPLACED = frozenset({"PUT", "PATCH", "DELETE"})


class Planned(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One event for one party. `obstacle`: why it cannot be sent, although it was accepted for this receiver."""

    event: Event
    receiver: PartyId | None  # None: for the platform as such, no routing headers (ROUTE-01)
    sender: PartyId | None  # OCPI-from
    endpoint: str
    policy: Delivery
    status: ConnectionStatus
    obstacle: str = ""
    facts: Network  # by which it was planned, and when
    at: datetime
    key: Key
    chain: tuple[str, str]  # what is sent strictly one after the other (ROUTE-35)

    @property
    def url(self) -> str:
        return join_path(self, self.event.path)


class Step(Enum):
    SEND = "send"
    SKIP = "skip"  # recorded, and not sent any more
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Roster:
    """The network, asked by platform."""

    network: Network
    _senders: dict[tuple[str, str, int | None], Node] = field(default_factory=dict, repr=False, compare=False)
    _audiences: dict[tuple[Any, ...], Audience] = field(default_factory=dict, repr=False, compare=False)

    def get_sender(self, event: Event) -> Node:
        """As whom the party spoke that the event is of: the same for all who hear it."""
        key = event.sender, event.sender_role, event.origin
        if key not in self._senders:
            self._senders[key] = Node(
                party=get_party(event.sender, self.network),
                role=Role(event.sender_role),
                platform=NOWHERE if event.origin is None else event.origin,
                status=ConnectionStatus.CONNECTED,
            )
        return self._senders[key]

    def get_audience(self, event: Event, platform: int) -> Audience:
        """Who of a platform hears broadcasts like this one, if an agreement holds: found once, not for each event."""
        key = platform, event.module, event.sender, event.sender_role, event.origin, event.version
        found = self._audiences.get(key)
        if found is None:
            if len(self._audiences) >= MOST_AUDIENCES:
                self._audiences.clear()
            found = self._audiences[key] = _find_audience(event, platform, self)
        return found

    def get_nodes(self, platform: int) -> tuple[Node, ...]:
        return self.network.by_platform.get(platform, ())


@dataclass(frozen=True, slots=True)
class Audience:
    sender: Node
    endpoint: str
    nodes: tuple[Node, ...]  # one of each party


def _find_audience(event: Event, platform: int, roster: Roster) -> Audience:
    sender = roster.get_sender(event)
    facts = roster.network.platforms.get(platform)
    endpoint = facts.get_endpoint(event.module, Interface.RECEIVER) if facts else None
    if facts is None or endpoint is None or facts.version != event.version:  # ROUTE-26; never sent untranslated
        return Audience(sender, "", ())
    nodes: dict[str, Node] = {}
    for node in roster.get_nodes(platform):  # one request per party, however many roles it has there
        # is_wanted_by: the opposite kind (ROUTE-25), and no echo to where it came from (ROUTE-33)
        if node.status in _THERE and is_wanted_by(sender, node):
            nodes.setdefault(node.party.key, node)
    return Audience(sender, endpoint, tuple(nodes.values()))


def plan_event(
    event: Event, *, platform: int, roster: Roster, now: datetime, is_begun: bool = False
) -> tuple[Planned, ...]:
    """Every delivery of this event that this platform is to get, as things stand now. `is_begun`: it is in its lane."""
    if event.module == CLIENT_INFO:
        return _plan_client_info(event, platform, roster, now=now)
    if event.receiver:
        return _plan_directed(event, platform, roster, now=now, is_begun=is_begun)
    return _plan_broadcast(event, platform, roster, now=now)


def judge(planned: Planned, *, now: datetime) -> tuple[Step, str]:
    """What to do with it at this moment, and why (decision 4)."""
    is_connected = planned.status is ConnectionStatus.CONNECTED
    if planned.policy is Delivery.STORE_AND_FORWARD:
        return (Step.SEND, "") if is_connected else (Step.WAIT, f"the receiver is {planned.status}")
    if not is_connected:
        return Step.SKIP, f"the receiver is {planned.status}"
    if now - planned.event.at > RELAY_WINDOW:
        return Step.SKIP, f"older than {RELAY_WINDOW.seconds} s"
    return Step.SEND, ""


def coalesce(waiting: Sequence[Planned]) -> list[Planned]:
    """Leave out what a newer full state behind it makes needless: the same object, at the same or a deeper path.

    PATCHes replace nothing, and what was POSTed (CDRs) is never left out.
    """
    if not any(one.event.supersedes for one in waiting):
        return list(waiting)
    newer: dict[tuple[str, str, str], list[Event]] = {}
    kept = []
    for one in reversed(waiting):
        event = one.event
        replacing = newer.setdefault((*one.chain, event.receiver), [])
        if event.method in CAN_BE_REPLACED and any(_replaces(full, event) for full in replacing):
            continue
        kept.append(one)
        if event.supersedes and not one.obstacle:
            replacing.append(event)
    kept.reverse()
    return kept


def _replaces(full: Event, older: Event) -> bool:
    if full.query != older.query:  # a token's type is part of its identity (TOK-03)
        return False
    return older.path == full.path or older.path.startswith(full.path.rstrip("/") + "/")


def _plan_broadcast(event: Event, platform: int, roster: Roster, *, now: datetime) -> tuple[Planned, ...]:
    if not event.sender_role:
        return ()
    network, audience = roster.network, roster.get_audience(event, platform)
    planned = []
    for node in audience.nodes:
        permit = _get_permit(event, audience.sender.party, node.party, network, now=now)
        if permit is not None:
            planned.append(
                Planned(
                    event=event,
                    receiver=node.party,
                    sender=network.hub,  # ROUTE-24
                    endpoint=audience.endpoint,
                    policy=permit.get_delivery(event.module),
                    status=node.status,
                    facts=network,
                    at=now,
                    key=(event.id, node.party.key),
                    chain=(event.object_key, node.party.key),
                )
            )
    return tuple(planned)


def _plan_directed(
    event: Event, platform: int, roster: Roster, *, now: datetime, is_begun: bool
) -> tuple[Planned, ...]:
    """Accepted for one party: it waits, is delivered, or becomes a dead letter; it is never forgotten (decision 4)."""
    network = roster.network
    receiver, sender = get_party(event.receiver, network), get_party(event.sender, network)
    home = _find_home(receiver, event, network)
    is_here = home is not None and home.platform == platform
    if not (is_here or is_begun):
        return ()
    status = home.status if home is not None else ConnectionStatus.SUSPENDED
    facts = network.platforms.get(platform)
    endpoint = facts.get_endpoint(event.module, Interface.RECEIVER) if facts else None
    obstacle = ""
    if not is_here:  # the lane of its new platform may have gone past it
        obstacle = f"{receiver} is not on this platform any more"
    elif _get_permit(event, sender, receiver, network, now=now) is None:
        obstacle = f"no agreement between {sender} and {receiver} for {event.module} any more"
    elif status not in _THERE:
        endpoint = endpoint or ""  # it may register again, with endpoints
    elif endpoint is None:
        obstacle = f"{receiver} does not offer {event.module} {Interface.RECEIVER}"
    elif facts is not None and facts.version != event.version:
        obstacle = f"{receiver} speaks OCPI {facts.version}, this is {event.version}"
    return (
        Planned(
            event=event,
            receiver=receiver,
            sender=sender,
            endpoint=endpoint or "",
            policy=Delivery.STORE_AND_FORWARD,
            status=status,
            obstacle=obstacle,
            facts=network,
            at=now,
            key=(event.id, receiver.key),
            chain=(event.object_key, receiver.key),
        ),
    )


def _find_home(receiver: PartyId, event: Event, network: Network) -> Node | None:
    """Exactly one platform delivers, whichever lane asks: one that offers the module, active roles before others."""
    nodes = network.get_nodes(receiver)

    def rank(node: Node) -> tuple[bool, bool, int]:
        facts = network.platforms.get(node.platform)
        offers = facts is not None and facts.get_endpoint(event.module, Interface.RECEIVER) is not None
        return not offers, node.status not in _THERE, node.platform

    return min(nodes, key=rank, default=None)


def _plan_client_info(event: Event, platform: int, roster: Roster, *, now: datetime) -> tuple[Planned, ...]:
    """Made for one platform's eyes, which its object key names; once per platform (HCI-05, AMB-43)."""
    if event.object_key.split(":")[1:2] != [str(platform)]:
        return ()
    network = roster.network
    facts = network.platforms.get(platform)
    endpoint = facts.get_endpoint(CLIENT_INFO, Interface.RECEIVER) if facts else None
    nodes = network.get_own_parties_of(platform)  # those behind a hub say nothing of whether it is there
    if endpoint is None or not nodes:
        return ()
    alive = [node.status for node in nodes if node.status in _THERE]
    return (
        Planned(
            event=event,
            receiver=None,
            sender=None,
            endpoint=endpoint,
            policy=Delivery.STORE_AND_FORWARD,
            status=alive[0] if alive else nodes[0].status,
            facts=network,
            at=now,
            key=(event.id, ""),
            chain=(event.object_key, ""),
        ),
    )


def _get_permit(event: Event, sender: PartyId, receiver: PartyId, network: Network, *, now: datetime) -> Permit | None:
    """It must have held when it happened and still hold (decision 3)."""
    if network.get_permit(sender, receiver, module=event.module, at=event.at) is None:
        return None
    return network.get_permit(sender, receiver, module=event.module, at=now)


def get_party(key: str, network: Network) -> PartyId:
    """As the party writes itself, where it is known."""
    party = PartyId.of_key(key)
    return next((node.party for node in network.get_nodes(party)), party)


def join_path(planned: Planned, path: str) -> str:
    """Exactly one "/" between (AMB-15); path and query as they came."""
    url = planned.endpoint.rstrip("/") + "/" + path if path else planned.endpoint
    return f"{url}?{planned.event.query}" if planned.event.query else url
