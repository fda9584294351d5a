"""Wire types of the sessions module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from typing import Annotated

from ocpi.fields import OcpiObject, known
from ocpi.partial import patch_type
from ocpi.shared.v2_2_1 import (
    AuthMethod,
    CdrToken,
    ChargingPeriod,
    CiString36,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    Number,
    PartyCode,
    Price,
    ProfileType,
    String255,
)

# Some send RESERVED, as the specification's text says once: accepted like any unknown value, reported (SESS-09).
SessionStatus = Annotated[str, known("ACTIVE", "COMPLETED", "INVALID", "PENDING", "RESERVATION")]
ChargingPreferencesResponse = Annotated[
    str,
    known("ACCEPTED", "DEPARTURE_REQUIRED", "ENERGY_NEED_REQUIRED", "NOT_POSSIBLE", "PROFILE_TYPE_NOT_SUPPORTED"),
]

APPENDED = frozenset({"charging_periods"})  # a PATCH adds to them (SESS-05)


class Session(OcpiObject, frozen=True, kw_only=True):
    """`evse_uid` and `connector_id` may be #NA (TRANS-46); no `total_cost` says nothing of the price (SESS-15)."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36
    meter_id: String255 | None = None
    currency: Currency
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime


class ChargingPreferences(OcpiObject, frozen=True, kw_only=True):
    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: bool | None = None


SessionPatch = patch_type(Session)
