"""Sessions, periods and CDRs whose totals really follow from the tariff. Pure; knows unrestricted tariffs only."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from simulator.clock import format_moment
from simulator.store import Document

_CENT_OF_CENT = Decimal("0.0001")
_CHARGING, _PARKING = timedelta(minutes=15), timedelta(minutes=6)
_COST_FIELDS = {
    "FLAT": "total_fixed_cost",
    "ENERGY": "total_energy_cost",
    "TIME": "total_time_cost",
    "PARKING_TIME": "total_parking_cost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One charging session before it begins: where, with which token and tariff, and what will flow."""

    session_id: str
    cdr_id: str
    owner: Document  # country_code, party_id
    location: Document
    evse: Document
    tariff: Document
    token: Document
    start: datetime
    periods: tuple[Document, ...]
    end: datetime


def build_periods(
    start: datetime, *, power: int, tariff_id: str, chance: random.Random
) -> tuple[list[Document], datetime]:
    """Two to four quarters of charging, and every other time six minutes of parking after them; and when it ends."""
    periods, moment = [], start
    for _ in range(chance.randint(2, 4)):
        most = min(power // 4, 25_000) // 10  # hundredths of a kWh in a quarter of an hour
        energy = Decimal(chance.randint(most // 2, most)) / 100
        dimensions = [{"type": "ENERGY", "volume": energy}, {"type": "TIME", "volume": Decimal("0.25")}]
        periods.append(_build_period(moment, dimensions, tariff_id))
        moment += _CHARGING
    if chance.random() < 0.5:
        periods.append(_build_period(moment, [{"type": "PARKING_TIME", "volume": Decimal("0.1")}], tariff_id))
        moment += _PARKING
    return periods, moment


def _build_period(start: datetime, dimensions: list[Document], tariff_id: str) -> Document:
    return {"start_date_time": format_moment(start), "dimensions": dimensions, "tariff_id": tariff_id}


def sum_volumes(periods: list[Document], kind: str) -> Decimal:
    volumes = (one["volume"] for period in periods for one in period["dimensions"] if one["type"] == kind)
    return sum(volumes, Decimal(0))


def price(tariff: Document, periods: list[Document]) -> dict[str, Document]:
    """`total_cost` and the cost of each priced dimension. Exact products, rounded to four decimals at the end.

    A FLAT counts once; a dimension without a component is free. Step sizes are the smallest, so nothing is rounded up.
    """
    parts: dict[str, Document] = {}
    net, gross = Decimal(0), Decimal(0)
    for component in tariff["elements"][0]["price_components"]:
        volume = Decimal(1) if component["type"] == "FLAT" else sum_volumes(periods, component["type"])
        part = component["price"] * volume
        with_tax = part * (1 + component["vat"] / 100)
        net, gross = net + part, gross + with_tax
        parts[_COST_FIELDS[component["type"]]] = _build_price(part, with_tax)
    return {"total_cost": _build_price(net, gross)} | parts


def _build_price(net: Decimal, gross: Decimal) -> Document:
    return {"excl_vat": _round(net), "incl_vat": _round(gross)}


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT_OF_CENT, rounding=ROUND_HALF_UP)


def build_session(plan: Plan, *, updated: str) -> Document:
    """The session as it begins: nothing has flowed yet."""
    return plan.owner | {
        "id": plan.session_id,
        "start_date_time": format_moment(plan.start),
        "kwh": Decimal("0.00"),
        "cdr_token": build_cdr_token(plan.token),
        "auth_method": "WHITELIST",
        "location_id": plan.location["id"],
        "evse_uid": plan.evse["uid"],
        "connector_id": plan.evse["connectors"][0]["id"],
        "currency": plan.tariff["currency"],
        "charging_periods": [],
        "status": "ACTIVE",
        "last_updated": updated,
    }


def build_cdr_token(token: Document) -> Document:
    return {name: token[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}


def build_cdr(plan: Plan, *, cdr_id: str, updated: str, extra_kwh: Decimal = Decimal(0)) -> Document:
    """The bill. `extra_kwh` plants a fault: energy the session never had, priced as if it had."""
    periods = _add_energy(plan.periods, extra_kwh)
    parking, hours = sum_volumes(periods, "PARKING_TIME"), sum_volumes(periods, "TIME")
    costs = price(plan.tariff, periods)
    document: dict[str, Any] = plan.owner | {
        "id": cdr_id,
        "start_date_time": format_moment(plan.start),
        "end_date_time": format_moment(plan.end),
        "session_id": plan.session_id,
        "cdr_token": build_cdr_token(plan.token),
        "auth_method": "WHITELIST",
        "cdr_location": build_cdr_location(plan),
        "currency": plan.tariff["currency"],
        "tariffs": [plan.tariff],
        "charging_periods": periods,
        "total_energy": sum_volumes(periods, "ENERGY"),
        "total_time": hours + parking,
        "total_parking_time": parking,
        "last_updated": updated,
    }
    return document | costs


def build_credit(original: Document, *, cdr_id: str, updated: str) -> Document:
    """The mirror of a bill: the same content, and its costs below zero (CDR-06, CDR-07)."""
    costs = {name: _negate(original[name]) for name in ("total_cost", *_COST_FIELDS.values()) if name in original}
    identity = {"id": cdr_id, "credit": True, "credit_reference_id": original["id"], "last_updated": updated}
    return original | costs | identity


def _negate(cost: Document) -> Document:
    return {name: -amount for name, amount in cost.items()}


def _add_energy(periods: tuple[Document, ...], extra: Decimal) -> list[Document]:
    first, *others = periods
    if not extra:
        return [first, *others]
    energy, *dimensions = first["dimensions"]
    energy = energy | {"volume": energy["volume"] + extra}
    return [first | {"dimensions": [energy, *dimensions]}, *others]


def build_cdr_location(plan: Plan) -> Document:
    """A snapshot of the place (CDR-13)."""
    location, evse = plan.location, plan.evse
    connector = evse["connectors"][0]
    return {name: location[name] for name in ("id", "name", "address", "city", "postal_code", "country")} | {
        "coordinates": location["coordinates"],
        "evse_uid": evse["uid"],
        "evse_id": evse["evse_id"],
        "connector_id": connector["id"],
        "connector_standard": connector["standard"],
        "connector_format": connector["format"],
        "connector_power_type": connector["power_type"],
    }
