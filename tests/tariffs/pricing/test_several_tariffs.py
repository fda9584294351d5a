"""Which of several tariffs prices a period, and what they share."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.tariffs.pricing.cases import (
    cdr,
    component,
    cost,
    element,
    ids,
    period,
    priced,
    tariff,
)


class TestSeveralTariffs:
    DAY = tariff(element(component("FLAT", "1"), component("ENERGY", "1")), id="DAY")
    NIGHT = tariff(element(component("FLAT", "2"), component("ENERGY", "2")), id="NIGHT")

    def test_price_the_periods_that_name_them_in_any_case(self):
        result = priced(cdr(period(tariff_id="day", energy=1), period(30, "Night", energy=1)), self.DAY, self.NIGHT)

        assert (cost(result), result.tariffs_used) == (6, ("DAY", "NIGHT"))

    def test_price_no_period_that_names_none_but_count_its_energy(self):
        of = tariff(element(component("ENERGY", "1"), max_kwh=5), element(component("ENERGY", "3")))

        result = priced(cdr(period(tariff_id=None, energy=5), period(30, energy=1)), of)

        assert cost(result) == 3
        assert "period_without_tariff" in ids(result)

    def test_are_told_apart_by_their_validity_if_nothing_is_named(self):
        over = self.DAY | {"end_date_time": "2026-11-01T00:00:00Z"}

        result = priced(cdr(period(tariff_id=None, energy=1)), over, self.NIGHT)

        assert (cost(result), result.verdict) == (4, "mismatch")
        assert "multiple_tariffs_no_tariff_id" in ids(result)

    def test_need_not_be_named_if_there_is_one(self):
        result = priced(cdr(period(tariff_id=None, energy=1)), self.DAY)

        assert cost(result) == 2

    def test_share_one_step_and_say_so(self):
        one = tariff(element(component("ENERGY", "1", step=1000)))
        two = tariff(element(component("ENERGY", "2", step=500)), id="T2")

        result = priced(cdr(period(energy="1.3"), period(30, "T2", energy="0.9")), one, two)

        assert cost(result) == Decimal("1.3") + Decimal("1.2") * 2
        assert "mixed_step_size" in ids(result)

    @pytest.mark.parametrize(
        ("tariffs", "finding"),
        [
            ([NIGHT], "tariff_id_unknown"),
            ([DAY, DAY | {"id": "day"}], "duplicate_tariff_id"),
            ([DAY | {"currency": "CHF"}], "currency_mismatch"),
            ([], "tariff_id_unknown"),
        ],
    )
    def test_are_not_guessed(self, tariffs, finding):
        result = priced(cdr(period(tariff_id="DAY", energy=1)), *tariffs)

        assert (result.verdict, result.totals) == ("not_verifiable", {})
        assert finding in ids(result)

    def test_are_the_cdrs_own_if_none_are_given(self):
        result = priced(cdr(period(tariff_id="DAY", energy=1), tariffs=[self.DAY]))

        assert cost(result) == 2

    def test_are_needed(self):
        assert "no_tariff" in ids(priced(cdr(period(tariff_id=None, energy=1))))

    def test_that_differ_from_the_cdrs_own_are_reported(self):
        document = cdr(period(tariff_id="DAY", energy=1), tariffs=[self.DAY])
        dearer = self.DAY | {"elements": self.NIGHT["elements"]}
        same = self.DAY | {"elements": [element(component("FLAT", "1.00"), component("ENERGY", "1.0"))]}

        assert "tariff_differs_from_known" in ids(priced(document, dearer))
        assert "tariff_differs_from_known" not in ids(priced(document, same))
