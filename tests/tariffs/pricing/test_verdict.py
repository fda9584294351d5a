"""Claimed against computed: what matches, what differs, what cannot be told, and what is no CDR at all."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tariffs.pricing import Amount, Policy, Severity, price
from tariffs.pricing.dialects import get_dialect
from tariffs.pricing.findings import Findings
from tariffs.pricing.interpolate import split
from tariffs.pricing.rate import MOST_TESTS, rate
from tariffs.pricing.session import Session, read_session
from tariffs.pricing.tariff import compile_tariff
from tests.documents import ABSENT, changed
from tests.tariffs.pricing.cases import ZONE, Document, cdr, component, element, ids, period, priced, tariff

TARIFF = tariff(element(component("FLAT", "0.50", vat="20"), component("ENERGY", "0.30", vat="20")))


def claim(excl: str, incl: str | None) -> dict[str, Decimal]:
    return {"excl_vat": Decimal(excl)} | ({} if incl is None else {"incl_vat": Decimal(incl)})


def claiming(excl: str, incl: str | None = None, **changes):
    """10.01 kWh under TARIFF: 0.50 + 3.003 = 3.503 excl., 4.2036 incl."""
    document = cdr(period(energy="10.01", time=1), total_cost=claim(excl, incl))
    document |= {"total_energy": Decimal("10.01"), "total_time": Decimal(1)}
    return changed(document, **changes)


class TestMatch:
    @pytest.mark.parametrize(
        ("excl", "incl"), [("3.503", "4.2036"), ("3.50", "4.20"), ("3.51", "4.21"), ("3.4931", "4.2")]
    )
    def test_within_a_cent(self, excl, incl):
        assert priced(claiming(excl, incl), TARIFF).verdict == "match"

    @pytest.mark.parametrize(("excl", "incl"), [("3.52", "4.22"), ("3.48", "4.18"), ("3.503", "4.25"), ("0", "0")])
    def test_not_beyond_it(self, excl, incl):
        result = priced(claiming(excl, incl), TARIFF)

        assert (result.verdict, ids(result) & {"total_cost_mismatch"}) == ("mismatch", {"total_cost_mismatch"})

    def test_lets_each_part_that_was_rounded_add_half_a_cent(self):
        parts = {"total_fixed_cost": claim("0.505", "0.605"), "total_energy_cost": claim("3.008", "3.6086")}

        assert priced(claiming("3.521", "4.22", **parts), TARIFF).verdict == "match"
        assert priced(claiming("3.521", "4.22"), TARIFF).verdict == "mismatch"

    @pytest.mark.parametrize("currency", ["JPY", "jpy"])
    def test_knows_the_currencys_smallest_unit(self, currency):
        yen = tariff(element(component("ENERGY", "30")), currency=currency)
        document = cdr(period(energy="1.01"), currency=currency, total_cost=claim("31", "31"))

        assert priced(document, yen).verdict == "match"
        assert priced(document | {"total_cost": claim("32", "32")}, yen).verdict == "mismatch"

    def test_says_by_how_much_it_differs(self):
        result = priced(claiming("4.503", "5.2036"), TARIFF)

        assert result.differences["total_cost"] == Amount(Decimal(1), Decimal(1))
        assert {finding.path for finding in result.findings if finding.id == "total_cost_mismatch"} == {"/total_cost"}


class TestParts:
    def test_are_compared_one_by_one(self):
        parts = {"total_fixed_cost": claim("1.00", "1.20"), "total_energy_cost": claim("2.503", "3.0036")}

        result = priced(claiming("3.503", "4.2036", **parts), TARIFF)

        assert {"total_fixed_cost_mismatch", "total_energy_cost_mismatch"} <= ids(result)
        assert result.verdict == "mismatch"

    def test_have_to_add_up(self):
        parts = {"total_fixed_cost": claim("0.50", "0.60"), "total_energy_cost": claim("3.00", "3.60")}

        assert "parts_do_not_sum" not in ids(priced(claiming("3.50", "4.20", **parts), TARIFF))
        assert "parts_do_not_sum" in ids(priced(claiming("9.50", "4.20", **parts), TARIFF))

    def test_need_not_add_up_to_a_limit(self):
        of = TARIFF | {"max_price": claim("2", "2.40")}
        parts = {"total_fixed_cost": claim("0.50", "0.60"), "total_energy_cost": claim("3.003", "3.6036")}

        assert priced(claiming("2.00", "2.40", **parts), of).verdict == "match"

    def test_may_be_left_out(self):
        result = priced(claiming("3.503", "4.2036", total_fixed_cost=claim("0.50", "0.60")), TARIFF)

        assert (result.verdict, "total_energy_cost_missing" in ids(result)) == ("match", True)


class TestWarnings:
    @pytest.mark.parametrize(
        ("changes", "finding"),
        [
            ({"total_cost": {"incl_vat": ABSENT}}, "incl_vat_missing"),
            ({"total_time": Decimal(3)}, "total_time_mismatch"),
            ({"total_parking_time": Decimal(3)}, "total_parking_time_mismatch"),
            ({"credit_reference_id": "C0"}, "credit_flag_missing"),
            ({"start_date_time": "2026-11-23T08:00:00Z"}, "first_period_not_at_session_start"),
            ({"start_date_time": "1970-1-1T00:00:00Z"}, "placeholder_date"),
        ],
    )
    def test_come_with_a_match(self, changes, finding):
        result = priced(claiming("3.503", "4.2036", **changes), TARIFF)

        assert (result.verdict, finding in ids(result)) == ("match_with_warning", True)

    @pytest.mark.parametrize(
        ("dimension", "finding"),
        [
            ({"type": "ENERGY", "volume": Decimal(0)}, "duplicate_dimension_in_period"),
            ({"type": "POWER", "volume": Decimal(11)}, "session_only_dimension"),
            ({"type": "HEAT", "volume": Decimal(11)}, "unknown_enum_value"),
            ({"type": "PARKING_TIME", "volume": Decimal("0.5")}, "dimension_longer_than_period"),
            ({"type": "MAX_POWER", "volume": "11"}, "field_type"),
        ],
    )
    def test_name_the_place(self, dimension, finding):
        document = claiming("3.503", "4.2036")
        document["charging_periods"][0]["dimensions"].append(dimension)

        result = priced(document, TARIFF)

        assert result.verdict == "match_with_warning"
        paths = [one.path for one in result.findings if one.id == finding]
        assert [path.startswith("/charging_periods/0/dimensions") for path in paths] == [True]

    def test_tell_of_a_tariff_that_was_not_valid(self):
        result = priced(claiming("3.503", "4.2036"), TARIFF | {"start_date_time": "2027-01-01T00:00:00Z"})

        assert (result.verdict, "tariff_not_active" in ids(result)) == ("match_with_warning", True)

    def test_tell_of_periods_out_of_order(self):
        document = cdr(period(30, energy=1), period(energy=1), total_cost=claim("1.10", "1.32"))

        result = priced(document, TARIFF)

        assert (result.verdict, "periods_out_of_order" in ids(result)) == ("match_with_warning", True)
        assert [one.place for one in result.periods] == [1, 0]


class TestVatAgainstSign:
    @pytest.mark.parametrize(("excl", "incl"), [("5.08", "4.20"), ("-4.20", "5.08"), ("0", "0.88"), ("-5.08", "-4.20")])
    def test_is_held_also_where_there_is_no_tariff(self, excl, incl):
        result = priced(claiming(excl, incl))

        assert [one.severity for one in result.findings if one.id == "vat_against_sign"] == ["hold"]

    @pytest.mark.parametrize(
        ("excl", "incl"), [("4.20", "5.08"), ("-4.20", "-5.08"), ("4.20", "4.20"), ("0", "0"), ("0.00", "0.01")]
    )
    def test_is_none_where_it_fits_or_is_a_rounded_cent(self, excl, incl):
        assert "vat_against_sign" not in ids(priced(claiming(excl, incl)))

    def test_is_none_where_no_vat_is_told(self):
        assert "vat_against_sign" not in ids(priced(claiming("4.20", "5.08", total_cost={"incl_vat": ABSENT}), TARIFF))


class TestEnergyAndTimes:
    def test_energy_that_differs_from_the_periods_is_a_mismatch(self):
        assert priced(claiming("3.503", "4.2036", total_energy=Decimal(12)), TARIFF).verdict == "mismatch"

    def test_an_end_before_the_start_is_a_mismatch(self):
        document = claiming("3.503", "4.2036", end_date_time="2026-11-23T08:00:00Z")

        assert "end_before_start" in ids(priced(document, TARIFF))
        assert priced(document, TARIFF).verdict == "mismatch"

    def test_time_is_never_negative(self):
        assert "negative_volume" in ids(priced(cdr(period(time=-1)), TARIFF))

    def test_energy_may_be_fed_back(self):
        document = cdr(period(energy=-10), total_cost=claim("-2.50", "-3.00"), total_energy=Decimal(-10))

        assert priced(document, TARIFF).verdict == "match"

    def test_nothing_else_is_negative_but_a_credit(self):
        assert "negative_total_cost" in ids(priced(claiming("-3.503", "-4.2036"), TARIFF))


class TestCredit:
    CREDIT = {"id": "C1-C", "credit": True, "credit_reference_id": "C1"}

    def test_gives_back_the_total(self):
        assert priced(claiming("-3.503", "-4.2036", **self.CREDIT), TARIFF).verdict == "match"

    def test_is_negative(self):
        result = priced(claiming("3.503", "4.2036", **self.CREDIT), TARIFF)

        assert (result.verdict, "credit_total_not_negative" in ids(result)) == ("mismatch", True)

    def test_of_energy_fed_back_is_positive(self):
        """The opposite of what it takes back (CDR-06), which here is less than nothing."""
        fed_back = cdr(period(energy=-10), total_energy=Decimal(-10)) | self.CREDIT

        assert priced(fed_back | {"total_cost": claim("2.50", "3.00")}, TARIFF).verdict == "match"
        assert priced(fed_back | {"total_cost": claim("-2.50", "-3.00")}, TARIFF).verdict == "mismatch"

    @pytest.mark.parametrize("sign", ["", "-"])
    def test_may_negate_its_parts_or_not(self, sign):
        parts = {
            "total_fixed_cost": claim(f"{sign}0.50", f"{sign}0.60"),
            "total_energy_cost": claim(f"{sign}3.003", f"{sign}3.6036"),
        }

        result = priced(claiming("-3.503", "-4.2036", **self.CREDIT, **parts), TARIFF)

        assert (result.verdict, "credit_parts_changed" in ids(result)) == ("match", sign == "-")

    def test_names_another_cdr(self):
        without = {"id": "C1-C", "credit": True}

        assert priced(claiming("-3.503", "-4.2036", **without), TARIFF).verdict == "reject"
        itself = self.CREDIT | {"credit_reference_id": "c1-c"}
        assert "credit_reference_self" in ids(priced(claiming("-3.503", "-4.2036", **itself), TARIFF))


class TestReject:
    @pytest.mark.parametrize(
        ("changes", "finding", "path"),
        [
            ({"charging_periods": []}, "no_charging_periods", "/charging_periods"),
            ({"charging_periods": [7]}, "field_format", "/charging_periods/0"),
            (
                {"charging_periods": [{"dimensions": []}]},
                "required_field_missing",
                "/charging_periods/0/start_date_time",
            ),
            ({"start_date_time": "yesterday"}, "field_format", "/start_date_time"),
            ({"total_cost": ABSENT}, "required_field_missing", "/total_cost"),
            ({"total_cost": 4}, "required_field_missing", "/total_cost"),
            ({"total_cost": {"excl_vat": "four"}}, "field_format", "/total_cost"),
            ({"total_cost": {"excl_vat": Decimal("1E+99")}}, "number_out_of_range", "/total_cost"),
            ({"total_cost": {"excl_vat": True}}, "field_format", "/total_cost"),
            ({"currency": ABSENT}, "required_field_missing", "/currency"),
            ({"tariffs": [{"id": "T1", "currency": "EUR"}]}, "required_field_missing", "/tariffs/0/elements"),
        ],
    )
    def test_what_cannot_be_read(self, changes, finding, path):
        document = changed(claiming("3.503", "4.2036", tariffs=[TARIFF]), **changes)

        result = priced(document)

        assert result.verdict == "reject"
        assert (finding, path) in {(one.id, one.path) for one in result.findings}

    @pytest.mark.parametrize("volume", [float("nan"), float("inf"), "NaN", Decimal("sNaN"), None, [], "1e999999999"])
    def test_what_is_no_number(self, volume):
        document = claiming("3.503", "4.2036")
        document["charging_periods"][0]["dimensions"][0]["volume"] = volume

        assert priced(document, TARIFF).verdict == "reject"

    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z", 7])
    def test_what_is_no_usable_moment(self, moment):
        assert priced(claiming("3.503", "4.2036", end_date_time=moment), TARIFF).verdict == "reject"

    def test_nothing_for_its_size_alone(self):
        document = cdr(period(reservation_time=Decimal("9E+14"), energy=Decimal("9E+14"), time=1))
        dear = tariff(element(component("ENERGY", "9E+14", step=900, vat="20")), max_price=claim("9E+14", None))

        assert priced(document, dear).verdict == "mismatch"

    @pytest.mark.parametrize("cdr", [None, [], "x", {}])
    def test_what_is_no_cdr(self, cdr):
        assert priced(cdr, TARIFF).verdict == "reject"


class TestNumbers:
    def test_come_in_any_form_and_are_exact(self):
        totals = []
        for form in (Decimal, float, str):
            of = tariff(element(component("ENERGY", "0.1", step=100) | {"price": form("0.1")}))
            document = cdr(*(period(index, energy="0.1") for index in range(2)))
            for one in document["charging_periods"]:
                one["dimensions"][0]["volume"] = form("0.1") if one is document["charging_periods"][0] else form("0.2")
            totals.append(priced(document, of).totals["total_cost"].excl_vat)

        # In binary 0.1 + 0.2 is above 0.3, which would bill a step more.
        assert totals == [Decimal("0.03")] * 3


class TestPolicy:
    def test_sets_the_severity_of_a_finding(self):
        policy = Policy(severities={"total_cost_mismatch": Severity.FLAG})

        result = price(claiming("9", "9"), [TARIFF], version="2.2.1", time_zone=None, policy=policy)

        assert result.verdict == "match_with_warning"

    def test_sets_how_much_may_differ(self):
        result = price(
            claiming("4", "4.70"), [TARIFF], version="2.2.1", time_zone=None, policy=Policy(total=Decimal(50))
        )

        assert result.verdict == "match"


class TestLong:
    """Others wait while a CDR is priced."""

    @staticmethod
    def make_minutes(count: int) -> list[Document]:
        return [period(minute, energy="0.1") for minute in range(count)]

    def test_is_not_priced_beyond_all_measure(self):
        elements = [element(component("ENERGY", "1"), min_kwh=1000 + n) for n in range(1000)]

        result = priced(cdr(*self.make_minutes(1001), lasts=1001), tariff(*elements))

        assert result.verdict == "not_verifiable"
        assert "too_long_to_price" in ids(result)

    def test_a_day_in_minutes_under_day_ahead_prices_is_priced(self):
        quarters = [element(component("ENERGY", "1"), start_time=f"{n // 4:02}:{n % 4 * 15:02}") for n in range(96)]

        result = priced(cdr(*self.make_minutes(1440), lasts=1440), tariff(*quarters))

        assert "too_long_to_price" not in ids(result)
        assert result.totals

    def test_changes_of_price_that_nobody_has_ruled_out_in_time_count(self):
        minutes = [
            element(component("ENERGY", "1"), start_time=f"10:{n:02}", end_time=f"10:{n + 1:02}", min_kwh=10**6)
            for n in range(59)
        ]
        session = _session(cdr(*(period(60 * n, energy=1) for n in range(240)), lasts=240 * 60))
        under = compile_tariff(tariff(*minutes * 40), version="2.2.1")

        rating = rate(session, [under] * 240, zone=ZoneInfo(ZONE))

        assert rating.left >= 0
        assert rating.spanning  # though no price changes

    def test_is_split_the_less_often_the_longer_its_tariff_is(self):
        under = compile_tariff(
            tariff(*(element(component("ENERGY", "1"), min_kwh=Decimal(n) / 10_000) for n in range(1, 2001))),
            version="2.2.1",
        )

        parts, _ = split(_session(cdr(period(energy=1))), [under], spanning={0}, zone=None)

        assert 1 < len(parts.periods) <= 1 + MOST_TESTS // 2000


def _session(document: Document) -> Session:
    session = read_session(document, dialect=get_dialect("2.2.1"), findings=Findings({}))
    assert session is not None
    return session
