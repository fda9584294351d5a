"""Types that several modules of OCPI 2.2.1 use. Limits and order as in the specification's tables; no behaviour."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from ocpi.calls import ConnectionStatus as ConnectionStatus
from ocpi.calls import Role as Role
from ocpi.exact import Exact
from ocpi.fields import OcpiObject, cistring, known

NOT_AVAILABLE = "#NA"  # in a required string that cannot be filled (TRANS-46)

# Base types

if TYPE_CHECKING:
    Number = Decimal
else:
    # Read by ocpi.wire: always a Decimal with the digits of the JSON text, and never from a JSON string, which msgspec
    # would take for a plain Decimal ("NaN" too). Money depends on it (TRANS-45).
    Number = Exact

DateTime = Annotated[datetime, Meta(tz=True)]  # TRANS-39: ocpi.wire sees to moments without a zone
Int = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
URL = Annotated[str, Meta(min_length=1, max_length=255)]

CiString3 = Annotated[str, cistring(3)]
CiString4 = Annotated[str, cistring(4)]
CiString32 = Annotated[str, cistring(32)]
CiString36 = Annotated[str, cistring(36)]
CiString39 = Annotated[str, cistring(39)]
CiString48 = Annotated[str, cistring(48)]
Id36 = Annotated[str, cistring(36, min_length=1)]  # identifies an object: never empty
Id39 = Annotated[str, cistring(39, min_length=1)]
CountryCode = Annotated[str, cistring(2, min_length=2, pattern="^[A-Za-z]{2}$")]  # ISO 3166 alpha-2
PartyCode = Annotated[str, cistring(3, min_length=1, pattern="^[A-Za-z0-9]{1,3}$")]

String2 = Annotated[str, Meta(max_length=2)]
String4 = Annotated[str, Meta(max_length=4)]
String10 = Annotated[str, Meta(max_length=10)]
String16 = Annotated[str, Meta(max_length=16)]
String45 = Annotated[str, Meta(max_length=45)]
String64 = Annotated[str, Meta(max_length=64)]
String100 = Annotated[str, Meta(max_length=100)]
String255 = Annotated[str, Meta(max_length=255)]
String512 = Annotated[str, Meta(max_length=512)]
String5000 = Annotated[str, Meta(max_length=5000)]
Country = Annotated[str, Meta(max_length=3, pattern="^(?:[A-Z]{3}|#NA)$")]  # alpha-3; #NA: TRANS-46
Currency = Annotated[str, Meta(max_length=3, pattern="^[A-Z]{3}$")]
TimeOfDay = Annotated[str, Meta(max_length=5, pattern="^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[str, Meta(max_length=10, pattern="^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$")]
Latitude = Annotated[str, Meta(max_length=10, pattern=r"^-?[0-9]{1,2}\.[0-9]{5,7}$")]
Longitude = Annotated[str, Meta(max_length=11, pattern=r"^-?[0-9]{1,3}\.[0-9]{5,7}$")]

# Enums that steer the hub are closed, all others open (AMB-14)


class TokenType(StrEnum):
    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class WhitelistType(StrEnum):
    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


# A token's type where it only describes (CdrToken, PublishTokenType): a CDR is not lost over a newer type.
DescribedTokenType = Annotated[str, known("AD_HOC_USER", "APP_USER", "OTHER", "RFID")]
AuthMethod = Annotated[str, known("AUTH_REQUEST", "COMMAND", "WHITELIST")]
CdrDimensionType = Annotated[
    str,
    known(
        *("CURRENT", "ENERGY", "ENERGY_EXPORT", "ENERGY_IMPORT", "MAX_CURRENT", "MIN_CURRENT", "MAX_POWER"),
        *("MIN_POWER", "PARKING_TIME", "POWER", "RESERVATION_TIME", "STATE_OF_CHARGE", "TIME"),
    ),
]
ConnectorFormat = Annotated[str, known("SOCKET", "CABLE")]
ConnectorType = Annotated[
    str,
    known(
        *("CHADEMO", "CHAOJI", *(f"DOMESTIC_{letter}" for letter in "ABCDEFGHIJKLMNO"), "GBT_AC", "GBT_DC"),
        *("IEC_60309_2_single_16", "IEC_60309_2_three_16", "IEC_60309_2_three_32", "IEC_60309_2_three_64"),
        *("IEC_62196_T1", "IEC_62196_T1_COMBO", "IEC_62196_T2", "IEC_62196_T2_COMBO", "IEC_62196_T3A"),
        *("IEC_62196_T3C", "NEMA_5_20", "NEMA_6_30", "NEMA_6_50", "NEMA_10_30", "NEMA_10_50", "NEMA_14_30"),
        *("NEMA_14_50", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN", "TESLA_R", "TESLA_S"),
    ),
]
EnergySourceCategory = Annotated[
    str, known("NUCLEAR", "GENERAL_FOSSIL", "COAL", "GAS", "GENERAL_GREEN", "SOLAR", "WIND", "WATER")
]
EnvironmentalImpactCategory = Annotated[str, known("NUCLEAR_WASTE", "CARBON_DIOXIDE")]
ImageCategory = Annotated[str, known("CHARGER", "ENTRANCE", "LOCATION", "NETWORK", "OPERATOR", "OTHER", "OWNER")]
PowerType = Annotated[str, known("AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC")]
ProfileType = Annotated[str, known("CHEAP", "FAST", "GREEN", "REGULAR")]

# Objects


class DisplayText(OcpiObject, frozen=True, kw_only=True):
    language: String2
    text: String512


class Price(OcpiObject, frozen=True, kw_only=True):
    excl_vat: Number
    incl_vat: Number | None = None


class Image(OcpiObject, frozen=True, kw_only=True):
    url: URL
    thumbnail: URL | None = None
    category: ImageCategory
    type: CiString4
    width: Annotated[int, Meta(ge=0, le=99999)] | None = None
    height: Annotated[int, Meta(ge=0, le=99999)] | None = None


class BusinessDetails(OcpiObject, frozen=True, kw_only=True):
    name: String100
    website: URL | None = None
    logo: Image | None = None


class GeoLocation(OcpiObject, frozen=True, kw_only=True):
    """Strings, not numbers (LOC-12)."""

    latitude: Latitude
    longitude: Longitude


class EnergySource(OcpiObject, frozen=True, kw_only=True):
    source: EnergySourceCategory
    percentage: Number


class EnvironmentalImpact(OcpiObject, frozen=True, kw_only=True):
    category: EnvironmentalImpactCategory
    amount: Number


class EnergyMix(OcpiObject, frozen=True, kw_only=True):
    is_green_energy: bool
    energy_sources: list[EnergySource] | None = None
    environ_impact: list[EnvironmentalImpact] | None = None
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class CdrToken(OcpiObject, frozen=True, kw_only=True):
    """All five are required: it is the routing key for billing (CDR-11)."""

    country_code: CountryCode
    party_id: PartyCode
    uid: Id36
    type: DescribedTokenType
    contract_id: CiString36


class CdrDimension(OcpiObject, frozen=True, kw_only=True):
    type: CdrDimensionType
    volume: Number


class ChargingPeriod(OcpiObject, frozen=True, kw_only=True):
    start_date_time: DateTime
    dimensions: Annotated[list[CdrDimension], Meta(min_length=1)]
    tariff_id: CiString36 | None = None
