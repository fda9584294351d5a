"""Wire types of the locations module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from msgspec import Meta

from ocpi.fields import FieldError, OcpiObject, known
from ocpi.partial import patch_type
from ocpi.patch import Keyed
from ocpi.shared.v2_2_1 import (
    NOT_AVAILABLE,
    URL,
    BusinessDetails,
    CiString36,
    CiString48,
    ConnectorFormat,
    ConnectorType,
    Country,
    CountryCode,
    DateTime,
    DescribedTokenType,
    DisplayText,
    EnergyMix,
    GeoLocation,
    Id36,
    Image,
    Int,
    Latitude,
    Longitude,
    PartyCode,
    PowerType,
    String4,
    String10,
    String16,
    String45,
    String64,
    String255,
    TimeOfDay,
)

Capability = Annotated[
    str,
    known(
        *("CHARGING_PROFILE_CAPABLE", "CHARGING_PREFERENCES_CAPABLE", "CHIP_CARD_SUPPORT", "CONTACTLESS_CARD_SUPPORT"),
        *("CREDIT_CARD_PAYABLE", "DEBIT_CARD_PAYABLE", "PED_TERMINAL", "REMOTE_START_STOP_CAPABLE", "RESERVABLE"),
        *("RFID_READER", "START_SESSION_CONNECTOR_REQUIRED", "TOKEN_GROUP_CAPABLE", "UNLOCK_CAPABLE"),
    ),
]
Facility = Annotated[
    str,
    known(
        *("HOTEL", "RESTAURANT", "CAFE", "MALL", "SUPERMARKET", "SPORT", "RECREATION_AREA", "NATURE", "MUSEUM"),
        *("BIKE_SHARING", "BUS_STOP", "TAXI_STAND", "TRAM_STOP", "METRO_STATION", "TRAIN_STATION", "AIRPORT"),
        *("PARKING_LOT", "CARPOOL_PARKING", "FUEL_STATION", "WIFI"),
    ),
]
ParkingRestriction = Annotated[str, known("EV_ONLY", "PLUGGED", "DISABLED", "CUSTOMERS", "MOTORCYCLES")]
ParkingType = Annotated[
    str,
    known(
        *("ALONG_MOTORWAY", "PARKING_GARAGE", "PARKING_LOT", "ON_DRIVEWAY", "ON_STREET", "UNDERGROUND_GARAGE"),
    ),
]
Status = Annotated[
    str,
    known(
        *("AVAILABLE", "BLOCKED", "CHARGING", "INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED", "RESERVED", "UNKNOWN"),
    ),
]

# In a PATCH these arrays are merged element by element, never deleting (TRANS-32, AMB-08)
EVSE_MERGE = {"connectors": Keyed("id")}
LOCATION_MERGE = {"evses": Keyed("uid", EVSE_MERGE)}


class AdditionalGeoLocation(OcpiObject, frozen=True, kw_only=True):
    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class ExceptionalPeriod(OcpiObject, frozen=True, kw_only=True):
    """UTC, unlike regular hours (LOC-13)."""

    period_begin: DateTime
    period_end: DateTime


class RegularHours(OcpiObject, frozen=True, kw_only=True):
    """Local time. An end of 00:00 is common for midnight, so the order of the two is not judged."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    period_begin: TimeOfDay
    period_end: TimeOfDay


class Hours(OcpiObject, frozen=True, kw_only=True):
    twentyfourseven: bool
    regular_hours: list[RegularHours] | None = None
    exceptional_openings: list[ExceptionalPeriod] | None = None
    exceptional_closings: list[ExceptionalPeriod] | None = None

    def __post_init__(self) -> None:
        if not self.twentyfourseven and not self.regular_hours:  # LOC-13
            raise FieldError("regular_hours", "is required where twentyfourseven is false")


class PublishTokenType(OcpiObject, frozen=True, kw_only=True):
    uid: CiString36 | None = None
    type: DescribedTokenType | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None

    def __post_init__(self) -> None:  # LOC-10
        if not (self.uid or self.visual_number or self.group_id):
            raise FieldError("uid", "one of uid, visual_number and group_id is required")
        if self.uid and not self.type:
            raise FieldError("type", "is required together with uid")
        if self.visual_number and not self.issuer:
            raise FieldError("issuer", "is required together with visual_number")


class StatusSchedule(OcpiObject, frozen=True, kw_only=True):
    """Information only: nothing changes status but a push (LOC-18)."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class Connector(OcpiObject, frozen=True, kw_only=True):
    id: Id36
    standard: ConnectorType
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: Int
    max_amperage: Int
    max_electric_power: Int | None = None
    tariff_ids: list[CiString36] | None = None
    terms_and_conditions: URL | None = None
    last_updated: DateTime


class EVSE(OcpiObject, frozen=True, kw_only=True):
    uid: Id36
    evse_id: CiString48 | None = None
    status: Status
    status_schedule: list[StatusSchedule] | None = None
    capabilities: list[Capability] | None = None
    connectors: Annotated[list[Connector], Meta(min_length=1)]
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: list[DisplayText] | None = None
    parking_restrictions: list[ParkingRestriction] | None = None
    images: list[Image] | None = None
    last_updated: DateTime


class Location(OcpiObject, frozen=True, kw_only=True):
    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    publish: bool
    publish_allowed_to: list[PublishTokenType] | None = None
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: Country
    coordinates: GeoLocation
    related_locations: list[AdditionalGeoLocation] | None = None
    parking_type: ParkingType | None = None
    evses: list[EVSE] | None = None
    directions: list[DisplayText] | None = None
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: list[Facility] | None = None
    time_zone: String255
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: list[Image] | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime

    def __post_init__(self) -> None:
        if self.publish and self.publish_allowed_to:  # LOC-10
            raise FieldError("publish_allowed_to", "is allowed only where publish is false")
        if self.time_zone not in _zones() and self.time_zone != NOT_AVAILABLE:  # LOC-12; tariffs are read in this zone
            raise FieldError("time_zone", "is not a name of the IANA time zone database")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


LocationPatch = patch_type(Location, merge_by=LOCATION_MERGE)
EVSEPatch = patch_type(EVSE, merge_by=EVSE_MERGE)
ConnectorPatch = patch_type(Connector)
