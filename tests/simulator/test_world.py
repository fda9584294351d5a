from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from simulator import jsontext
from simulator.cities import COUNTRIES
from simulator.config import Party
from simulator.world import World

UPDATED = "2026-11-22T10:00:00.000Z"
CPO = Party(
    country_code="AT", party_id="CPO", role="CPO", name="Alpen", locations=60, tariffs=4, tokens=9, currency="CHF"
)


def build(country: str = "AT", *, seed: int = 1) -> World:
    return World(replace(CPO, country_code=country), seed=seed, updated=UPDATED)


class TestWorld:
    def test_the_same_seed_gives_the_same_world(self) -> None:
        assert jsontext.dumps(build().build_locations()) == jsontext.dumps(build().build_locations())
        assert jsontext.dumps(build(seed=2).build_locations()) != jsontext.dumps(build().build_locations())

    @pytest.mark.parametrize("country", COUNTRIES)
    def test_locations_lie_within_five_kilometres_of_their_city(self, country: str) -> None:
        cities = {city.name: city for city in COUNTRIES[country].cities}

        for location in build(country).build_locations():
            city = cities[location["city"]]
            assert abs(float(location["coordinates"]["latitude"]) - city.latitude) < 0.03
            assert abs(float(location["coordinates"]["longitude"]) - city.longitude) < 0.05

    @pytest.mark.parametrize("country", COUNTRIES)
    def test_locations_keep_the_limits_of_the_specification(self, country: str) -> None:
        for location in build(country).build_locations():
            assert re.fullmatch(r"-?[0-9]{1,2}\.[0-9]{5,7}", location["coordinates"]["latitude"])
            assert re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{5,7}", location["coordinates"]["longitude"])
            assert len(location["id"]) <= 36
            assert len(location["address"]) <= 45  # as long as a CDR may repeat it (CDR-17)
            assert len(location["city"]) <= 45
            assert len(location["postal_code"]) <= 10
            assert len(location["country"]) == 3

    def test_locations_have_two_to_eight_evses_with_uids_of_their_own(self) -> None:
        locations = build().build_locations()
        uids = [evse["uid"] for location in locations for evse in location["evses"]]

        assert {len(location["evses"]) for location in locations} == set(range(2, 9))
        assert len(uids) == len(set(uids))

    def test_connectors_name_tariffs_of_the_same_owner(self) -> None:
        world = build()
        known = {tariff["id"] for tariff in world.build_tariffs()}
        named = {
            tariff_id
            for location in world.build_locations()
            for evse in location["evses"]
            for connector in evse["connectors"]
            for tariff_id in connector["tariff_ids"]
        }

        assert named == known

    def test_tariffs_carry_the_currency_and_tax_of_their_party(self) -> None:
        for tariff in build().build_tariffs():
            assert tariff["currency"] == "CHF"
            assert {component["vat"] for component in tariff["elements"][0]["price_components"]} == {Decimal(20)}

    def test_tokens_are_cards_and_app_users_with_uids_of_their_own(self) -> None:
        tokens = build().build_tokens()

        assert {token["type"] for token in tokens} == {"RFID", "APP_USER"}
        assert len({token["uid"] for token in tokens}) == len(tokens)
        assert {token["whitelist"] for token in tokens if token["type"] == "APP_USER"} == {"NEVER"}
