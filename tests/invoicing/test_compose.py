from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invoicing.compose import FeeGroup, SessionGroup, round_exactly, write_fees, write_sessions
from invoicing.document import InvoiceError, VatCategory
from settlement.statement import Claim, FeeRule, LineKind, VatTreatment, make_amounts, sum_up
from settlement.vat import Treatment, judge_line

DOMESTIC = Treatment(kind=VatTreatment.DOMESTIC)


def sessions(net: str = "100.0000", vat: str = "21.0000", **fields: Any) -> SessionGroup:
    facts: dict[str, Any] = {
        "kind": LineKind.REGULAR,
        "category": VatCategory.STANDARD,
        "rate": Decimal(21),
        "count": 12,
        "sessions": 12,
        "energy": Decimal("250.500000"),
        "net": Decimal(net),
        "vat": Decimal(vat),
    }
    return SessionGroup(**(facts | fields))


def fee(net: str = "12.0000", **fields: Any) -> FeeGroup:
    facts: dict[str, Any] = {
        "rule": FeeRule.SESSION,
        "unit": "session",
        "quantity": Decimal("120.000000"),
        "unit_price": Decimal("0.100000"),
        "net": Decimal(net),
        "parties": "NL*CPO – DE*MSP",
        "category": VatCategory.STANDARD,
        "rate": Decimal(21),
    }
    return FeeGroup(**(facts | fields))


def write(*groups: SessionGroup, **options: Any) -> Any:
    return write_sessions(groups, **({"country": "NL", "currency": "EUR", "language": "en"} | options))


class TestWriteSessions:
    def test_says_energy_count_and_sum(self):
        (line,) = write(sessions(sessions=1200))

        assert (line.text, line.detail) == ("Charging of electric vehicles in NL", "1,200 charging sessions")
        assert (line.quantity, line.unit, line.net) == (Decimal("250.5"), "KWH", Decimal("100.00"))

    def test_counts_one_as_one(self):
        assert write(sessions(sessions=1), language="de")[0].detail == "1 Ladevorgang"

    def test_tells_late_ones_and_corrections_apart(self):
        lines = write(
            sessions(),
            sessions(kind=LineKind.LATE),
            sessions("-5.0000", "-1.0500", kind=LineKind.CORRECTION, energy=Decimal(-9), corrects=("A-1", "A-2")),
        )

        assert [line.text for line in lines[1:]] == [
            "Charging sessions of earlier periods",
            "Corrections of earlier periods",
        ]
        assert lines[2].detail == "12 charging sessions · A-1, A-2"
        assert (lines[2].quantity, lines[2].net) == (Decimal(-9), Decimal("-5.00"))

    @pytest.mark.parametrize(
        ("net", "energy"), [("100", "0"), ("100", "-3.5"), ("-100", "3.5"), ("0", "3.5"), ("0", "-3.5")]
    )
    def test_says_no_energy_where_it_does_not_go_with_the_sum(self, net: str, energy: str):
        """A credit of what was free would say it as delivered: its quantity has the sign of its sum."""
        (line,) = write(sessions(net, str(Decimal(net) * Decimal("0.21")), energy=Decimal(energy)))

        assert (abs(line.quantity), line.unit) == (Decimal(1), "C62")

    def test_keeps_the_rate_while_rounding_explains_the_vat(self):
        (line,) = write(sessions(vat="21.3100"))

        assert line.rate == Decimal(21)

    def test_takes_the_rate_in_effect_where_it_does_not(self):
        (line,) = write(sessions(vat="21.3200"))

        assert line.rate == Decimal("21.32")

    def test_judges_a_rate_by_all_lines_that_have_it(self):
        lines = write(sessions(vat="26.0000"), sessions(vat="16.0000", kind=LineKind.LATE))

        assert {line.rate for line in lines} == {Decimal(21)}

    def test_leaves_its_rate_to_what_goes_with_it_beside_what_does_not(self):
        """The rate in effect of these corrections would be below zero, and refused."""
        cents = sessions("0.0100", "-0.0200", kind=LineKind.CORRECTION, energy=Decimal(0))

        assert [line.rate for line in write(sessions(vat="20.0000"), cents)] == [Decimal(20), Decimal(21)]

    def test_finds_the_rate_of_what_was_taken_for_none(self):
        (line,) = write(sessions(vat="0.4000", category=VatCategory.ZERO_RATED, rate=Decimal(0)))

        assert (line.category, line.rate) == (VatCategory.STANDARD, Decimal("0.4"))

    def test_refuses_vat_where_there_can_be_none(self):
        with pytest.raises(InvoiceError, match="category AE"):
            write(sessions(category=VatCategory.REVERSE_CHARGE, rate=Decimal(0)))

    def test_refuses_vat_against_the_sign_of_its_sum(self):
        with pytest.raises(InvoiceError, match="against its sign"):
            write(sessions(vat="-50.0000"))

    @example([(1_0950, -100)] * 4)
    @given(st.lists(st.tuples(st.integers(-500_0000, 500_0000), st.integers(-100, 100)), min_size=1, max_size=50))
    def test_keeps_the_rate_of_all_that_is_plausible(self, told: list[tuple[int, int]]):
        """Each within a coin of it, as a statement judges them; also where credits leave next to nothing."""
        claims = [_claim(Decimal(net).scaleb(-4), off=Decimal(off).scaleb(-4)) for net, off in told]
        assert all(judge_line(claim, treatment=DOMESTIC, standard=Decimal(21)).is_plausible for claim in claims)
        total = sum_up(make_amounts(claim, charges_vat=True) for claim in claims)

        (line,) = write(sessions(str(total.net), str(total.vat), count=len(claims)))

        assert (line.net, line.rate) == (total.net, Decimal(21))


