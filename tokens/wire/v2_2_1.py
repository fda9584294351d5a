"""Wire types of the tokens module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from typing import Annotated

from ocpi.fields import OcpiObject, known
from ocpi.partial import patch_type
from ocpi.shared.v2_2_1 import (
    CiString36,
    CountryCode,
    DateTime,
    DisplayText,
    Id36,
    PartyCode,
    ProfileType,
    String2,
    String64,
    TokenType,
    WhitelistType,
)

AllowedType = Annotated[str, known("ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED")]


class EnergyContract(OcpiObject, frozen=True, kw_only=True):
    supplier_name: String64
    contract_id: String64 | None = None


class Token(OcpiObject, frozen=True, kw_only=True):
    country_code: CountryCode
    party_id: PartyCode
    uid: Id36
    type: TokenType
    contract_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    group_id: CiString36 | None = None
    valid: bool
    whitelist: WhitelistType
    language: String2 | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class LocationReferences(OcpiObject, frozen=True, kw_only=True):
    location_id: CiString36
    evse_uids: list[CiString36] | None = None


class AuthorizationInfo(OcpiObject, frozen=True, kw_only=True):
    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None


TokenPatch = patch_type(Token)
