"""Wire types of the charging profiles module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from typing import Annotated

from ocpi.fields import OcpiObject, known
from ocpi.shared.v2_2_1 import URL, DateTime, Int, Number

ChargingRateUnit = Annotated[str, known("W", "A")]
ChargingProfileResponseType = Annotated[
    str, known("ACCEPTED", "NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION")
]
ChargingProfileResultType = Annotated[str, known("ACCEPTED", "REJECTED", "UNKNOWN")]


class ChargingProfilePeriod(OcpiObject, frozen=True, kw_only=True):
    start_period: Int
    limit: Number


class ChargingProfile(OcpiObject, frozen=True, kw_only=True):
    start_date_time: DateTime | None = None
    duration: Int | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Number | None = None
    charging_profile_period: list[ChargingProfilePeriod] | None = None


class ActiveChargingProfile(OcpiObject, frozen=True, kw_only=True):
    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfileResponse(OcpiObject, frozen=True, kw_only=True):
    """The receiver's answer at once; `timeout` is in seconds."""

    result: ChargingProfileResponseType
    timeout: Int


class ActiveChargingProfileResult(OcpiObject, frozen=True, kw_only=True):
    """`profile` only if ACCEPTED."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(OcpiObject, frozen=True, kw_only=True):
    result: ChargingProfileResultType


class ClearProfileResult(OcpiObject, frozen=True, kw_only=True):
    result: ChargingProfileResultType


class SetChargingProfile(OcpiObject, frozen=True, kw_only=True):
    charging_profile: ChargingProfile
    response_url: URL
