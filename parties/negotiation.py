"""What a peer offers, asked over HTTP: its versions, the details of one, its answer to our credentials. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from django.conf import settings

from ocpi import envelope, wire
from ocpi.calls import Interface, Version
from ocpi.configuration import v2_2_1
from ocpi.errors import NoMatchingEndpoints, OcpiError, UnableToUseClientApi, UnsupportedVersion
from parties.client import Answer, Peer, PeerError, PeerTimeout, SyncClient, causes
from parties.egress import Egress, EgressRefused, check_url

FUNCTIONAL_MODULES = frozenset(
    {"locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles"}
)  # ROUTE-01
_HIGHEST_FIRST = tuple(reversed(Version))
T = TypeVar("T")


class OutcomeUnknown(UnableToUseClientApi):
    """Sent, but no answer came, or none that says it: the peer may or may not have taken it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one version of a peer's API holds."""

    version: Version
    credentials_url: str
    endpoints: Mapping[tuple[str, Interface], str]


def get_hub_credentials(token: str) -> dict[str, object]:
    """The hub's Credentials object: role HUB only, never the parties behind it (CRED-16, CRED-17)."""
    return {
        "token": token,
        "url": get_versions_url(),
        "roles": [
            {
                "role": "HUB",
                "party_id": settings.HUB_PARTY.party_id,
                "country_code": settings.HUB_PARTY.country_code,
                "business_details": {"name": settings.HUB_NAME},
            }
        ],
    }


def get_versions_url() -> str:
    """What staff hands over together with Token A."""
    return f"{settings.HUB_PUBLIC_URL}/ocpi/versions"


def fetch_offer(client: SyncClient, peer: Peer, *, versions_url: str, version: Version | None = None) -> Offer:
    """GET versions, then the details of `version`, or of the highest both speak (VERS-09).

    Raises:
        UnableToUseClientApi: unreachable, refused, or not what it should be (3001).
        UnsupportedVersion: the version is not among the peer's (3002).
        NoMatchingEndpoints: no credentials endpoint, or no functional module (3003).
    """
    listed = _get(client, peer, url=versions_url, type=list[v2_2_1.Version], what="versions")
    chosen = _choose([entry.version for entry in listed], wanted=version)
    details_url = next(entry.url for entry in listed if entry.version == chosen)
    details = _get(client, peer, url=details_url, type=v2_2_1.VersionDetails, what="version details")
    if details.version != chosen:
        raise UnsupportedVersion(f"the version details are of {details.version}, not of {chosen}")
    return _read_details(details, version=chosen)


def exchange_credentials(client: SyncClient, peer: Peer, *, method: str, url: str, token: str) -> v2_2_1.Credentials:
    """POST or PUT the hub's credentials; the peer's come back (CRED-11, CRED-26).

    Raises:
        OutcomeUnknown: it was sent, and no answer says whether it was taken over.
        UnableToUseClientApi: it was not.
    """
    body = msgspec.json.encode(get_hub_credentials(token))
    what = f"{method} credentials"
    try:
        answer = client.request(peer, method=method, url=url, body=body)
    except PeerError as error:
        kind = UnableToUseClientApi if error.before_send else OutcomeUnknown
        raise kind(_explain(error, what=f"{what} at {url}")) from error
    try:
        return _read(answer, type=v2_2_1.Credentials, what=what)
    except UnableToUseClientApi as error:
        if _is_refusal(answer):
            raise
        raise OutcomeUnknown(error.message) from error


def _is_refusal(answer: Answer) -> bool:
    """It was not taken over. That a proxy's 502 does not say, nor a success without sound data; nor the answer to a
    repeat, as the first request may have made the very token void with which the second was sent."""
    told = envelope.read(answer.body)
    is_refused = 300 <= answer.http_status < 500 or (told is not None and told.status_code >= 2000)
    return is_refused and not answer.repeated


def _choose(listed: list[str], *, wanted: Version | None) -> Version:
    for version in (wanted,) if wanted is not None else _HIGHEST_FIRST:
        if version in listed:
            return version
    wish = wanted or " or ".join(Version)
    raise UnsupportedVersion(f"the versions endpoint lists {', '.join(listed) or 'nothing'}, not {wish}")


def _read_details(details: v2_2_1.VersionDetails, *, version: Version) -> Offer:
    endpoints: dict[tuple[str, Interface], str] = {}
    credentials_url = ""
    egress = Egress.of_settings()
    for endpoint in details.endpoints:
        if endpoint.role not in set(Interface) or len(endpoint.identifier) > 64:
            continue  # VERS-08: what we do not know is ignored
        try:
            check_url(endpoint.url, egress=egress)
        except EgressRefused as error:
            raise UnableToUseClientApi(f"endpoint {endpoint.identifier}: {error}") from error
        endpoints.setdefault((endpoint.identifier, Interface(endpoint.role)), endpoint.url)
        if endpoint.identifier == "credentials":
            credentials_url = endpoint.url  # its role means nothing (VERS-05)
    if not credentials_url:
        raise NoMatchingEndpoints("the version details have no credentials endpoint")
    if not any(module in FUNCTIONAL_MODULES for module, _ in endpoints):
        raise NoMatchingEndpoints("the version details have no functional module")  # CRED-08
    return Offer(version=version, credentials_url=credentials_url, endpoints=endpoints)


def _get(client: SyncClient, peer: Peer, *, url: str, type: type[T], what: str) -> T:
    try:
        answer = client.get(peer, url)
    except PeerError as error:
        raise UnableToUseClientApi(_explain(error, what=f"{what} at {url}")) from error
    return _read(answer, type=type, what=f"{what} at {url}")


def _explain(error: PeerError, *, what: str) -> str:
    """For people on both sides: what was asked, what happened, what to do."""
    advice = causes.NO_ANSWER if isinstance(error, PeerTimeout) else causes.advise(error)
    return f"{what}: {error}. {advice}"


def _read(answer: Answer, *, type: type[T], what: str) -> T:
    """Both layers must say success (AMB-03), and the data must be what the specification says."""
    found = envelope.read(answer.body)
    if not 200 <= answer.http_status < 300 or found is None or not 1000 <= found.status_code < 2000:
        told = f", {found.status_code} {found.status_message or ''}".rstrip() if found else ", no OCPI envelope"
        raise UnableToUseClientApi(f"{what}: answered HTTP {answer.http_status}{told}")
    data = envelope.get_data(found)
    if data is None:
        raise UnableToUseClientApi(f"{what}: the answer has no data")
    try:
        return wire.decode(data, type=type)
    except OcpiError as error:
        raise UnableToUseClientApi(f"{what}: {error.message}") from error
