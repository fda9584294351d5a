"""The world the platforms own: locations, tariffs and tokens. The same seed gives the same world, to the byte."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from simulator.cities import COUNTRIES, City, Country
from simulator.config import Party
from simulator.store import Document

_SPREAD = 0.027  # degrees of latitude: three kilometres around the middle of a city

# (standard, format, power_type, max_voltage, max_amperage, max_electric_power); AC_3_PHASE voltage is line to neutral
_CONNECTORS: tuple[tuple[str, str, str, int, int, int], ...] = (
    ("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 16, 11000),
    ("IEC_62196_T2", "SOCKET", "AC_3_PHASE", 230, 32, 22000),
    ("IEC_62196_T2", "CABLE", "AC_3_PHASE", 230, 32, 22000),
    ("IEC_62196_T2_COMBO", "CABLE", "DC", 500, 125, 50000),
    ("IEC_62196_T2_COMBO", "CABLE", "DC", 920, 500, 150000),
    ("CHADEMO", "CABLE", "DC", 500, 125, 50000),
)
_PARKING = ("ON_STREET", "PARKING_GARAGE", "PARKING_LOT", "UNDERGROUND_GARAGE")
_FACILITIES = ("HOTEL", "RESTAURANT", "CAFE", "SUPERMARKET", "TRAIN_STATION", "WIFI")

# price components of each kind of tariff: (dimension, net price); every step is the smallest, so nothing is rounded up
_TARIFF_KINDS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("ENERGY", "0.39"),),
    (("FLAT", "0.50"), ("ENERGY", "0.45")),
    (("ENERGY", "0.35"), ("PARKING_TIME", "4.80")),
    (("FLAT", "0.30"), ("ENERGY", "0.29"), ("TIME", "1.20")),
)


class World:
    """What one party owns. `updated` is the `last_updated` of everything in it."""

    def __init__(self, party: Party, *, seed: int, updated: str) -> None:
        self._party = party
        self._seed = seed
        self._updated = updated
        self._owner = {"country_code": party.country_code, "party_id": party.party_id}

    def build_tariffs(self) -> list[Document]:
        return [self._build_tariff(number) for number in range(1, self._party.tariffs + 1)]

    def build_locations(self) -> list[Document]:
        return [self._build_location(number) for number in range(1, self._party.locations + 1)]

    def build_tokens(self) -> list[Document]:
        return [self._build_token(number) for number in range(1, self._party.tokens + 1)]

    def _build_tariff(self, number: int) -> Document:
        vat = Decimal(COUNTRIES[self._party.country_code].vat)
        components: list[Document] = [
            {"type": kind, "price": Decimal(price), "vat": vat, "step_size": 1}
            for kind, price in _TARIFF_KINDS[(number - 1) % len(_TARIFF_KINDS)]
        ]
        return self._owner | {
            "id": f"T{number:03d}",
            "currency": self._party.currency,
            "type": "REGULAR",
            "elements": [{"price_components": components}],
            "last_updated": self._updated,
        }

    def _build_location(self, number: int) -> Document:
        chance = random.Random(f"{self._seed} {self._party.key} location {number}")
        country = COUNTRIES[self._party.country_code]
        city = country.cities[(number - 1) % len(country.cities)]
        place = f"{city.street} {chance.randint(1, 240)}"
        return self._owner | {
            "id": f"LOC{number:05d}",
            "publish": True,
            "name": f"{city.name} {place}",
            "address": place,
            "city": city.name,
            "postal_code": city.postal_code,
            "country": country.alpha3,
            "coordinates": _build_coordinates(city, chance),
            "parking_type": chance.choice(_PARKING),
            "evses": [self._build_evse(number, evse, chance) for evse in range(1, chance.randint(2, 8) + 1)],
            "operator": {"name": self._party.name},
            "facilities": chance.sample(_FACILITIES, 2),
            "time_zone": country.time_zone,
            "opening_times": {"twentyfourseven": True},
            "last_updated": self._updated,
        }

    def _build_evse(self, location: int, number: int, chance: random.Random) -> Document:
        connector = chance.choice(_CONNECTORS)
        party = self._party
        return {
            "uid": f"{party.country_code}{location:05d}-{number}",
            "evse_id": f"{party.country_code}*{party.party_id}*E{location:05d}{number}",
            "status": "AVAILABLE",
            "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
            "connectors": [self._build_connector(connector, chance)],
            "physical_reference": str(number),
            "last_updated": self._updated,
        }

    def _build_connector(self, kind: tuple[str, str, str, int, int, int], chance: random.Random) -> Document:
        standard, form, power_type, voltage, amperage, power = kind
        return {
            "id": "1",
            "standard": standard,
            "format": form,
            "power_type": power_type,
            "max_voltage": voltage,
            "max_amperage": amperage,
            "max_electric_power": power,
            "tariff_ids": [f"T{chance.randint(1, max(1, self._party.tariffs)):03d}"],
            "last_updated": self._updated,
        }

    def _build_token(self, number: int) -> Document:
        """Two cards for each app user (TOK-14: an app user is always asked for)."""
        chance = random.Random(f"{self._seed} {self._party.key} token {number}")
        is_app = number % 3 == 0
        party = self._party
        uid = f"{party.country_code}-app-{number:06d}" if is_app else f"{chance.getrandbits(56):014X}"
        token: dict[str, Any] = self._owner | {
            "uid": uid,
            "type": "APP_USER" if is_app else "RFID",
            "contract_id": f"{party.country_code}{party.party_id}C{number:08d}",
            "issuer": party.name,
            "valid": True,
            "whitelist": "NEVER" if is_app else "ALLOWED",
            "last_updated": self._updated,
        }
        return token if is_app else token | {"visual_number": f"{party.country_code}-{number:06d}"}


def get_country(party: Party) -> Country:
    return COUNTRIES[party.country_code]


def _build_coordinates(city: City, chance: random.Random) -> Document:
    """Strings with six decimals (LOC-12). Wider in longitude, whose degrees are shorter up here."""
    latitude = city.latitude + chance.uniform(-_SPREAD, _SPREAD)
    longitude = city.longitude + chance.uniform(-_SPREAD, _SPREAD) * 1.5
    return {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"}
