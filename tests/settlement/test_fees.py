from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from settlement.conversion import Conversion
from settlement.fees import Activity, FeeTerms, charge
from settlement.statement import FeeRule

TERMS = FeeTerms(currency="EUR", per_session=Decimal("0.05"), per_kwh=Decimal("0.001"), percentage=Decimal("1.5"))
EURO = Conversion(currency="EUR", rate=Decimal(1), on=date(2026, 11, 30))
FRANC = Conversion(currency="EUR", rate=Decimal("1.0700000000"), on=date(2026, 11, 30))


def activity(currency: str = "EUR", sessions: int = 3, energy: str = "60", net: str = "100.01") -> Activity:
    return Activity(currency=currency, sessions=sessions, energy=Decimal(energy), net=Decimal(net))


class TestCharge:
    def test_is_by_session_kwh_and_amount(self):
        charges = charge(TERMS, [activity()], conversions={"EUR": EURO})

        assert [(one.rule, one.quantity, one.unit_price, one.net) for one in charges] == [
            (FeeRule.SESSION, Decimal(3), Decimal("0.05"), Decimal("0.15")),
            (FeeRule.KWH, Decimal(60), Decimal("0.001"), Decimal("0.06")),
            (FeeRule.PERCENTAGE, Decimal("100.01"), Decimal("1.5"), Decimal("1.50")),
        ]

    def test_takes_a_percentage_of_another_currency_at_its_rate(self):
        charges = charge(TERMS, [activity(), activity("CHF")], conversions={"EUR": EURO, "CHF": FRANC})

        shares = [one for one in charges if one.rule is FeeRule.PERCENTAGE]
        assert [(one.base_currency, one.net, one.exchange_rate) for one in shares] == [
            ("CHF", Decimal("1.61"), FRANC.rate),
            ("EUR", Decimal("1.50"), None),
        ]
        assert charges[0].quantity == 6

    def test_tops_up_to_the_minimum(self):
        terms = FeeTerms(currency="EUR", per_session=Decimal("0.05"), minimum=Decimal(25))

        charges = charge(terms, [activity()], conversions={})

        assert [(one.rule, one.net) for one in charges][1:] == [(FeeRule.MINIMUM, Decimal("24.85"))]

    def test_charges_the_minimum_alone_where_nothing_happened(self):
        (one,) = charge(FeeTerms(currency="EUR", minimum=Decimal(25)), [], conversions={})

        assert (one.rule, one.net) == (FeeRule.MINIMUM, Decimal("25.00"))

    def test_charges_nothing_for_nothing(self):
        assert charge(TERMS, [], conversions={}) == []

    @given(sessions=st.integers(-99, 99), net=st.decimals(-999, 999, places=2), energy=st.decimals(-999, 999, places=3))
    def test_what_is_taken_back_costs_nothing(self, sessions, net, energy):
        forth = Activity(currency="EUR", sessions=sessions, energy=energy, net=net)
        back = Activity(currency="EUR", sessions=-sessions, energy=-energy, net=-net)

        charges = charge(TERMS, [forth], conversions={"EUR": EURO}) + charge(TERMS, [back], conversions={"EUR": EURO})

        assert sum(one.net for one in charges) == 0
        assert charge(TERMS, [forth, back], conversions={"EUR": EURO}) == []
