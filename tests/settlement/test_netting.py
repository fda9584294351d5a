from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from settlement.netting import Debt, net

NOVEMBER = date(2026, 11, 30)
PARTIES = ("nlcpo", "frmsp", "decpo")


def debt(debtor: str, creditor: str, amount: str, *, currency: str = "EUR", last_day: date = NOVEMBER) -> Debt:
    return Debt(
        debtor=debtor,
        creditor=creditor,
        currency=currency,
        last_day=last_day,
        amount=Decimal(amount),
        reference=f"{creditor}-{debtor}-{currency}-{amount}",
    )


@st.composite
def debts(draw: st.DrawFn) -> Debt:
    debtor, creditor = draw(st.permutations(PARTIES))[:2]
    amount = draw(st.decimals(-9999, 9999, places=2))
    return debt(debtor, creditor, str(amount), currency=draw(st.sampled_from(["EUR", "CHF"])))


class TestNet:
    def test_sets_off_what_two_owe_each_other(self):
        (netting,) = net([debt("frmsp", "nlcpo", "100.00"), debt("nlcpo", "frmsp", "30.01")])

        assert (netting.debtor, netting.creditor, netting.amount) == ("frmsp", "nlcpo", Decimal("69.99"))
        assert (netting.owed, netting.owing) == (Decimal("100.00"), Decimal("30.01"))
        assert netting.references == ("frmsp-nlcpo-EUR-30.01", "nlcpo-frmsp-EUR-100.00")

    def test_turns_round_a_negative_statement(self):
        (netting,) = net([debt("frmsp", "nlcpo", "-5.00")])

        assert (netting.debtor, netting.amount) == ("nlcpo", Decimal("5.00"))

    def test_keeps_currencies_and_periods_apart(self):
        october = date(2026, 10, 31)
        found = net(
            [
                debt("frmsp", "nlcpo", "1"),
                debt("nlcpo", "frmsp", "1", currency="CHF"),
                debt("nlcpo", "frmsp", "1", last_day=october),
            ]
        )

        assert len(found) == 3

    @given(st.lists(debts(), max_size=30))
    def test_leaves_every_party_with_what_it_had(self, found):
        def balance(party: str, currency: str, owed: list) -> Decimal:
            mine = [one for one in owed if one.currency == currency]
            return sum((one.amount * ((one.creditor == party) - (one.debtor == party)) for one in mine), Decimal(0))

        nettings = net(found)

        assert all(netting.amount >= 0 for netting in nettings)
        for party in PARTIES:
            for currency in ("EUR", "CHF"):
                assert balance(party, currency, found) == balance(party, currency, nettings)
