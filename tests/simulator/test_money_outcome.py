from __future__ import annotations

from decimal import Decimal

from simulator.money_outcome import Billed, sum_by_currency


def row(currency: str, *, net: str, fee: str = "0") -> Billed:
    amounts = {"net": Decimal(net), "vat": Decimal("0.10"), "gross": Decimal(net) + Decimal("0.10")}
    return Billed(
        pair="A to B", country="NL", currency=currency, cdrs=2, kwh=Decimal("1.50"), fee=Decimal(fee), **amounts
    )


class TestSumByCurrency:
    def test_adds_up_what_the_rows_show(self) -> None:
        totals = sum_by_currency([row("EUR", net="0.10", fee="0.05"), row("CHF", net="7"), row("EUR", net="0.20")])

        assert [one.currency for one in totals] == ["CHF", "EUR"]
        assert (totals[1].cdrs, totals[1].kwh, totals[1].fee) == (4, Decimal("3.00"), Decimal("0.05"))
        assert (totals[1].net, totals[1].vat, totals[1].gross) == (Decimal("0.30"), Decimal("0.20"), Decimal("0.50"))
