"""Which component prices what: restrictions, in the location's own time, and the first match for each dimension."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tariffs.pricing import Amount
from tests.tariffs.pricing.cases import (
    START,
    ZONE,
    cdr,
    component,
    element,
    ids,
    money,
    period,
    priced,
    rounded,
    tariff,
    total,
)

SPECIAL = component("ENERGY", "1.00")
NORMAL = component("ENERGY", "0.10")


def is_special(at: str, zone: str = ZONE, **restrictions: Any) -> bool:
    """Does a period that begins then fall under the restricted element?"""
    of = tariff(element(SPECIAL, **restrictions), element(NORMAL))
    result = priced(cdr(period(at=at, energy=10), at=at, lasts=1), of, zone=zone)
    cost = result.totals["total_cost"].excl_vat
    assert cost in (10, 1)
    return cost == 10


class TestTimeOfDay:
    @pytest.mark.parametrize(
        ("at", "restrictions", "expected"),
        [
            ("2026-11-23T12:29:59Z", {"start_time": "13:30", "end_time": "19:45"}, False),
            ("2026-11-23T12:30:00Z", {"start_time": "13:30", "end_time": "19:45"}, True),
            ("2026-11-23T18:44:59Z", {"start_time": "13:30", "end_time": "19:45"}, True),
            ("2026-11-23T18:45:00Z", {"start_time": "13:30", "end_time": "19:45"}, False),
            ("2026-11-23T22:59:59Z", {"start_time": "13:30"}, True),
            ("2026-11-23T23:00:00Z", {"start_time": "13:30"}, False),
            ("2026-11-23T23:00:00Z", {"end_time": "13:30"}, True),
            ("2026-11-23T12:30:00Z", {"end_time": "13:30"}, False),
            ("2026-11-23T22:59:59Z", {"start_time": "20:00", "end_time": "00:00"}, True),
            ("2026-11-23T23:00:00Z", {"start_time": "20:00", "end_time": "00:00"}, False),
            ("2026-11-23T21:00:00Z", {"start_time": "22:00", "end_time": "06:00"}, True),
            ("2026-11-24T04:59:59Z", {"start_time": "22:00", "end_time": "06:00"}, True),
            ("2026-11-24T05:00:00Z", {"start_time": "22:00", "end_time": "06:00"}, False),
            ("2026-11-23T03:00:00Z", {"start_time": "10:00", "end_time": "10:00"}, True),
            ("2026-11-23T03:00:00Z", {"start_time": "00:00", "end_time": "00:00"}, True),
        ],
    )
    def test_holds_from_start_until_before_end(self, at, restrictions, expected):
        assert is_special(at, **restrictions) is expected

    def test_is_that_of_the_location(self):
        assert is_special("2026-11-23T12:30:00Z", zone="Europe/Amsterdam", start_time="13:30")
        assert not is_special("2026-11-23T12:30:00Z", zone="Europe/London", start_time="13:30")

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2026-03-29T00:59:59Z", False),  # 01:59:59 in winter; the next second is 03:00 in summer
            ("2026-03-29T01:00:00Z", True),
            ("2026-10-25T00:30:00Z", True),  # 02:30 in summer
            ("2026-10-25T01:30:00Z", True),  # 02:30 once more, in winter
            ("2026-10-25T02:00:00Z", True),  # 03:00
            ("2026-10-25T00:00:00Z", True),
            ("2026-10-24T23:59:59Z", False),  # 01:59:59 in summer
        ],
    )
    def test_follows_the_clocks_on_the_wall(self, at, expected):
        assert is_special(at, start_time="02:00", end_time="04:00") is expected


class TestDays:
    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2026-12-23T22:59:59Z", False),
            ("2026-12-23T23:00:00Z", True),  # the 24th has begun in Amsterdam
            ("2026-12-26T22:59:59Z", True),
            ("2026-12-26T23:00:00Z", False),
        ],
    )
    def test_dates_are_local_and_the_end_is_not_included(self, at, expected):
        assert is_special(at, start_date="2026-12-24", end_date="2026-12-27") is expected

    def test_the_weekday_is_that_of_the_moment_also_after_midnight(self):
        window: dict[str, Any] = {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["MONDAY"]}

        assert is_special("2026-11-23T21:30:00Z", **window)  # Monday 22:30
        assert not is_special("2026-11-24T00:00:00Z", **window)  # Tuesday 01:00
        assert is_special("2026-11-23T00:00:00Z", **window)  # Monday 01:00

    def test_no_days_are_all_days(self):
        assert is_special(START, day_of_week=[])


class TestEnergyAndDuration:
    def test_counts_the_energy_before_the_period(self):
        of = tariff(element(component("ENERGY", "1"), max_kwh=10), element(component("ENERGY", "2"), min_kwh=10))

        result = priced(cdr(period(energy=4), period(10, energy=6), period(20, energy=5)), of)

        assert total(result) == money("20", "20")

    def test_counts_the_duration_from_the_start_of_the_session_with_its_parking(self):
        of = tariff(element(component("PARKING_TIME", "6"), min_duration=3600), element(component("PARKING_TIME", "1")))

        result = priced(
            cdr(period(time="0.5"), period(30, parking_time="0.5"), period(60, parking_time=1), lasts=120), of
        )

        assert total(result) == money("6.5", "6.5")

    def test_does_not_count_the_reservation(self):
        of = tariff(element(component("ENERGY", "1"), max_duration=1800), element(component("ENERGY", "2")))

        result = priced(
            cdr(
                period(reservation_time=1),
                period(60, energy=10),
                period(89, energy=10),
                period(90, energy=10),
                lasts=120,
            ),
            of,
        )

        assert total(result) == money("40", "40")

    def test_counts_from_the_first_period_if_the_start_is_not_known(self):
        of = tariff(element(component("ENERGY", "1"), max_duration=1800), element(component("ENERGY", "2")))
        document = cdr(period(energy=10), period(30, energy=10), start_date_time="1970-1-1T00:00:00Z")

        assert total(priced(document, of)) == money("30", "30")

    def test_measures_time_not_clocks(self):
        at = "2026-10-25T00:00:00Z"  # the clocks go back an hour at 01:00 UTC
        of = tariff(element(component("ENERGY", "1"), max_duration=3600), element(component("ENERGY", "2")))

        result = priced(cdr(period(at=at, energy=1), period(60, at=at, energy=1), at=at, lasts=120), of)

        assert total(result) == money("3", "3")


class TestFirstMatch:
    def test_is_found_for_each_dimension_by_itself(self):
        of = tariff(
            element(component("ENERGY", "0.30"), start_time="09:00", end_time="17:00"),
            element(component("ENERGY", "9.99"), component("TIME", "2.00")),
        )

        result = priced(cdr(period(energy=10, time=1)), of)

        assert [(line.dimension, line.element, line.component) for line in result.periods[0].lines] == [
            ("ENERGY", 0, 0),
            ("TIME", 1, 1),
        ]
        assert total(result) == money("5", "5")

    def test_leaves_free_what_nothing_prices(self):
        result = priced(cdr(period(energy=10, time=1)), tariff(element(component("ENERGY", "0.30"))))

        assert total(result, "total_time_cost") == money("0", "0")
        assert "dimension_unpriced" in ids(result)

    def test_takes_all_restrictions_together(self):
        window: dict[str, Any] = {"start_time": "09:00", "end_time": "17:00", "day_of_week": ["TUESDAY"]}

        assert not is_special("2026-11-23T10:00:00Z", **window)
        assert is_special("2026-11-24T10:00:00Z", **window)

    def test_never_charges_by_elements_for_reservations(self):
        of = tariff(element(component("TIME", "9"), component("FLAT", "9"), reservation="RESERVATION"))

        assert total(priced(cdr(period(time=1)), of)) == money("0", "0")


class TestPowerAndCurrent:
    BY_POWER = tariff(element(component("ENERGY", "1"), min_power=11), element(component("ENERGY", "2")))

    def test_tests_the_lowest_against_the_lower_bound(self):
        result = priced(cdr(period(energy=1, min_power=11, max_power=12)), self.BY_POWER)

        assert (total(result), ids(result) & {"period_spans_price_change"}) == (money("1", "1"), set())

    def test_reports_a_period_on_both_sides_of_the_limit(self):
        result = priced(cdr(period(energy=1, min_power=5, max_power=22)), self.BY_POWER)

        assert total(result) == money("2", "2")
        assert "period_spans_price_change" in ids(result)

    def test_cannot_verify_what_depends_on_power_that_is_not_told(self):
        result = priced(cdr(period(energy=1)), self.BY_POWER)

        assert result.verdict == "not_verifiable"
        assert result.totals["total_cost"].excl_vat == 1
        assert result.alternative == Amount(Decimal(2), Decimal(2))
        assert "restriction_dimension_missing" in ids(result)

    def test_minds_no_missing_power_where_the_price_is_the_same(self):
        of = tariff(element(component("ENERGY", "2"), min_power=11), element(component("ENERGY", "2")))

        result = priced(cdr(period(energy=1), total_cost={"excl_vat": Decimal(2), "incl_vat": Decimal(2)}), of)

        assert result.verdict == "match"

    def test_knows_the_lowest_is_below_if_the_highest_is(self):
        result = priced(cdr(period(energy=1, max_power=7)), self.BY_POWER)

        assert (total(result), result.alternative) == (money("2", "2"), None)


class TestUnsplitPeriods:
    def test_are_priced_as_they_begin_and_reported_with_a_second_figure(self):
        of = tariff(element(component("ENERGY", "0.20"), end_time="10:00"), element(component("ENERGY", "0.40")))

        result = priced(cdr(period(energy=10)), of)  # 09:30 to 10:30

        assert total(result) == money("2", "2")
        assert result.interpolated == Amount(Decimal(3), Decimal(3))
        assert "period_spans_price_change" in ids(result)

    @pytest.mark.parametrize(
        "restrictions",
        [
            {"start_time": "09:45", "end_time": "10:15"},
            {"min_duration": 600, "max_duration": 1200},
            {"min_duration": 600, "end_time": "10:00"},
            {"min_kwh": 3, "max_kwh": 6},
            {"min_kwh": 3, "end_time": "10:00"},
        ],
    )
    def test_are_reported_where_another_price_holds_in_the_middle_alone(self, restrictions):
        of = tariff(element(component("ENERGY", "0.20"), **restrictions), element(component("ENERGY", "0.40")))

        result = priced(cdr(period(energy=10)), of)  # 09:30 to 10:30

        assert "period_spans_price_change" in ids(result)

    def test_are_reported_where_more_limits_lie_inside_than_anybody_looks_at(self):
        tiers = [element(component("ENERGY", "0.40"), max_kwh=n / Decimal(100)) for n in range(1, 600)]
        of = tariff(*tiers, element(component("ENERGY", "0.40")))

        result = priced(cdr(period(energy=10)), of)

        assert "period_spans_price_change" in ids(result)

    @pytest.mark.parametrize(
        "restrictions", [{"max_kwh": 10}, {"max_duration": 3600}, {"end_time": "10:30"}, {"end_date": "2026-11-24"}]
    )
    def test_may_end_where_the_price_changes(self, restrictions):
        of = tariff(element(component("ENERGY", "0.20"), **restrictions), element(component("ENERGY", "0.40")))

        result = priced(cdr(period(energy=10)), of)

        assert "period_spans_price_change" not in ids(result)

    @pytest.mark.parametrize(
        ("restrictions", "interpolated"),
        [({"max_kwh": 4}, "3.2"), ({"max_duration": 900}, "3.5"), ({"start_time": "10:00"}, "3.0")],
    )
    def test_are_split_in_proportion_for_the_second_figure(self, restrictions, interpolated):
        of = tariff(element(component("ENERGY", "0.20"), **restrictions), element(component("ENERGY", "0.40")))

        result = priced(cdr(period(energy=10)), of)

        assert result.interpolated is not None
        assert result.interpolated.excl_vat == Decimal(interpolated)

    def test_are_split_twice_where_the_clocks_are_turned_back(self):
        night = "2026-10-25T00:00:00Z"  # 02:00 in Amsterdam, two hours before it is 03:00
        window = {"start_time": "02:15", "end_time": "02:45"}
        of = tariff(element(component("ENERGY", "1.00"), **window), element(component("ENERGY", "0.50")))

        result = priced(cdr(period(energy=4, at=night), at=night, lasts=120), of)

        assert result.interpolated is not None
        assert rounded(result.interpolated) == money("3.00", "3.00")


class TestZone:
    NIGHT = tariff(element(component("ENERGY", "1"), end_time="06:00"), element(component("ENERGY", "2")))

    def test_does_not_matter_where_nothing_depends_on_it(self):
        result = priced(cdr(period(energy=1)), tariff(element(NORMAL)), zone=None)

        assert not {"timezone_missing", "timezone_inferred"} & ids(result)

    def test_cannot_be_done_without(self):
        result = priced(cdr(period(energy=1)), self.NIGHT, zone=None)

        assert (result.verdict, result.totals) == ("not_verifiable", {})
        assert "timezone_missing" in ids(result)

    def test_is_inferred_from_a_country_with_only_one(self):
        result = priced(cdr(period(energy=1), cdr_location={"country": "NLD"}), self.NIGHT, zone=None)

        assert (total(result), result.time_zone) == (money("2", "2"), "Europe/Amsterdam")
        assert "timezone_inferred" in ids(result)

    @pytest.mark.parametrize("country", ["ESP", "PRT", "USA", "XXX", ""])
    def test_is_not_guessed_for_others(self, country):
        result = priced(cdr(period(energy=1), cdr_location={"country": country}), self.NIGHT, zone=None)

        assert "timezone_missing" in ids(result)

    @pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "Europe"])
    def test_has_to_exist(self, name):
        result = priced(cdr(period(energy=1)), self.NIGHT, zone=name)

        assert (result.verdict, ids(result) & {"timezone_invalid"}) == ("not_verifiable", {"timezone_invalid"})
