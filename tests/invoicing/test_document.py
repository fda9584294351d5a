from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.document import (
    Converted,
    InvoiceError,
    Kind,
    NoXml,
    VatCategory,
    VatGroup,
    group_vat,
    make_document,
    negate,
)
from tests.invoicing.made import REASONS, buyer, company, document, facts, line

CENTS = st.integers(-10_000_000, 10_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
RATES = st.sampled_from(["9", "21", "5.5"])


class TestMakeDocument:
    def test_adds_up_lines_by_category_and_rate(self):
        made = document(line("100.00"), line("50.00"), line("33.33", rate="9"))

        assert made.vat == (
            VatGroup(category=VatCategory.STANDARD, rate=Decimal(21), basis=Decimal("150.00"), amount=Decimal("31.50")),
            VatGroup(category=VatCategory.STANDARD, rate=Decimal(9), basis=Decimal("33.33"), amount=Decimal("3.00")),
        )
        assert (made.net_total, made.vat_total, made.total) == (Decimal("183.33"), Decimal("34.50"), Decimal("217.83"))

    def test_says_the_difference_to_what_is_due_as_rounding(self):
        made = document(line("100.00"), due=Decimal("120.98"))

        assert (made.total, made.rounding, made.due) == (Decimal("121.00"), Decimal("-0.02"), Decimal("120.98"))

    @given(st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=30))
    def test_always_makes_sums_that_its_own_checks_accept(self, given_lines: list[tuple[Decimal, str]]):
        lines = tuple(line(str(net), rate=rate) for net, rate in given_lines)
        if sum(one.net for one in lines) < 0:
            lines = negate(lines)

        vat = group_vat(lines, currency="EUR", reasons=REASONS)
        total = sum(one.net for one in lines) + sum(group.amount for group in vat)

        if total >= 0:
            made = document(*lines)
            assert made.total == total
            assert sum(group.basis for group in made.vat) == made.net_total

    def test_rounds_to_the_coins_of_the_currency(self):
        yen = document(line("101", rate="10"), currency="JPY")
        dinar = document(line("10.101", rate="5"), currency="KWD")

        assert yen.vat_total == Decimal("10")
        assert dinar.vat_total == Decimal("0.505")

    @pytest.mark.parametrize(
        ("currency", "converted", "why"),
        [
            ("EUR", "", None),
            ("JPY", "", None),
            ("XCG", "", None),
            ("EUR", "CHF", None),
            ("KWD", "", NoXml.DECIMALS),
            ("EUR", "KWD", NoXml.DECIMALS),
            ("BGN", "", NoXml.CURRENCY),
            ("EUR", "HRK", NoXml.CURRENCY),
            ("ABC", "", NoXml.CURRENCY),
        ],
    )
    def test_has_an_xml_where_en_16931_can_say_its_amounts(self, currency: str, converted: str, why: NoXml | None):
        other = Converted(
            currency=converted,
            rate=Decimal("0.3"),
            rate_date=date(2026, 11, 30),
            source="ECB",
            total=Decimal(1),
            vat_total=Decimal(1),
        )

        made = document(line("100", rate="10"), currency=currency, converted=other if converted else None)

        assert (made.no_xml, made.has_xml) == (why, why is None)


class TestNegate:
    def test_leaves_nothing_of_the_original(self):
        lines = (line("100.00"), line("-3.10"))

        together = document(*lines, *negate(lines))

        assert together.total == 0
        assert all(one.price >= 0 for one in negate(lines))


class TestLine:
    def test_of_a_total_says_it_exactly_however_the_average_rounds(self):
        one = line("100.00", quantity="3")

        assert one.quantity * one.price / one.price_basis == Decimal("100.00")

    def test_of_a_credit_has_the_sign_in_its_quantity(self):
        one = line("-100.00", quantity="3")

        assert (one.quantity, one.price) == (Decimal(-3), Decimal("100.00"))

    def test_refuses_a_negative_price(self):
        with pytest.raises(InvoiceError, match="BR-27"):
            replace(line(), price=Decimal(-1))

    @pytest.mark.parametrize("value", [0.5, 1, Decimal("NaN")])
    def test_takes_nothing_but_decimals(self, value: Any):
        with pytest.raises(InvoiceError, match="never floats"):
            replace(line(), net=value)

    @pytest.mark.parametrize(("category", "rate"), [("S", "0"), ("AE", "21"), ("O", "1")])
    def test_refuses_a_rate_that_its_category_does_not_have(self, category: str, rate: str):
        with pytest.raises(InvoiceError, match="BR-S-05"):
            replace(line(), category=VatCategory(category), rate=Decimal(rate))


