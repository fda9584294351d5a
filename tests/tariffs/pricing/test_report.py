from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import msgspec

from tariffs.pricing import price
from tariffs.pricing.report import report
from tests.tariffs.pricing.cases import cdr, component, element, period, priced, tariff


def test_says_what_priced_what():
    of = tariff(element(component("ENERGY", "0.30", vat="20")), element(component("PARKING_TIME", "2", step=600)))
    document = cdr(period(energy="10.01", time=1), period(60, parking_time="0.0333"), lasts=62)

    told = report(priced(document, of))

    assert (told["verdict"], told["computed"]["total_cost"]) == (
        "mismatch",
        {"excl_vat": Decimal("3.3363"), "incl_vat": Decimal("3.9369")},
    )
    assert told["periods"][0]["start"] == "2026-11-23T08:30:00Z"
    assert told["periods"][1]["lines"] == [
        {
            "dimension": "PARKING_TIME",
            "tariff_id": "T1",
            "element": 1,
            "component": 0,
            "price": Decimal(2),
            "vat": None,
            "step_size": 600,
            "quantity": Decimal("0.0333"),
            "billed_quantity": Decimal("0.1667"),
            "amount": {"excl_vat": Decimal("0.3333"), "incl_vat": Decimal("0.3333")},
            "cost_field": "total_parking_cost",
            "vat_amount": Decimal(0),
        }
    ]
    assert told["findings"][-1] == {
        "id": "total_cost_mismatch",
        "severity": "hold",
        "path": "/total_cost",
        "message": "is not what it comes to",
        "expected": told["computed"]["total_cost"],
        "actual": {"excl_vat": Decimal(0), "incl_vat": Decimal(0)},
    }
    assert msgspec.json.encode(told)


def test_bears_what_could_not_be_priced():
    told = report(priced({}))

    assert (told["verdict"], told["computed"], told["periods"]) == ("reject", {}, [])


def test_what_nobody_asked_for_is_not_explained():
    of = tariff(element(component("ENERGY", "0.30", vat="20"), component("FLAT", "1")), element(component("TIME", "2")))
    document = cdr(period(energy="10.01", time=1), lasts=60)

    whole, brief = (
        price(document, [of], version="2.2.1", time_zone="Europe/Amsterdam", explain=explain)
        for explain in (True, False)
    )

    assert brief == replace(whole, periods=())
    assert [line.cost_field for line in whole.periods[0].lines] == [
        *("total_energy_cost", "total_time_cost", "total_fixed_cost")
    ]
