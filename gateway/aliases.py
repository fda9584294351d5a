"""Hub URLs in place of partners' (ROUTE-43, ROUTE-44): unguessable, bound to the platform that may use them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from gateway.hub import Hub
from gateway.relay import Hop
from journal.rows import NewAlias
from ocpi.calls import Call, PartyId
from ocpi.errors import HubError, UnknownObject
from ocpi.links import find_next, is_same_origin
from parties.egress import is_plain

LINK_LIFE = timedelta(hours=24)
LOCATION_LIFE = timedelta(days=3650)

_FIND = (
    "SELECT kind, party, target, target_party, module, interface, url FROM journal_alias"
    ' WHERE token = %s AND "user" = %s AND expires_at > %s'
)


def get_alias_url(alias: NewAlias) -> str:
    return f"{settings.HUB_PUBLIC_URL}/ocpi/2.2.1/alias/{alias.token}"


def make_link(hop: Hop, call: Call, *, user: int, endpoint: str, now: datetime) -> NewAlias | None:
    """For the next page of a relayed list; None on the last.

    Raises:
        HubError: it leads to another host, which must not see the hub's token (decision 7), or is no URL.
    """
    url = find_next(hop.link, base=hop.url)
    if url is None:
        return None
    if not is_plain(url):
        raise HubError(f"{hop.receiver} names a next page with bytes that no URL has")
    if not is_same_origin(url, endpoint):
        raise HubError(f"{hop.receiver} names a next page on another host than its endpoint")
    assert call.sender is not None
    return NewAlias(
        token=secrets.token_urlsafe(24),
        kind="link",
        user=user,
        party=call.sender.key,
        target=hop.platform,
        target_party=hop.receiver.key,
        module=call.module,
        interface=call.interface,
        url=url,
        created_at=now,
        expires_at=now + LINK_LIFE,
    )


def make_location(call: Call, *, user: int, owner: PartyId, object_key: str, now: datetime) -> NewAlias:
    """For a CDR that was posted. The same CDR of the same poster has the same URL for ever (CDR-05)."""
    text = f"location:{user}:{call.module}:{owner.key}:{object_key}"
    token = hmac.new(settings.TOKEN_DIGEST_KEY, text.encode(), hashlib.sha256).hexdigest()[:40]
    return NewAlias(
        token=token,
        kind="location",
        user=user,
        party=owner.key,
        target=None,
        target_party="",
        module=call.module,
        interface=call.interface,
        url=object_key,
        created_at=now,
        expires_at=now + LOCATION_LIFE,
    )


@dataclass(frozen=True, slots=True)
class Alias:
    """What is needed of a stored alias."""

    kind: str
    party: str
    target: int | None
    target_party: str
    module: str
    interface: str
    url: str


async def find(token: str, hub: Hub, *, user: int, now: datetime) -> Alias:
    """
    Raises:
        UnknownObject: no such URL, not for this platform, or expired.
    """
    rows = await hub.reader.fetch(_FIND, (token, user, now)) if len(token) <= 43 else []
    if not rows:
        raise UnknownObject("no such URL, or it has expired")
    return Alias(*rows[0])
