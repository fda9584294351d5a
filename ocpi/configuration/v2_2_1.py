"""Wire types of the configuration modules of OCPI 2.2.1: versions, credentials, hub client info. No behaviour."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ocpi.fields import OcpiObject, known
from ocpi.shared.v2_2_1 import (
    URL,
    BusinessDetails,
    ConnectionStatus,
    CountryCode,
    DateTime,
    PartyCode,
    Role,
)

# Open: peers announce newer versions and modules, and roles the hub does not know are simply not used (AMB-14).
VersionNumber = Annotated[str, known("2.0", "2.1", "2.1.1", "2.2", "2.2.1")]
EndpointRole = Annotated[str, known("SENDER", "RECEIVER")]
ModuleID = Annotated[
    str,
    known(
        *("cdrs", "chargingprofiles", "commands", "credentials", "hubclientinfo", "locations", "sessions"),
        *("tariffs", "tokens"),
    ),
]
CredentialsToken = Annotated[str, Meta(min_length=1, max_length=64)]  # blanks, beyond ASCII: not refused (CRED-18)


class Version(OcpiObject, frozen=True, kw_only=True):
    version: VersionNumber
    url: URL


class Endpoint(OcpiObject, frozen=True, kw_only=True):
    identifier: ModuleID
    role: EndpointRole
    url: URL


class VersionDetails(OcpiObject, frozen=True, kw_only=True):
    version: VersionNumber
    endpoints: Annotated[list[Endpoint], Meta(min_length=1)]


class CredentialsRole(OcpiObject, frozen=True, kw_only=True):
    role: Role
    business_details: BusinessDetails
    party_id: PartyCode
    country_code: CountryCode


class Credentials(OcpiObject, frozen=True, kw_only=True):
    token: CredentialsToken
    url: URL
    roles: Annotated[list[CredentialsRole], Meta(min_length=1)]


class ClientInfo(OcpiObject, frozen=True, kw_only=True):
    party_id: PartyCode
    country_code: CountryCode
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
