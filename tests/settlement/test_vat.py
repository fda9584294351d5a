from __future__ import annotations

import re
from decimal import Decimal

import pytest

from settlement.statement import Claim, VatTreatment
from settlement.vat import LineVat, Trader, Treatment, charge_vat, judge_line, treat
from settlement.vat_numbers import InvalidVatNumber, read_vat_number

DOMESTIC, REVERSE, OUTSIDE, STATED = (
    VatTreatment.DOMESTIC,
    VatTreatment.REVERSE_CHARGE,
    VatTreatment.OUTSIDE_SCOPE,
    VatTreatment.AS_STATED,
)


class TestTreat:
    @pytest.mark.parametrize(
        ("seller", "buyer", "number", "kind", "category"),
        [
            ("NL", "NL", "", DOMESTIC, ""),
            ("NL", "NL", "NL004495445B01", DOMESTIC, ""),
            ("CH", "CH", "", DOMESTIC, ""),
            ("MC", "FR", "", DOMESTIC, ""),
            ("NL", "FR", "FR40303265045", REVERSE, "AE"),
            ("NL", "FR", "", STATED, ""),
            ("NL", "CH", "CHE107787577IVA", OUTSIDE, "O"),
            ("NL", "GB", "", OUTSIDE, "O"),
            ("CH", "NL", "NL004495445B01", OUTSIDE, "O"),
            ("GB", "NO", "", OUTSIDE, "O"),
        ],
    )
    def test_goes_by_where_the_two_are_established(self, seller, buyer, number, kind, category):
        treatment = treat(seller=Trader(seller), buyer=Trader(buyer, number))

        assert (treatment.kind, treatment.category) == (kind, category)
        assert treatment.charges_vat is (category == "")

    @pytest.mark.parametrize(
        ("seller", "buyer", "words"),
        [("NL", "FR", "Reverse charge"), ("NL", "CH", r"established \(CH\)"), ("CH", "NL", "accounts for it in NL")],
    )
    def test_says_why_none_is_charged(self, seller, buyer, words):
        note = treat(seller=Trader(seller), buyer=Trader(buyer, "X")).note

        assert re.search(words, note)


class TestJudgeLine:
    @pytest.mark.parametrize(
        ("net", "gross", "standard", "expected"),
        [
            ("4.20", "5.08", "21", ("S", "21", True)),
            ("0.50", "0.61", "21", ("S", "21", True)),  # 22 % by its figures, 21 % rounded
            ("10.00", "11.20", "21", ("S", "12", False)),
            ("10.00", "10.00", "21", ("Z", "0", False)),
            ("10.00", None, "21", ("E", "0", True)),
            ("10.00", "12.00", None, ("S", "20", True)),
            ("0.00", "0.00", "21", ("S", "21", True)),
            ("0.00", "5.00", "21", ("Z", "0", False)),
            ("0.0001", "500", "21", ("S", "999", False)),
            ("-4.20", "-5.08", "21", ("S", "21", True)),
            ("4.20", "-5.08", "21", ("Z", "0", False)),
        ],
    )
    def test_finds_category_and_rate(self, net, gross, standard, expected):
        claim = Claim(currency="EUR", net=Decimal(net), gross=None if gross is None else Decimal(gross))

        found = judge_line(
            claim,
            treatment=Treatment(kind=DOMESTIC),
            standard=None if standard is None else Decimal(standard),
        )

        assert found == LineVat(category=expected[0], rate=Decimal(expected[1]), is_plausible=expected[2])

    def test_judges_what_is_only_shown_as_well(self):
        claim = Claim(currency="EUR", net=Decimal(10), gross=Decimal("11.20"))

        found = judge_line(claim, treatment=Treatment(kind=REVERSE, category="AE"), standard=Decimal(21))

        assert found == LineVat(category="AE", rate=Decimal(0), is_plausible=False)


class TestChargeVat:
    def test_rounds_half_up(self):
        assert charge_vat(Decimal("0.50"), rate=Decimal(21), currency="EUR") == Decimal("0.11")
        assert charge_vat(Decimal(105), rate=Decimal(10), currency="JPY") == Decimal(11)


class TestReadVatNumber:
    @pytest.mark.parametrize(
        ("text", "compact"),
        [
            ("NL 0044.95.445.B01", "NL004495445B01"),
            ("fr40303265045", "FR40303265045"),
            ("EL094259216", "EL094259216"),
            ("CHE-107.787.577 IVA", "CHE107787577IVA"),
            ("GB980780684", "GB980780684"),
            ("NO 995 525 828 MVA", "NO995525828MVA"),
        ],
    )
    def test_makes_it_compact(self, text, compact):
        assert read_vat_number(text) == compact

    @pytest.mark.parametrize("text", ["NL004495445B02X", "FR41303265045", "004495445B01", "", "XX123", "GB980780685"])
    def test_refuses_what_is_none(self, text):
        with pytest.raises(InvalidVatNumber):
            read_vat_number(text)