def _claim(net: Decimal, *, off: Decimal) -> Claim:
    return Claim(currency="EUR", net=net, gross=net * Decimal("1.21") + off)


class TestWriteFees:
    def test_says_quantity_times_price(self):
        (line,) = write_fees([fee()], currency="EUR", language="en")

        assert (line.quantity, line.price, line.net) == (Decimal(120), Decimal("0.1"), Decimal("12.00"))
        assert (line.text, line.detail) == ("Hub fee per charging session", "NL*CPO – DE*MSP")

    def test_says_what_a_share_is_taken_of(self):
        share = fee(
            "25.00",
            rule=FeeRule.PERCENTAGE,
            unit="%",
            quantity=Decimal("1000"),
            unit_price=Decimal("2.5"),
            base_currency="EUR",
        )

        (line,) = write_fees([share], currency="EUR", language="de")

        assert line.detail == "NL*CPO – DE*MSP · 2,5 % von 1.000,00 EUR"
        assert (line.quantity, line.net) == (Decimal(1), Decimal("25.00"))

    @pytest.mark.parametrize(("base", "text"), [("JPY", "2.5 % of 1,234 JPY"), ("KWD", "2.5 % of 1,234.000 KWD")])
    def test_says_it_with_the_decimals_of_its_currency(self, base: str, text: str):
        share = fee(rule=FeeRule.PERCENTAGE, quantity=Decimal(1234), unit_price=Decimal("2.5"), base_currency=base)

        (line,) = write_fees([share], currency="EUR", language="en")

        assert line.detail.endswith(text)

    def test_says_the_sum_alone_where_prices_differ(self):
        (line,) = write_fees([fee(unit_price=None, parties="", pairs=7)], currency="EUR", language="en")

        assert (line.net, line.detail) == (Decimal("12.00"), "7 pairs of parties")


class TestRoundExactly:
    def test_takes_the_spare_zeros_away(self):
        assert str(round_exactly(Decimal("12.3000"), currency="EUR")) == "12.30"
        assert str(round_exactly(Decimal("12.0000"), currency="JPY")) == "12"
        assert str(round_exactly(Decimal("12.3450"), currency="KWD")) == "12.345"

    def test_refuses_what_an_invoice_cannot_say(self):
        with pytest.raises(InvoiceError, match="outside of the hub"):
            round_exactly(Decimal("1.0005"), currency="KWD")
