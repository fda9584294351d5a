"""Wire types of the cdrs module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta

from ocpi.fields import FieldError, OcpiObject
from ocpi.shared.v2_2_1 import (
    AuthMethod,
    CdrToken,
    ChargingPeriod,
    CiString32,
    CiString36,
    CiString39,
    CiString48,
    ConnectorFormat,
    ConnectorType,
    Country,
    CountryCode,
    Currency,
    DateTime,
    GeoLocation,
    Id39,
    Int,
    Number,
    PartyCode,
    PowerType,
    Price,
    String10,
    String45,
    String255,
    String512,
    String5000,
)
from ocpi.times import SENTINEL
from tariffs.wire.v2_2_1 import Tariff

_SESSION_ONLY = frozenset({"CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"})


class CdrLocation(OcpiObject, frozen=True, kw_only=True):
    """A snapshot. #NA and arbitrary connector values in CDRs of reservations only (CDR-16)."""

    id: CiString36
    name: String255 | None = None
    address: String255  # the table still says 45, and 20 for state, while Location has grown (CDR-17)
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: Country
    coordinates: GeoLocation
    evse_uid: CiString36 | None = None  # required; two public libraries leave it out: taken, and flagged
    evse_id: CiString48
    connector_id: CiString36
    connector_standard: ConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class SignedValue(OcpiObject, frozen=True, kw_only=True):
    nature: CiString32
    plain_data: String5000
    signed_data: String5000


class SignedData(OcpiObject, frozen=True, kw_only=True):
    encoding_method: CiString36
    encoding_method_version: Int | None = None
    public_key: String512 | None = None
    signed_values: Annotated[list[SignedValue], Meta(min_length=1)]
    url: String512 | None = None


class CDR(OcpiObject, frozen=True, kw_only=True):
    TIMES_MAY_BE_UNKNOWN: ClassVar[bool] = True  # 1970-1-1T00:00:00Z (CDR-16, AMB-56)

    country_code: CountryCode
    party_id: PartyCode
    id: Id39
    start_date_time: DateTime
    end_date_time: DateTime
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: String255 | None = None
    currency: Currency
    tariffs: list[Tariff] | None = None
    charging_periods: Annotated[list[ChargingPeriod], Meta(min_length=1)]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: CiString39 | None = None
    credit: bool | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: bool | None = None
    last_updated: DateTime

    def __post_init__(self) -> None:
        if self.credit and not self.credit_reference_id:  # CDR-06
            raise FieldError("credit_reference_id", "is required where credit is true")
        if not self.credit and len(self.id) > 36:  # CDR-08: the three more are for credits
            raise FieldError("id", "is longer than 36 characters, which only credits may be")


def flags(cdr: CDR) -> list[str]:
    """What is told to people but refuses nothing: path and reason."""
    return list(_flags(cdr))


def _flags(cdr: CDR) -> Iterator[str]:
    for number, period in enumerate(cdr.charging_periods):
        for index, dimension in enumerate(period.dimensions):
            if dimension.type in _SESSION_ONLY:  # CDR-12
                yield f"charging_periods[{number}].dimensions[{index}].type: {dimension.type} is for sessions only"
    if cdr.total_cost.excl_vat < 0 and not cdr.credit:  # CDR-07
        yield "total_cost: is negative though the CDR is no credit"
    for field in ("start_date_time", "end_date_time"):
        if getattr(cdr, field) == SENTINEL:  # CDR-16
            yield f"{field}: is unknown"
    if cdr.cdr_location.evse_uid is None:
        yield "cdr_location.evse_uid: is missing; evse_id is there"
    if len(cdr.cdr_location.address) > 45:  # CDR-17
        yield "cdr_location.address: is longer than 45 characters"
    if len(cdr.cdr_location.state or "") > 20:
        yield "cdr_location.state: is longer than 20 characters"
