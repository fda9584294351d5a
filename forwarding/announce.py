"""HubClientInfo's pushes: what each platform should know of its partners, compared with what it was told (HCI-05).

Whatever changed it (a registration, a role, an agreement, somebody's silence) need not know of this: the difference is
found here. One event per platform, party and role, for each platform sees its own view.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from agreements.announce import client_infos
from agreements.network import Facts, get_version, load_facts
from forwarding.models import Announced
from forwarding.plan import CLIENT_INFO
from journal.rows import Job, NewEvent
from journal.writer import Writer
from ocpi.calls import ConnectionStatus, Interface, PartyId
from ocpi.times import format_datetime, parse_datetime
from routing.network import Network

TURN = 0x0C71A220  # one process at a time compares and tells

Told = tuple[str, str]  # party key, role


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """One ClientInfo object as one platform should have it."""

    party: PartyId
    role: str
    status: str
    last_updated: datetime

    @property
    def key(self) -> Told:
        return self.party.key, self.role

    @property
    def body(self) -> str:
        return json.dumps(
            {
                "party_id": self.party.party_id,
                "country_code": self.party.country_code,
                "role": self.role,
                "status": self.status,
                "last_updated": format_datetime(self.last_updated),
            }
        )


@dataclass(slots=True)
class Settled:
    """What one process knows to have been told: the facts' version, and until when that is all."""

    version: int = -1
    until: datetime | None = None

    def holds(self, *, version: int, now: datetime) -> bool:
        return self.version == version and (self.until is None or now < self.until)


def announce(*, writer: Writer, settled: Settled, now: datetime) -> int:
    """How many changes are told. The events are durable first: told twice is better than never."""
    if settled.holds(version=get_version(), now=now):
        return 0
    with transaction.atomic():
        if not _take_turn():
            return 0
        facts = load_facts()
        count = 0
        for platform, infos in get_changes(facts, _get_told(), now=now).items():
            for info in infos:
                writer.write_blocking(Job(event=_make_event(platform, info, now=now)))
            _remember(platform, infos)
            count += len(infos)
    settled.version, settled.until = facts.version, get_next_moment(facts.network, now=now)
    return count


def get_changes(
    facts: Facts, told: Mapping[int, Mapping[Told, tuple[str, datetime]]], *, now: datetime
) -> dict[int, list[Info]]:
    """By platform, what it does not know yet. Pure. A platform that does not listen is told nothing (HCI-05)."""
    changes = {}
    for platform, offer in facts.network.platforms.items():
        if platform not in facts.peers or offer.get_endpoint(CLIENT_INFO, Interface.RECEIVER) is None:
            continue
        known = told.get(platform, {})
        shown = {info.key: info for info in _get_infos(facts.network, platform, now=now)}
        new = [info for info in shown.values() if known.get(info.key) != (info.status, info.last_updated)]
        new += _get_vanished(facts.network, known, shown, platform=platform, now=now)
        if new:
            changes[platform] = new
    return changes


def get_next_moment(network: Network, *, now: datetime) -> datetime | None:
    """When an agreement next begins or ends by itself: till then the facts' version shows every change."""
    edges = (
        edge
        for permits in network.permits.values()
        for permit in permits
        for edge in (permit.valid_from, permit.valid_until)
        if edge is not None and edge > now
    )
    return min(edges, default=None)


def _get_infos(network: Network, platform: int, *, now: datetime) -> list[Info]:
    return [
        Info(
            party=PartyId(info["country_code"], info["party_id"]),
            role=info["role"],
            status=info["status"],
            last_updated=parse_datetime(info["last_updated"]),
        )
        for info in client_infos(network, platform_id=platform, now=now)
    ]


def _get_vanished(
    network: Network,
    known: Mapping[Told, tuple[str, datetime]],
    shown: Mapping[Told, Info],
    *,
    platform: int,
    now: datetime,
) -> list[Info]:
    """Objects are never deleted (HCI-06): without agreement a party is PLANNED again (AMB-44), else SUSPENDED."""
    infos = []
    for key, (status, _) in known.items():
        if key in shown:
            continue
        party = PartyId.of_key(key[0])
        nodes = [node for node in network.get_nodes(party) if node.role == key[1] and node.platform != platform]
        is_alive = any(node.status is not ConnectionStatus.SUSPENDED for node in nodes)
        ending = ConnectionStatus.PLANNED if is_alive else ConnectionStatus.SUSPENDED
        if status != ending:
            party = nodes[0].party if nodes else party
            infos.append(Info(party=party, role=key[1], status=ending, last_updated=now))
    return infos


def _make_event(platform: int, info: Info, *, now: datetime) -> NewEvent:
    return NewEvent(
        module=CLIENT_INFO,
        method="PUT",
        path=f"{info.party.country_code}/{info.party.party_id}",  # the party described (HCI-07)
        body=info.body,
        object_key=f"{CLIENT_INFO}:{platform}:{info.party.key}:{info.role}",
        sender="",
        supersedes=True,
        at=now,
    )


def _take_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
        return bool(cursor.fetchone()[0])


def _get_told() -> dict[int, dict[Told, tuple[str, datetime]]]:
    told: dict[int, dict[Told, tuple[str, datetime]]] = {}
    for row in Announced.objects.order_by("id"):
        told.setdefault(row.platform_id, {})[row.party, row.role] = (row.status, row.changed_at)
    return told


def _remember(platform: int, infos: list[Info]) -> None:
    Announced.objects.bulk_create(
        [
            Announced(
                platform_id=platform,
                party=info.party.key,
                role=info.role,
                status=info.status,
                changed_at=info.last_updated,
            )
            for info in infos
        ],
        update_conflicts=True,
        unique_fields=["platform", "party", "role"],
        update_fields=["status", "changed_at"],
    )
