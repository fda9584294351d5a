"""One CPO, one eMSP, an agreement between them, and a moment. Tests change only what they are about."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from agreements.models import Agreement
from forwarding.drain import drain
from forwarding.events import Event
from forwarding.models import Lane
from journal.rows import Job, NewEvent
from journal.writer import Writer
from ocpi.calls import ConnectionStatus, Delivery, Interface, PartyId, Role
from parties.egress import Egress
from parties.limits import Limits
from parties.models import Endpoint, Party, Platform
from parties.secrets import make_token
from routing.network import Network, Node, Permit, PlatformFacts, build_nodes, pair_key
from tests.parties.http_peer import Handler, HttpPeer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
HUB = PartyId("NL", "HUB")
CPO, EMSP, OTHER_EMSP, OTHER_CPO = (
    PartyId("NL", "CPO"),
    PartyId("FR", "MSP"),
    PartyId("IT", "MSQ"),
    PartyId("DE", "CPB"),
)
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "hubclientinfo")
LOOPBACK = Egress(require_https=False, allow=(ip_network("127.0.0.0/8"),))


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **by: float) -> None:
        self.now += timedelta(**by)


# Pure: for the plan


def node(party: PartyId, role: Role, *, platform: int, status: ConnectionStatus = ConnectionStatus.CONNECTED) -> Node:
    return Node(party=party, role=role, platform=platform, status=status, changed_at=LONG_AGO)


def offer(platform: int, *modules: str) -> PlatformFacts:
    endpoints = {(module, Interface.RECEIVER): f"https://p{platform}.example/{module}" for module in modules or MODULES}
    return PlatformFacts(id=platform, name=f"p{platform}", endpoints=endpoints)


def permit(*modules: str, **changes: Any) -> Permit:
    return Permit(**{"modules": frozenset(modules or MODULES), "valid_from": LONG_AGO, **changes})


def network(**changes: Any) -> Network:
    """CPO on 1, eMSP on 2, a second eMSP on 3 without agreement."""
    given = {
        "hub": HUB,
        "nodes": build_nodes(
            [
                node(CPO, Role.CPO, platform=1),
                node(EMSP, Role.EMSP, platform=2),
                node(OTHER_EMSP, Role.EMSP, platform=3),
            ]
        ),
        "platforms": {number: offer(number) for number in (1, 2, 3)},
        "permits": {pair_key(CPO, EMSP): (permit(),)},
    }
    return Network(**{**given, **changes})


def event(id: int = 1, **changes: Any) -> Event:
    given = Event(
        id=id,
        at=NOW,
        module="locations",
        method="PUT",
        path="NL/CPO/LOC1",
        query="",
        body="{}",
        object_key="locations:nlcpo:loc1",
        sender=CPO.key,
        sender_role="CPO",
        origin=1,
        receiver="",
        supersedes=False,
        correlation_id="corr",
        version="2.2.1",
    )
    return replace(given, **changes)


# Real: for the drain


def make_platform(party: PartyId, role: Role, *, url: str = "http://127.0.0.1:9", **changes: Any) -> Platform:
    platform = Platform.objects.create(
        **{
            "name": f"{party} {role}",
            "state": Platform.State.REGISTERED,
            "token_out": make_token(),
            "versions_url": f"{url}/versions",
            "registered_at": LONG_AGO,
            "changed_at": LONG_AGO,
            **changes,
        }
    )
    add_party(platform, party, role)
    for module in MODULES:
        Endpoint.objects.create(
            platform=platform, module=module, interface=Interface.RECEIVER, url=f"{url}/receiver/{module}"
        )
    return platform


def add_party(platform: Platform, party: PartyId, role: Role) -> Party:
    return Party.objects.create(
        platform=platform,
        country_code=party.country_code,
        party_id=party.party_id,
        role=role,
        name=str(party),
        changed_at=LONG_AGO,
    )


def agree(one: PartyId, other: PartyId, *, delivery: Delivery = Delivery.RELAY, **changes: Any) -> Agreement:
    agreement = Agreement.objects.create(
        **{
            "provider_country": one.country_code,
            "provider_party": one.party_id,
            "consumer_country": other.country_code,
            "consumer_party": other.party_id,
            "modules": list(MODULES),
            "valid_from": LONG_AGO,
            "changed_at": LONG_AGO,
            "delivery": delivery,
            **changes,
        }
    )
    Agreement.objects.filter(pk=agreement.pk).update(created_at=LONG_AGO)
    return agreement


def tell(name: str = "LOC1", *, writer: Writer | None = None, **changes: Any) -> int:
    """Append an event, as the gateway does: a broadcast of a location unless `receiver` says otherwise."""
    given = {
        "module": "locations",
        "method": "PUT",
        "path": f"NL/CPO/{name}",
        "body": json.dumps({"id": name}),
        "object_key": f"locations:nlcpo:{name.lower()}",
        "sender": CPO.key,
        "sender_role": "CPO",
        "correlation_id": f"corr-{name}",
        "at": NOW,
    }
    own = writer or Writer()
    try:
        written = own.write_blocking(Job(event=NewEvent(**{**given, **changes})))
    finally:
        if writer is None:
            own.stop()
    assert written.event is not None
    return written.event


def tell_session(name: str, *, writer: Writer | None = None, **changes: Any) -> int:
    """A push to one party under store and forward."""
    given = {
        "module": "sessions",
        "path": f"NL/CPO/{name}",
        "object_key": f"sessions:nlcpo:{name.lower()}",
        "receiver": EMSP.key,
        "sender_role": "",
    }
    return tell(name, writer=writer, **{**given, **changes})


def run_drain(clock: Clock, *, seconds: float = 30.0, limit: int = 64) -> int:
    return asyncio.run(drain(clock=clock, seconds=seconds, limit=limit, egress=LOOPBACK, limits=Limits()))


def accept(handler: Handler) -> None:
    handler.answer(envelope())


def envelope(status_code: int = 1000, *, message: str | None = None) -> bytes:
    told: dict[str, Any] = {"status_code": status_code, "timestamp": "2026-11-22T12:00:00Z"}
    return json.dumps(told | ({"status_message": message} if message else {})).encode()


def get_paths(peer: HttpPeer) -> list[str]:
    return [f"{seen.method} {seen.path.removeprefix('/receiver')}" for seen in peer.seen]


def lane_of(platform: Platform, *, event_id: int) -> Lane:
    """The lane that carries this event."""
    from journal.models import Event as Row

    return Lane.objects.get(platform=platform, sublane=Row.objects.get(id=event_id).sublane)
