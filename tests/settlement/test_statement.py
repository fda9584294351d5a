from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.statement import ZERO, Claim, VatTotal, break_down, make_amounts, round_amount, sum_up

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
AMOUNTS = st.decimals(Decimal("-100000"), Decimal("100000"), places=4)


@st.composite
def claims(draw: st.DrawFn, currency: str | None = None) -> Claim:
    return Claim(
        currency=currency or draw(CURRENCIES), net=draw(AMOUNTS), gross=draw(st.none() | AMOUNTS), energy=draw(AMOUNTS)
    )


class TestRoundAmount:
    @pytest.mark.parametrize(
        ("amount", "currency", "rounded"),
        [
            ("1.005", "EUR", "1.01"),
            ("1.0049", "EUR", "1.00"),
            ("-1.005", "EUR", "-1.01"),
            ("-0.001", "EUR", "0.00"),
            ("-0.4", "JPY", "0"),
            ("2.5", "JPY", "3"),
            ("-2.5", "JPY", "-3"),
            ("0.1235", "KWD", "0.124"),
            ("0.0005", "KWD", "0.001"),
        ],
    )
    def test_is_half_up_in_the_currencys_smallest_unit(self, amount, currency, rounded):
        assert str(round_amount(Decimal(amount), currency=currency)) == rounded


class TestMakeAmounts:
    def test_takes_vat_as_it_was_stated(self):
        amounts = make_amounts(Claim(currency="EUR", net=Decimal("4.204"), gross=Decimal("5.087")), charges_vat=True)

        assert (amounts.net, amounts.vat, amounts.gross) == (Decimal("4.20"), Decimal("0.89"), Decimal("5.09"))

    def test_only_shows_it_where_none_is_charged(self):
        amounts = make_amounts(Claim(currency="EUR", net=Decimal("4.20"), gross=Decimal("5.08")), charges_vat=False)

        assert (amounts.vat, amounts.gross, amounts.stated_vat) == (ZERO, Decimal("4.20"), Decimal("0.88"))

    @given(claim=claims(), charges_vat=st.booleans())
    def test_a_credit_is_the_mirror_to_the_cent(self, claim, charges_vat):
        mirror = Claim(
            currency=claim.currency, net=-claim.net, gross=None if claim.gross is None else -claim.gross, is_credit=True
        )

        total = sum_up([make_amounts(one, charges_vat=charges_vat) for one in (claim, mirror)])

        assert (total.net, total.vat, total.gross, total.stated_vat) == (ZERO, ZERO, ZERO, ZERO)


class TestSumUp:
    @given(found=st.lists(claims("EUR"), max_size=50))
    def test_is_the_sum_of_the_lines_and_of_the_rounded_cdrs(self, found):
        lines = [make_amounts(claim, charges_vat=True) for claim in found]

        total = sum_up(lines)

        assert total.net == sum(round_amount(claim.net, currency="EUR") for claim in found)
        assert total.gross == sum(line.gross for line in lines) == total.net + total.vat


class TestBreakDown:
    @given(
        st.lists(
            st.builds(
                VatTotal, category=st.sampled_from("SEZ"), rate=st.sampled_from([Decimal(9)]), net=AMOUNTS, vat=AMOUNTS
            )
        )
    )  # fmt: skip
    def test_loses_nothing(self, lines):
        rows = break_down(lines)

        assert sum(row.net for row in rows) == sum(line.net for line in lines)
        assert sum(row.vat for row in rows) == sum(line.vat for line in lines)
        assert len({(row.category, row.rate) for row in rows}) == len(rows)
