"""Wire types of the tariffs module of OCPI 2.2.1, fields in the order of the specification's tables."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ocpi.fields import OcpiObject, known
from ocpi.shared.v2_2_1 import (
    URL,
    CountryCode,
    Currency,
    DateTime,
    Day,
    DisplayText,
    EnergyMix,
    Id36,
    Int,
    Number,
    PartyCode,
    Price,
    TimeOfDay,
)

DayOfWeek = Annotated[str, known("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")]
ReservationRestrictionType = Annotated[str, known("RESERVATION", "RESERVATION_EXPIRES")]
TariffDimensionType = Annotated[str, known("ENERGY", "FLAT", "PARKING_TIME", "TIME")]
TariffType = Annotated[str, known("AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR")]


class PriceComponent(OcpiObject, frozen=True, kw_only=True):
    """`vat` absent means that no VAT applies, which differs from 0 (TAR-08)."""

    type: TariffDimensionType
    price: Number
    vat: Number | None = None
    step_size: Annotated[int, Meta(ge=0, le=2**31 - 1)]  # 0 occurs for FLAT (TAR-09)


class TariffRestrictions(OcpiObject, frozen=True, kw_only=True):
    """Local times and days; lower bounds inclusive, upper bounds exclusive (TAR-06)."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Int | None = None
    max_duration: Int | None = None
    day_of_week: list[DayOfWeek] | None = None
    reservation: ReservationRestrictionType | None = None


class TariffElement(OcpiObject, frozen=True, kw_only=True):
    price_components: Annotated[list[PriceComponent], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class Tariff(OcpiObject, frozen=True, kw_only=True):
    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    currency: Currency
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: URL | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: Annotated[list[TariffElement], Meta(min_length=1)]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
