"""Versions, credentials, hub client info: between the hub and one platform, without routing headers (ROUTE-01)."""

from __future__ import annotations

import operator
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings

from agreements.announce import client_infos
from gateway.auth import Caller
from gateway.hub import Hub, get_endpoint_url
from ocpi.calls import Interface, Reply, Version
from ocpi.configuration.v2_2_1 import Credentials
from ocpi.errors import MethodNotAllowed, NotAuthorized, UnknownObject, UnsupportedVersion
from ocpi.pages import read_page_query, write_page_headers
from ocpi.times import parse_datetime
from ocpi.wire import decode
from parties import handshake
from parties.models import Platform
from parties.quirks import Quirk
from parties.registry import get_modules
from parties.secrets import token_digest

VERSIONS_URL = "/ocpi/versions"
CREDENTIALS_METHODS = ("DELETE", "GET", "POST", "PUT")


def get_versions() -> Reply:
    """VERS-02."""
    url = f"{settings.HUB_PUBLIC_URL}/ocpi/{Version.V2_2_1}"
    return _answer([{"version": Version.V2_2_1, "url": url}])


def get_version_details(*, caller: Caller, hub: Hub) -> Reply:
    """Both interfaces of every functional module, credentials once, hub client info as its owner (VERS-04, VERS-05).

    A peer hub, and nobody else, is to tell of the parties behind it (HCI-16).
    """
    endpoints = [
        {"identifier": "credentials", "role": "SENDER", "url": f"{settings.HUB_PUBLIC_URL}/ocpi/2.2.1/credentials"},
        {"identifier": "hubclientinfo", "role": "SENDER", "url": get_endpoint_url("hubclientinfo", "SENDER")},
    ]
    endpoints += [
        {"identifier": module, "role": interface, "url": get_endpoint_url(module, interface)}
        for module in get_modules()
        for interface in Interface
    ]
    if hub.facts.get().network.is_hub(caller.platform):
        url = get_endpoint_url("hubclientinfo", "RECEIVER")
        endpoints.append({"identifier": "hubclientinfo", "role": "RECEIVER", "url": url})
    return _answer({"version": Version.V2_2_1, "endpoints": endpoints})


async def handle_credentials(method: str, body: bytes, *, caller: Caller, hub: Hub, now: datetime) -> Reply:
    """GET, POST, PUT and DELETE (CRED-01). `parties.handshake` does the work and calls the peer back, in a thread."""
    if method not in CREDENTIALS_METHODS:
        raise MethodNotAllowed(f"{method} is not offered here", allow=CREDENTIALS_METHODS)
    if method == "GET":
        return _answer(handshake.get_hub_credentials(caller.token))
    if method == "POST" and caller.is_registered:
        raise MethodNotAllowed("this platform is registered already: use PUT", allow=("DELETE", "GET", "PUT"))
    if method != "POST" and not caller.is_registered:
        raise MethodNotAllowed("this platform is not registered: use POST", allow=("GET", "POST"))
    if method == "DELETE":
        await hub.in_thread(lambda: handshake.accept_revocation(_get_platform(caller), now=now))
        await hub.facts.catch_up(hub.reader)
        return Reply()
    credentials = decode(body, type=Credentials)
    with hub.admission.handshake(caller.platform):
        token = await hub.in_thread(lambda: _accept(method, credentials, caller, now))
    await hub.facts.catch_up(hub.reader)
    return _answer(handshake.get_hub_credentials(token))


def _accept(method: str, credentials: Credentials, caller: Caller, now: datetime) -> str:
    platform = _get_platform(caller)
    if method == "POST":
        return handshake.accept_registration(platform, credentials, now=now)[1]
    digest = token_digest(caller.token)
    return handshake.accept_update(platform, credentials, now=now, caller_digest=digest)[1]


def _get_platform(caller: Caller) -> Platform:
    return Platform.objects.get(pk=caller.platform)


def get_client_infos(method: str, query: str, *, caller: Caller, hub: Hub, now: datetime) -> Reply:
    """HCI-01: what this platform may know of the others, paginated like every list."""
    if method != "GET":
        raise MethodNotAllowed(f"{method} is not offered here", allow=("GET",))
    page = read_page_query(query, cap=settings.HUB_PAGE_LIMIT)
    peer = hub.facts.get().peers.get(caller.platform)
    is_before = operator.le if peer and Quirk.DATE_TO_INCLUSIVE in peer.quirks else operator.lt
    infos = [
        info
        for info in client_infos(hub.facts.get().network, platform_id=caller.platform, now=now)
        if (page.date_from is None or parse_datetime(info["last_updated"]) >= page.date_from)
        and (page.date_to is None or is_before(parse_datetime(info["last_updated"]), page.date_to))
    ]
    start = page.offset if page.after is None else page.after
    end = start + page.limit
    headers = write_page_headers(
        page,
        url=get_endpoint_url("hubclientinfo", "SENDER"),
        total=len(infos),
        has_more=end < len(infos),
        last_id=end,
    )
    return _answer(infos[start:end], headers=headers)


def demand_registered(caller: Caller) -> None:
    """Token A opens versions and credentials and nothing else (TRANS-06)."""
    if not caller.is_registered:
        raise NotAuthorized("this token is for registration only")


def demand_get(method: str) -> None:
    if method != "GET":
        raise MethodNotAllowed(f"{method} is not offered here", allow=("GET",))


def demand_version(version: str) -> None:
    if version != Version.V2_2_1:
        raise UnknownObject(f"the hub does not speak OCPI {version[:10]!r}")  # VERS-11


def demand_credentials_version(version: str) -> None:
    """Whoever offers credentials for a version wants to speak it: 3002 says what is wrong (AMB-34)."""
    if version != Version.V2_2_1:
        raise UnsupportedVersion(f"the hub does not speak OCPI {version[:10]!r}")


def _answer(data: Any, *, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(data=msgspec.json.encode(data), headers=headers)