class TestCompany:
    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("name", " ", "BR-06"),
            ("country", "nl", "BR-09"),
            ("country", "NLD", "BR-09"),
            ("vat_number", "123456782B90", "BR-CO-09"),
            ("city", "Amster\x07dam", "printed"),
        ],
    )
    def test_refuses(self, field: str, value: str, rule: str):
        with pytest.raises(InvoiceError, match=rule):
            company(**{field: value})


class TestInvoiceDocument:
    @pytest.mark.parametrize(
        ("field", "value", "rule"),
        [
            ("net_total", Decimal("99.99"), "BR-CO-10"),
            ("vat_total", Decimal("20.99"), "BR-CO-14"),
            ("total", Decimal("121.01"), "BR-CO-15"),
            ("vat", (), "BR-CO-14"),
            ("lines", (), "BR-16"),
            ("number", "", "BR-02"),
            ("period_end", date(2026, 10, 1), "BR-29"),
            ("due_date", date(2026, 11, 1), "due before"),
            ("rounding", Decimal("0.001"), "BR-DEC"),
            ("rounding", Decimal("-200.00"), "credit note"),
        ],
    )
    def test_refuses(self, field: str, value: Any, rule: str):
        with pytest.raises(InvoiceError, match=rule):
            replace(document(), **{field: value})

    def test_refuses_vat_that_is_not_its_basis_times_its_rate(self):
        made = document()
        wrong = replace(made.vat[0], amount=Decimal("21.01"))

        with pytest.raises(InvoiceError, match="BR-CO-17"):
            replace(made, vat=(wrong,), vat_total=Decimal("21.01"), total=Decimal("121.01"))

    def test_refuses_a_row_of_vat_twice(self):
        made = document(line(category="AE"))

        with pytest.raises(InvoiceError, match="BR-CO-18"):
            replace(made, vat=(*made.vat, *made.vat))

    def test_refuses_a_line_that_is_not_price_times_quantity(self):
        wrong = replace(line(), price=Decimal("99.00"))

        with pytest.raises(InvoiceError, match="price × quantity"):
            document(wrong)

    def test_refuses_a_negative_total(self):
        with pytest.raises(InvoiceError, match="credit note"):
            document(line("-1.00"))

    def test_refuses_amounts_finer_than_a_coin(self):
        with pytest.raises(InvoiceError, match="BR-DEC"):
            document(line("1.005", category="AE"))

    def test_needs_a_reason_where_no_vat_is_charged(self):
        with pytest.raises(InvoiceError, match="BR-AE-10"):
            make_document(**facts(line(category="AE")) | {"reasons": {}})

    def test_refuses_a_reason_where_vat_is_charged(self):
        with pytest.raises(InvoiceError, match="BR-S-10"):
            replace(document().vat[0], reason="because")

    @pytest.mark.parametrize("side", ["seller", "buyer"])
    def test_needs_both_vat_numbers_for_a_reverse_charge(self, side: str):
        without = {"seller": company(vat_number=""), "buyer": buyer(vat_number="")}[side]

        with pytest.raises(InvoiceError, match="BR-AE-02"):
            document(line(category="AE"), **{side: without})

    def test_needs_the_sellers_vat_number_for_an_export(self):
        with pytest.raises(InvoiceError, match="BR-G-02"):
            document(line(category="G"), seller=company(vat_number=""))

    def test_needs_some_tax_number_of_the_seller(self):
        with pytest.raises(InvoiceError, match="BR-S-02"):
            document(seller=company(vat_number="", registration=""))

    def test_keeps_what_is_outside_of_vat_apart(self):
        with pytest.raises(InvoiceError, match="BR-O-11"):
            document(line(category="O"), line())

    def test_a_credit_note_is_due_when_issued(self):
        made = document(kind=Kind.CREDIT_NOTE, due_date=date(2026, 12, 1))

        assert made.due == Decimal("121.00")
