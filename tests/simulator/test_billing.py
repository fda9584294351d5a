from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator.billing import Plan, build_cdr, build_credit, build_periods, price, sum_volumes
from simulator.config import Party
from simulator.world import World

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
UPDATED = "2026-11-22T12:00:00.000Z"
PARTY = Party(country_code="NL", party_id="CPO", role="CPO", name="NL", locations=3, tariffs=4, tokens=1)
WORLD = World(PARTY, seed=1, updated=UPDATED)


def tariff(**components: str) -> dict[str, Any]:
    parts = [
        {"type": kind, "price": Decimal(amount), "vat": Decimal(21), "step_size": 1}
        for kind, amount in components.items()
    ]
    return {"id": "T1", "currency": "EUR", "elements": [{"price_components": parts}]}


def period(**volumes: str) -> dict[str, Any]:
    return {"dimensions": [{"type": kind, "volume": Decimal(volume)} for kind, volume in volumes.items()]}


def plan(*, seed: int = 1) -> Plan:
    location = WORLD.build_locations()[0]
    evse = location["evses"][0]
    chosen = WORLD.build_tariffs()[3]
    power = evse["connectors"][0]["max_electric_power"]
    periods, end = build_periods(START, power=power, tariff_id=chosen["id"], chance=random.Random(seed))
    return Plan(
        session_id="S1",
        cdr_id="C1",
        owner={"country_code": "NL", "party_id": "CPO"},
        location=location,
        evse=evse,
        tariff=chosen,
        token=WORLD.build_tokens()[0],
        start=START,
        periods=tuple(periods),
        end=end,
    )


class TestPrice:
    def test_adds_the_parts_and_their_tax(self) -> None:
        periods = [period(ENERGY="10.50", TIME="0.25"), period(PARKING_TIME="0.1")]

        costs = price(tariff(FLAT="0.50", ENERGY="0.40", PARKING_TIME="4.80"), periods)

        assert costs["total_fixed_cost"] == {"excl_vat": Decimal("0.5000"), "incl_vat": Decimal("0.6050")}
        assert costs["total_energy_cost"] == {"excl_vat": Decimal("4.2000"), "incl_vat": Decimal("5.0820")}
        assert costs["total_parking_cost"] == {"excl_vat": Decimal("0.4800"), "incl_vat": Decimal("0.5808")}
        assert costs["total_cost"] == {"excl_vat": Decimal("5.1800"), "incl_vat": Decimal("6.2678")}

    def test_a_dimension_without_a_component_is_free(self) -> None:
        assert price(tariff(ENERGY="0.40"), [period(TIME="3")])["total_cost"]["excl_vat"] == 0

    def test_rounds_half_up_to_four_decimals(self) -> None:
        costs = price(tariff(ENERGY="0.0001"), [period(ENERGY="0.5")])

        assert costs["total_cost"]["excl_vat"] == Decimal("0.0001")


class TestBuildPeriods:
    def test_follow_each_other_from_start_to_end(self) -> None:
        for seed in range(20):
            periods, end = build_periods(START, power=11000, tariff_id="T1", chance=random.Random(seed))
            hours = sum_volumes(periods, "TIME") + sum_volumes(periods, "PARKING_TIME")

            assert timedelta(hours=float(hours)) == end - START
            assert [one["start_date_time"] for one in periods] == sorted(one["start_date_time"] for one in periods)

    def test_never_exceed_what_the_connector_gives(self) -> None:
        for seed in range(20):
            periods, _ = build_periods(START, power=11000, tariff_id="T1", chance=random.Random(seed))

            assert max(sum_volumes([one], "ENERGY") for one in periods) <= Decimal("2.75")


class TestBuildCdr:
    def test_totals_follow_from_periods_and_tariff(self) -> None:
        cdr = build_cdr(plan(), cdr_id="C1", updated=UPDATED)
        parts = [cdr[name]["excl_vat"] for name in ("total_fixed_cost", "total_energy_cost", "total_time_cost")]

        assert cdr["total_energy"] == sum_volumes(cdr["charging_periods"], "ENERGY")
        assert sum(parts) == cdr["total_cost"]["excl_vat"]
        assert cdr["total_cost"]["excl_vat"] == (
            Decimal("0.30")
            + Decimal("0.29") * cdr["total_energy"]
            + Decimal("1.20") * (cdr["total_time"] - cdr["total_parking_time"])
        )

    def test_extra_energy_is_billed_but_the_session_is_left_alone(self) -> None:
        session = plan()

        honest = build_cdr(session, cdr_id="C1", updated=UPDATED)
        faulty = build_cdr(session, cdr_id="C1", updated=UPDATED, extra_kwh=Decimal(5))

        assert faulty["total_energy"] - honest["total_energy"] == 5
        assert faulty["total_cost"]["excl_vat"] - honest["total_cost"]["excl_vat"] == Decimal("1.45")
        assert sum_volumes(list(session.periods), "ENERGY") == honest["total_energy"]


class TestBuildCredit:
    def test_mirrors_the_costs_and_names_what_it_takes_back(self) -> None:
        cdr = build_cdr(plan(), cdr_id="C1", updated=UPDATED)

        credit = build_credit(cdr, cdr_id="C1-C", updated=UPDATED)

        assert (credit["credit"], credit["credit_reference_id"], credit["id"]) == (True, "C1", "C1-C")
        for name in ("total_cost", "total_fixed_cost", "total_energy_cost", "total_time_cost"):
            assert {part: -amount for part, amount in cdr[name].items()} == credit[name]
        assert credit["charging_periods"] == cdr["charging_periods"]
        assert credit["total_energy"] == cdr["total_energy"]
