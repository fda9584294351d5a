"""Every price that the specification prints for its example tariffs; figures copied, errata corrected."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.tariffs.pricing.cases import (
    cdr,
    component,
    element,
    limit,
    minutes,
    money,
    period,
    priced,
    rounded,
    tariff,
    total,
)

FLAT = component("FLAT", "0.50", vat="20")
ENERGY = component("ENERGY", "0.25", vat="10")
SIMPLE = tariff(element(ENERGY))
WITH_START = tariff(element(FLAT, ENERGY))
WITH_MINIMUM = tariff(element(ENERGY), min_price=limit("0.5", "0.55"))
WITH_PARKING = tariff(element(FLAT, ENERGY, component("PARKING_TIME", "2", vat="20", step=900)))
WITH_MAXIMUM = tariff(element(FLAT, ENERGY), max_price=limit("10", "11"))
PER_HOUR = tariff(element(component("TIME", "2", vat="10", step=60)))
PER_HOUR_AND_PARKING = tariff(
    element(component("TIME", "3", vat="10", step=60), component("PARKING_TIME", "5", vat="20", step=300))
)
AD_HOC = tariff(element(component("TIME", "1.9", vat="5.2", step=300)))
TENTHS = tariff(element(FLAT, component("ENERGY", "0.25", vat="10", step=100)))
WORKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
COMPLEX = tariff(
    element(component("FLAT", "2.5", vat="15")),
    element(component("TIME", "1", vat="20", step=900), max_current=32),
    element(component("TIME", "2", vat="20", step=600), min_current=32, day_of_week=WORKDAYS),
    element(component("TIME", "1.25", vat="20", step=600), min_current=32, day_of_week=["SATURDAY", "SUNDAY"]),
    element(
        component("PARKING_TIME", "5", vat="10", step=300), start_time="09:00", end_time="18:00", day_of_week=WORKDAYS
    ),
    element(
        component("PARKING_TIME", "6", vat="10", step=300),
        start_time="10:00",
        end_time="17:00",
        day_of_week=["SATURDAY"],
    ),
)
SATURDAY = "2026-11-21T12:30:00Z"  # 13:30 in Amsterdam
RESERVED = tariff(element(component("TIME", "5", vat="20", step=60), reservation="RESERVATION"), element(FLAT, ENERGY))
RESERVED_FOR_A_FEE = tariff(
    element(component("FLAT", "2", vat="20"), component("TIME", "5", vat="20", step=300), reservation="RESERVATION"),
    element(FLAT, ENERGY),
)
EXPIRES_FOR_A_FEE = tariff(
    element(component("FLAT", "4", vat="20"), reservation="RESERVATION_EXPIRES"),
    element(component("TIME", "2", vat="20", step=600), reservation="RESERVATION"),
    element(FLAT, ENERGY),
)
EXPIRES_BY_TIME = tariff(
    element(component("TIME", "6", vat="20", step=600), reservation="RESERVATION_EXPIRES"),
    element(component("TIME", "3", vat="20", step=600), reservation="RESERVATION"),
    element(FLAT, ENERGY),
)
STEPS = tariff(
    element(
        component("TIME", "1.2", step=1800),
        component("PARKING_TIME", "1", step=900),
        start_time="00:00",
        end_time="17:00",
    ),
    element(
        component("TIME", "2.4", step=900),
        component("PARKING_TIME", "1", step=900),
        start_time="17:00",
        end_time="20:00",
    ),
    element(component("TIME", "2.4", step=900), start_time="20:00", end_time="00:00"),
)
BY_POWER = tariff(
    element(component("ENERGY", "0.2", vat="20"), max_power=16),
    element(component("ENERGY", "0.35", vat="20"), max_power=32),
    element(component("ENERGY", "0.5", vat="20")),
)
BY_DURATION = tariff(
    element(component("ENERGY", "0", vat="20"), max_duration=1800),
    element(component("ENERGY", "0.25", vat="20"), max_duration=3600),
    element(component("ENERGY", "0.4", vat="20")),
)


def reserved(waited: int):
    """Reserved so many minutes, then 20 kWh."""
    return cdr(period(reservation_time=minutes(waited)), period(waited, energy=20, time=1), lasts=waited + 60)


@pytest.mark.parametrize(
    ("document", "of", "expected"),
    [
        pytest.param(cdr(period(energy=20)), SIMPLE, ("5.00", "5.50"), id="8"),
        pytest.param(cdr(period(energy=20)), WITH_START, ("5.50", "6.10"), id="9"),
        pytest.param(cdr(period(energy=20)), WITH_MINIMUM, ("5.00", "5.50"), id="12"),
        pytest.param(cdr(period(energy="1.999")), WITH_MINIMUM, ("0.50", "0.55"), id="12 below 2 kWh"),
        pytest.param(
            cdr(period(energy=20, time=1), period(60, parking_time=minutes(40)), lasts=100),
            WITH_PARKING,
            ("7.00", "7.90"),
            id="10",
        ),
        pytest.param(cdr(period(energy=50)), WITH_MAXIMUM, ("10", "11"), id="6"),
        pytest.param(cdr(period(energy=30)), WITH_MAXIMUM, ("8.00", "8.85"), id="6 below its maximum"),
        pytest.param(cdr(period(time="2.5"), lasts=150), PER_HOUR, ("5.00", "5.50"), id="1"),
        pytest.param(
            cdr(period(time="2.5"), period(150, parking_time="0.7"), lasts=192),
            PER_HOUR_AND_PARKING,
            ("11.25", "12.75"),
            id="13",
        ),
        pytest.param(cdr(period(time="2.5"), lasts=150), AD_HOC, ("4.75", "4.997"), id="2"),
        pytest.param(cdr(period(energy="20.45")), TENTHS, ("5.625", "6.2375"), id="3"),
        pytest.param(
            cdr(period(time="2.75", max_current=16), period(165, parking_time="0.7"), lasts=207),
            COMPLEX,
            ("9.00", "10.30"),
            id="4 on Monday",
        ),
        pytest.param(
            cdr(
                period(at=SATURDAY, time="1.9", min_current=43),
                period(114, at=SATURDAY, parking_time="1.1833"),
                lasts=185,
                at=SATURDAY,
            ),
            COMPLEX,
            ("12.375", "13.975"),
            id="4 on Saturday; the text prints 12.28, but 114 minutes are 2.375",
        ),
        pytest.param(reserved(15), RESERVED, ("6.75", "7.60"), id="15"),
        pytest.param(reserved(13), RESERVED_FOR_A_FEE, ("8.75", "10.00"), id="16"),
        pytest.param(reserved(22), EXPIRES_FOR_A_FEE, ("6.50", "7.30"), id="17"),
        pytest.param(cdr(period(reservation_time=1)), EXPIRES_FOR_A_FEE, ("6.00", "7.20"), id="17 expired"),
        pytest.param(reserved(22), EXPIRES_BY_TIME, ("7.00", "7.90"), id="18"),
        pytest.param(
            cdr(period(reservation_time="1.5"), lasts=90), EXPIRES_BY_TIME, ("9.00", "10.80"), id="18 expired"
        ),
        pytest.param(
            cdr(
                period(energy=1, max_power=6),
                period(10, energy=40, max_power=48),
                period(65, energy="0.5", max_power=4),
                lasts=75,
            ),
            BY_POWER,
            ("20.30", "24.36"),
            id="max_power",
        ),
        pytest.param(
            cdr(period(energy=5), period(30, energy="1.2"), lasts=40), BY_DURATION, ("0.30", "0.36"), id="max_duration"
        ),
        pytest.param(cdr(period(energy=20)), tariff(element(component("FLAT", "0", step=0))), ("0", "0"), id="5"),
    ],
)
def test_reproduces_the_price_of_tariff(document, of, expected):
    assert total(priced(document, of)) == money(*expected)


@pytest.mark.parametrize(
    ("at", "periods", "lasts", "expected"),
    [
        ("2026-11-23T15:55:00Z", [(0, {"time": 5}), (5, {"time": 5}), (10, {"parking_time": 2})], 12, "0.55"),
        ("2026-11-23T15:35:00Z", [(0, {"time": 25}), (25, {"time": 10})], 35, "1.30"),
        (
            "2026-11-23T18:40:00Z",
            [(0, {"time": 12}), (12, {"parking_time": 8}), (20, {"parking_time": 12})],
            32,
            "0.73",
        ),
    ],
    ids=["into parking", "into another element", "into free parking"],
)
def test_reproduces_the_prices_of_the_step_size_example(at, periods, lasts, expected):
    told = []
    for start, volumes in periods:
        hours: dict[str, Any] = {name: minutes(count) for name, count in volumes.items()}
        told.append(period(start, at=at, **hours))

    result = priced(cdr(*told, at=at, lasts=lasts), STEPS)

    # Minutes in four decimals of an hour are off by up to 0.18 s each: cents agree, further digits need not.
    excl, incl = rounded(result.totals["total_cost"])
    assert excl is not None
    assert excl.quantize(Decimal("0.001")) == Decimal(expected)
    assert incl == excl


def test_reproduces_the_example_of_two_energy_prices():
    of = tariff(
        element(component("ENERGY", "0.20", step=500), end_time="17:00"), element(component("ENERGY", "0.27", step=500))
    )
    at = "2026-11-23T15:00:00Z"

    result = priced(cdr(period(at=at, energy="4.3"), period(60, at=at, energy="1.1"), at=at, lasts=90), of)

    assert total(result) == money("1.184", "1.184")
    assert [line.billed_quantity for one in result.periods for line in one.lines] == [Decimal("4.3"), Decimal("1.2")]


def test_reproduces_the_example_cdr():
    of = tariff(element(component("TIME", "2", vat="10", step=300)), id="12")
    document = cdr(
        period(tariff_id="12", time="1.973"),
        lasts=118,
        total_cost={"excl_vat": Decimal("4.00"), "incl_vat": Decimal("4.40")},
        total_time_cost={"excl_vat": Decimal("4.00"), "incl_vat": Decimal("4.40")},
        total_energy=Decimal("15.342"),
        total_time=Decimal("1.973"),
    )

    result = priced(document, of, zone=None)

    assert (total(result), result.verdict) == (money("4.00", "4.40"), "match")


def test_reproduces_the_notes_on_step_size():
    def cost(watt_hours: str, step: int):
        of = tariff(element(component("ENERGY", "0.25", step=step)))
        return priced(cdr(period(energy=Decimal(watt_hours) / 1000)), of).totals["total_cost"].excl_vat

    assert cost("115.2", 1) == Decimal("0.029")
    assert {cost(text, 25) for text in ("101", "115.2", "125")} == {Decimal("0.03125")}
    assert {cost(text, 500) for text in ("1", "115.2", "500")} == {Decimal("0.125")}
