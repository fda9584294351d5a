"""What a quantity comes to: step_size, flat fees, reservations, limits, VAT, credits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.tariffs.pricing.cases import (
    cdr,
    component,
    cost,
    element,
    ids,
    limit,
    minutes,
    money,
    period,
    priced,
    tariff,
    total,
)


class TestStepSize:
    def test_rounds_parking_and_leaves_the_charging_before_it(self):
        of = tariff(element(component("TIME", "60", step=300), component("PARKING_TIME", "60", step=300)))

        result = priced(cdr(period(time="0.35"), period(21, parking_time=minutes(7)), lasts=28), of)

        assert total(result, "total_time_cost") == money("21", "21")
        assert total(result, "total_parking_cost") == money("10", "10")

    def test_rounds_the_parking_also_if_charging_follows(self):
        of = tariff(element(component("TIME", "60", step=600), component("PARKING_TIME", "60", step=600)))

        result = priced(cdr(period(parking_time="0.1"), period(6, time="0.05"), lasts=9), of)

        assert total(result) == money("13", "13")

    def test_takes_the_step_of_the_last_component_for_all_of_it(self):
        of = tariff(
            element(component("TIME", "5", step=600), max_duration=360), element(component("TIME", "7", step=600))
        )

        result = priced(cdr(period(time="0.1"), period(6, time=minutes(22)), lasts=28), of)

        assert [line.billed_quantity for one in result.periods for line in one.lines] == [
            Decimal("0.1"),
            Decimal("0.4"),
        ]
        assert total(result) == money("3.3", "3.3")

    def test_neither_counts_nor_bills_unpriced_periods(self):
        of = tariff(element(component("ENERGY", "1", step=1000), max_duration=1800))

        result = priced(cdr(period(energy="0.4"), period(30, energy="0.9")), of)

        assert cost(result) == 1

    def test_counts_what_costs_nothing(self):
        of = tariff(
            element(component("ENERGY", "1", step=1000), max_duration=1800),
            element(component("ENERGY", "0", step=1000)),
        )

        result = priced(cdr(period(energy="0.4"), period(30, energy="0.9")), of)

        assert cost(result) == Decimal("0.4")

    @pytest.mark.parametrize(
        ("volume", "step", "billed"),
        [
            ("0.5", 500, "0.5"),
            ("0.5001", 500, "1.0"),
            ("0", 500, "0"),
            ("1.2345", 0, "1.2345"),
            ("-1.25", 1000, "-1.25"),
            ("0.0001", 1, "0.001"),
        ],
    )
    def test_of_energy(self, volume, step, billed):
        assert cost(
            priced(cdr(period(energy=volume)), tariff(element(component("ENERGY", "1", step=step))))
        ) == Decimal(billed)

    @pytest.mark.parametrize("count", range(1, 13))
    def test_sees_whole_minutes_in_hours_of_four_decimals(self, count):
        of = tariff(element(component("TIME", "60", step=60 * count)))

        result = priced(cdr(period(time=minutes(count))), of)

        # Nothing is added, so what was told is billed.
        assert cost(result) == minutes(count) * 60

    def test_sees_them_also_in_many_periods(self):
        of = tariff(element(component("TIME", "6", step=600)))

        result = priced(cdr(*(period(10 * number, time=minutes(10)) for number in range(6))), of)

        assert cost(result) == Decimal("0.1667") * 36

    def test_bills_the_whole_step_and_no_more(self):
        of = tariff(element(component("TIME", "60", step=900)))

        assert cost(priced(cdr(period(time=minutes(16))), of)) == 30


class TestFlat:
    def test_is_charged_once(self):
        of = tariff(element(component("FLAT", "1")))

        assert cost(priced(cdr(period(energy=1), period(10, energy=1), period(20, energy=1)), of)) == 1

    def test_is_charged_once_also_if_another_one_becomes_active(self):
        of = tariff(element(component("FLAT", "1"), max_kwh=5), element(component("FLAT", "2")))

        assert cost(priced(cdr(period(energy=5), period(10, energy=5)), of)) == 1

    def test_is_charged_when_it_becomes_active(self):
        of = tariff(element(component("FLAT", "2"), min_kwh=5))

        assert cost(priced(cdr(period(energy=4)), of)) == 0
        assert cost(priced(cdr(period(energy=5), period(10, energy=1)), of)) == 2

    def test_belongs_to_parking_if_it_is_for_parking(self):
        of = tariff(element(component("FLAT", "2"), component("PARKING_TIME", "1"), min_duration=600))

        result = priced(cdr(period(time=1), period(60, parking_time=1), lasts=120), of)

        assert total(result, "total_parking_cost") == money("3", "3")
        assert total(result, "total_fixed_cost") == money("0", "0")

    def test_is_fixed_cost_otherwise(self):
        of = tariff(element(component("FLAT", "2"), component("ENERGY", "1")))

        assert total(priced(cdr(period(energy=1)), of), "total_fixed_cost") == money("2", "2")


class TestReservation:
    FEES = tariff(
        element(component("FLAT", "2"), component("TIME", "5", step=300), reservation="RESERVATION"),
        element(component("FLAT", "1"), component("ENERGY", "0.5")),
    )

    def test_has_its_own_cost_with_its_fee(self):
        result = priced(cdr(period(reservation_time=minutes(13)), period(13, energy=2), lasts=60), self.FEES)

        assert total(result, "total_reservation_cost") == money("3.25", "3.25")
        assert total(result, "total_fixed_cost") == money("1", "1")
        assert total(result) == money("5.25", "5.25")

    def test_has_its_fee_once(self):
        told = (period(reservation_time="0.25"), period(15, reservation_time="0.25"), period(30, energy=2))

        assert total(priced(cdr(*told), self.FEES), "total_reservation_cost") == money("4.5", "4.5")

    def test_has_no_start_fee_if_it_expired(self):
        result = priced(cdr(period(reservation_time=1)), self.FEES)

        assert (total(result), total(result, "total_fixed_cost")) == (money("7", "7"), money("0", "0"))

    def test_of_no_time_is_none(self):
        """Some tell every dimension of every period."""
        expiry = element(component("FLAT", "4"), reservation="RESERVATION_EXPIRES")
        of = tariff(*self.FEES["elements"], expiry)
        unused = period(reservation_time=0, energy=0, time=0)

        assert total(priced(cdr(unused), of)) == money("1", "1")
        assert total(priced(cdr(unused, period(30, energy=2)), of)) == money("2", "2")
        assert total(priced(cdr(period(reservation_time=0, energy=2)), of)) == money("2", "2")

    def test_may_stand_in_one_period_with_the_charging(self):
        result = priced(cdr(period(reservation_time="0.25", energy=2, time="0.75")), self.FEES)

        assert total(result) == money("5.25", "5.25")

    def test_costs_nothing_if_only_expiry_has_a_price_and_it_was_used(self):
        of = tariff(element(component("FLAT", "9"), reservation="RESERVATION_EXPIRES"))

        assert cost(priced(cdr(period(reservation_time=1), period(60, energy=1), lasts=90), of)) == 0
        assert cost(priced(cdr(period(reservation_time=1)), of)) == 9

    def test_that_expired_costs_its_fee_and_the_additional_one_of_expiry(self):
        """Only the cost by time is taken from RESERVATION_EXPIRES alone, where both have one."""
        expiry = element(component("FLAT", "4"), component("TIME", "6"), reservation="RESERVATION_EXPIRES")
        of = tariff(*self.FEES["elements"], expiry)
        told = (period(reservation_time="0.5"), period(30, reservation_time="0.5"))

        assert total(priced(cdr(*told), of), "total_reservation_cost") == money("12", "12")


class TestLimits:
    def test_bind_each_side_for_itself(self):
        of = tariff(
            element(component("FLAT", "0.5", vat="20"), component("ENERGY", "0.25", vat="10")),
            max_price=limit("10", "11"),
        )

        result = priced(cdr(period(energy="37.9")), of)

        assert total(result) == money("9.975", "11")
        assert total(result, "total_energy_cost") == money("9.475", "10.4225")
        assert "total_cost_clamped_to_max" in ids(result)

    def test_scale_the_tax_if_they_tell_none(self):
        of = tariff(element(component("ENERGY", "1", vat="20")), max_price=limit("10"))

        assert total(priced(cdr(period(energy=20)), of)) == money("10", "12")

    def test_of_two_tariffs_are_ambiguous(self):
        one, two = tariff(element(component("ENERGY", "1")), max_price=limit("3")), tariff(element(), id="T2")
        two["elements"] = [element(component("ENERGY", "2"))]

        result = priced(cdr(period(energy=1), period(10, "T2", energy=1)), one, two)

        assert (result.verdict, cost(result)) == ("not_verifiable", 3)
        assert "min_max_price_ambiguous_multi_tariff" in ids(result)


class TestVat:
    def test_is_each_components_own(self):
        of = tariff(
            element(component("ENERGY", "1", vat="10"), component("TIME", "1", vat="20"), component("FLAT", "1"))
        )

        assert total(priced(cdr(period(energy=1, time=1)), of)) == money("3", "3.3")


class TestCredit:
    def test_is_the_original_with_its_total_negated(self):
        of = tariff(element(component("ENERGY", "1", vat="20")), min_price=limit("5", "6"))
        original = cdr(period(energy=3))

        normal, credit = (
            priced(original, of),
            priced(original | {"id": "C1-C", "credit": True, "credit_reference_id": "C1"}, of),
        )

        assert total(normal) == money("5", "6")
        assert total(credit) == money("-5", "-6")
        assert total(credit, "total_energy_cost") == total(normal, "total_energy_cost")
