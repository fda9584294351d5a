"""HubClientInfo's RECEIVER: what a peer hub says of the parties behind it (HCI-16). Offered to peer hubs alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.auth import Caller
from gateway.hub import Hub
from journal.rows import Outcome
from ocpi.calls import ConnectionStatus, PartyId, Reply, Role
from ocpi.configuration.v2_2_1 import ClientInfo
from ocpi.errors import InvalidParameter, MethodNotAllowed, UnknownObject
from ocpi.wire import decode, encode
from parties import announced
from parties.party_behind import PartyBehind

METHODS = ("GET", "PUT")


async def handle(method: str, path: Sequence[str], body: bytes, *, caller: Caller, hub: Hub, now: datetime) -> Reply:
    """Stored, and in force here, when it is answered.

    Raises:
        UnknownObject: the caller is no hub: to it there is no such URL, as its version details say (404).
        MethodNotAllowed, InvalidParameter
    """
    if not hub.facts.get().network.is_hub(caller.platform) or len(path) != 2:
        raise UnknownObject("no such URL")
    if method not in METHODS:
        raise MethodNotAllowed(f"{method} is not offered here", allow=METHODS)
    party = PartyId(*path)
    if not party.is_well_formed:
        raise UnknownObject("the URL names no party")
    if method == "GET":
        row = await hub.in_thread(lambda: announced.get_announced(caller.platform, party))
        return Reply(data=encode(_describe(row)))
    info = decode(body, type=ClientInfo)
    if PartyId(info.country_code, info.party_id) != party:
        raise InvalidParameter("party_id: the body describes another party than the URL")  # TRANS-34
    outcome = await hub.in_thread(lambda: announced.accept(caller.platform, info, now=now))
    await hub.facts.catch_up(hub.reader)
    return Reply(
        http_status=201 if outcome is Outcome.CREATED else 200,  # TRANS-13
        status_message="the hub knows this, or something newer" if outcome is Outcome.KEPT else None,
    )


def _describe(row: PartyBehind) -> ClientInfo:
    return ClientInfo(
        party_id=row.party_id,
        country_code=row.country_code,
        role=Role(row.role),
        status=ConnectionStatus(row.status),
        last_updated=row.last_updated,
    )
