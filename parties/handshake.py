"""Credentials in both directions (CRED-01 to CRED-26): register, update, revoke, rotate. Blocking: call it in a thread.

Tokens by the specification's letters: A is handed over by people and good for one registration, B is made by the one
who starts, C by the one who answers. Every flow asks the peer first and stores afterwards in one transaction: no HTTP
inside a transaction, and whatever fails leaves everything as it was.

What becomes of the tokens of before is in `token_slots.py`.

A handshake that the hub starts is alone with its platform: of two at once each side would keep the tokens of another.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import Error, connection

from ocpi.calls import Version
from ocpi.configuration.v2_2_1 import Credentials
from ocpi.errors import MethodNotAllowed, NotAuthorized, OcpiError, ServerError, UnableToUseClientApi
from parties import token_slots
from parties.claims import check_roles, claiming, store_offer
from parties.client import Peer, PeerError, SyncClient
from parties.egress import Egress, EgressRefused, check_url
from parties.models import Platform
from parties.negotiation import (
    Offer,
    OutcomeUnknown,
    exchange_credentials,
    fetch_offer,
    get_hub_credentials,
    get_versions_url,
)
from parties.secrets import make_token, token_digest

__all__ = [
    "accept_registration",
    "accept_revocation",
    "accept_update",
    "disconnect",
    "get_hub_credentials",
    "get_versions_url",
    "register_at",
    "rotate",
]

OPEN_OFFER = timedelta(hours=1)
UNKNOWN_OUTCOME = timedelta(days=1)

HANDSHAKE = 0x0C71A4D5  # with a platform's id the number under which its handshakes keep each other out

log = logging.getLogger(__name__)


# The peer starts


def accept_registration(
    platform: Platform, credentials: Credentials, *, version: Version = Version.V2_2_1, now: datetime
) -> tuple[Platform, str]:
    """POST with Token A. Returns the platform and Token C, which is shown this once.

    Of several parallel POSTs with one Token A one succeeds (CRED-25). A registered platform that was given a fresh
    Token A is registered anew (CRED-06); its caller must have come with that Token A, not with its credentials.

    Raises:
        MethodNotAllowed, NotAuthorized, InvalidParameter (2001), UnableToUseClientApi (3001),
        UnsupportedVersion (3002), NoMatchingEndpoints (3003): nothing was stored, Token A stays good.
    """
    token_a_digest = platform.token_a_digest
    if not token_a_digest:
        raise MethodNotAllowed("registered already: use PUT", allow=("GET", "PUT", "DELETE"))  # CRED-05
    check_roles(platform, credentials.roles)
    with _begin(platform, by_hub=False):
        offer = _call_back(platform, credentials, version=version)
        token_c = make_token()
        with claiming():
            taken = Platform.objects.filter(pk=platform.pk, token_a_digest=token_a_digest).update(
                token_in_digest=token_digest(token_c), **token_slots.NO_OTHERS
            )
            if not taken:
                raise NotAuthorized("this token has been used already")
            _store_registration(platform, credentials, offer, versions_url=credentials.url, now=now)
    return platform, token_c


def accept_update(
    platform: Platform,
    credentials: Credentials,
    *,
    version: Version = Version.V2_2_1,
    now: datetime,
    caller_digest: str = "",
) -> tuple[Platform, str]:
    """PUT. Returns the platform and its new token; the one before stays good until the new one is used, at most
    `token_slots.GRACE` (CRED-12, CRED-14).

    `caller_digest` is the digest of the token the caller came with: it is the one to keep, also where an answer was
    lost and that is not the newest.

    Raises:
        MethodNotAllowed: not registered (CRED-13).
        InvalidParameter, UnableToUseClientApi, UnsupportedVersion, NoMatchingEndpoints: everything stays as it was.
    """
    _demand_registered(platform)
    check_roles(platform, credentials.roles)
    with _begin(platform, by_hub=False):
        offer = _call_back(platform, credentials, version=version)
        token = make_token()
        with claiming():
            taken = Platform.objects.filter(
                pk=platform.pk, state=Platform.State.REGISTERED, token_in_digest=platform.token_in_digest
            ).update(
                token_in_digest=token_digest(token),
                token_in_previous_digest=caller_digest or platform.token_in_digest,
                token_in_previous_until=now + token_slots.GRACE,
                token_in_earlier_digest="",
                token_in_earlier_until=None,
            )
            if not taken:
                raise ServerError("the credentials have changed meanwhile: try again")
            _store_connection(platform, credentials, offer, versions_url=credentials.url, now=now)
    return platform, token


def accept_revocation(platform: Platform, *, now: datetime) -> None:
    """DELETE: both tokens are void, its parties SUSPENDED (CRED-15, HCI-06).

    Raises:
        MethodNotAllowed: not registered (CRED-13).
    """
    _demand_registered(platform)
    platform.suspend(now=now)


# The hub starts


def register_at(platform: Platform, *, versions_url: str, token_a: str, now: datetime) -> Platform:
    """Register the hub at a platform that gave us its Token A (CRED-10, CRED-11).

    Raises:
        UnableToUseClientApi, UnsupportedVersion, NoMatchingEndpoints, InvalidParameter: the platform is as before.
    """
    peer = _make_peer(platform, token_a)
    with _begin(platform, by_hub=True), SyncClient() as client:
        offer = fetch_offer(client, peer, versions_url=versions_url)
        token_b = make_token()
        token_slots.offer(platform, token_b, until=now + OPEN_OFFER)  # CRED-10: good before the POST
        try:
            credentials = exchange_credentials(client, peer, method="POST", url=offer.credentials_url, token=token_b)
            _check_answer(client, platform, credentials, offer=offer)
            with claiming():
                token_slots.take_offered(platform, token_b, until=now + token_slots.GRACE)
                usable = _choose_url(credentials.url, otherwise=versions_url)
                _store_registration(platform, credentials, offer, versions_url=usable, now=now)
        except OcpiError:
            token_slots.withdraw(platform, token_b)
            raise
    return platform


def rotate(platform: Platform, *, now: datetime, compromised: bool = False) -> Platform:
    """New tokens for both sides by a PUT of the hub, endpoints read afresh (CRED-23, CRED-26).

    `compromised`: the token before gets no grace once the answer is there.

    Raises:
        OutcomeUnknown: no answer that says it; the platform may use either token for a day.
        UnableToUseClientApi, UnsupportedVersion, NoMatchingEndpoints: both old tokens stay in force.
    """
    with _begin(platform, by_hub=True), SyncClient() as client:
        platform.refresh_from_db()  # the one before may have changed what it is called with
        if platform.state != Platform.State.REGISTERED:
            raise UnableToUseClientApi(f"{platform} is not registered")
        peer = _make_peer(platform, platform.token_out)
        offer = fetch_offer(client, peer, versions_url=platform.versions_url)
        token = make_token()
        token_slots.offer(platform, token, until=now + UNKNOWN_OUTCOME)
        try:
            credentials = exchange_credentials(client, peer, method="PUT", url=offer.credentials_url, token=token)
        except OutcomeUnknown:
            raise  # the platform may use it
        except OcpiError:
            token_slots.withdraw(platform, token)
            raise
        with claiming():
            token_slots.take_offered(platform, token, until=None if compromised else now + token_slots.GRACE)
            usable = _choose_url(credentials.url, otherwise=platform.versions_url)
            _store_connection(platform, credentials, offer, versions_url=usable, now=now, lenient=True)
    return platform


def disconnect(platform: Platform, *, now: datetime) -> bool:
    """Unregister at the platform, then suspend it whatever it answered (CRED-15). True: it was told."""
    endpoint = platform.endpoints.filter(module="credentials").order_by("id").first()
    was_told = False
    if endpoint is not None and platform.token_out:
        try:
            with SyncClient() as client:
                answer = client.request(_make_peer(platform, platform.token_out), method="DELETE", url=endpoint.url)
            was_told = 200 <= answer.http_status < 300
        except PeerError as error:
            log.warning("%s was not told that it is disconnected: %s", platform, error)
    platform.suspend(now=now)
    return was_told


# Steps


@contextmanager
def _begin(platform: Platform, *, by_hub: bool) -> Iterator[None]:
    """One of the hub's own keeps all others out; those that the platform starts sort themselves out (CRED-25). It ends
    with this process's connection at the latest.

    Raises:
        ServerError: another one is under way.
    """
    mode = "" if by_hub else "_shared"
    key = [HANDSHAKE, platform.pk]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{mode}(%s, %s)", key)
        if not cursor.fetchone()[0]:
            raise ServerError("another handshake with this platform is under way: try again in a moment")
    try:
        yield
    finally:
        # A connection that broke meanwhile has let go by itself, and what came of the handshake stands.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock{mode}(%s, %s)", key)


def _call_back(platform: Platform, credentials: Credentials, *, version: Version) -> Offer:
    """CRED-03: with the token the peer just gave us, before we answer."""
    with SyncClient() as client:
        return fetch_offer(
            client, _make_peer(platform, credentials.token), versions_url=credentials.url, version=version
        )


def _make_peer(platform: Platform, token: str) -> Peer:
    return Peer(id=platform.id, token=token, raw_token=platform.sends_raw_token)


def _demand_registered(platform: Platform) -> None:
    if platform.state != Platform.State.REGISTERED:
        raise MethodNotAllowed("not registered: use POST", allow=("GET", "POST"))


def _check_answer(client: SyncClient, platform: Platform, credentials: Credentials, *, offer: Offer) -> None:
    """The peer believes it is registered already: if we cannot take its roles, it is told so."""
    try:
        check_roles(platform, credentials.roles)
    except OcpiError:
        try:
            client.request(_make_peer(platform, credentials.token), method="DELETE", url=offer.credentials_url)
        except PeerError as error:
            log.warning("%s was not told that its registration is declined: %s", platform, error)
        raise


def _choose_url(url: str, *, otherwise: str) -> str:
    try:
        check_url(url, egress=Egress.of_settings())
    except EgressRefused:
        return otherwise
    return url


def _store_registration(
    platform: Platform, credentials: Credentials, offer: Offer, *, versions_url: str, now: datetime
) -> None:
    Platform.objects.filter(pk=platform.pk).update(
        token_a_digest="", state=Platform.State.REGISTERED, registered_at=now
    )
    _store_connection(platform, credentials, offer, versions_url=versions_url, now=now)


def _store_connection(
    platform: Platform,
    credentials: Credentials,
    offer: Offer,
    *,
    versions_url: str,
    now: datetime,
    lenient: bool = False,
) -> None:
    """Everything that was learnt. `lenient`: roles we cannot take leave the known ones (the tokens have changed)."""
    if not all("!" <= character <= "~" for character in credentials.token):
        log.warning("%s hands out a token with blanks or characters beyond ASCII (CRED-18)", platform)
    previous_status = platform.status
    Platform.objects.filter(pk=platform.pk).update(
        token_out=credentials.token, versions_url=versions_url, version=offer.version, is_online=True
    )
    platform.refresh_from_db()
    if platform.status is not previous_status:
        platform.changed_at = now
        platform.save(update_fields=["changed_at"])
    roles = credentials.roles
    if lenient:
        try:
            check_roles(platform, roles)
        except OcpiError as error:
            log.warning("%s announced roles that were not taken over: %s", platform, error.message)
            store_offer(platform, offer, roles=None, now=now)
            return
    store_offer(platform, offer, roles=roles, now=now)
