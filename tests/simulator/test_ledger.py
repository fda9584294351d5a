from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from simulator.billing import build_credit
from simulator.cast import Terms
from simulator.ledger import Place, Sums, charge, get_outside, sum_up
from simulator.month import Month

MONTH = Month.before(datetime(2026, 11, 28, tzinfo=UTC), zone="Europe/Amsterdam")
NL_FR = Place(seller="NL*CPO", buyer="FR*MSP", country="NL", currency="EUR")


def cdr(cdr_id: str, *, net: str, gross: str, kwh: str = "10.00", end: str = "2026-10-10T12:00:00Z") -> dict[str, Any]:
    return {
        "country_code": "NL",
        "party_id": "CPO",
        "id": cdr_id,
        "end_date_time": end,
        "cdr_token": {"country_code": "FR", "party_id": "MSP"},
        "cdr_location": {"country": "NLD"},
        "currency": "EUR",
        "total_energy": Decimal(kwh),
        "total_cost": {"excl_vat": Decimal(net), "incl_vat": Decimal(gross)},
    }


def credit(original: dict[str, Any]) -> dict[str, Any]:
    return build_credit(original, cdr_id=f"{original['id']}-C", updated="2026-11-28T12:00:00Z")


def reckon(*documents: dict[str, Any], held: tuple[str, ...] = (), vat: bool = False) -> dict[Place, Sums]:
    same = {("NL*CPO", "FR*MSP")} if vat else set()
    return sum_up(documents, month=MONTH, held=held, same_country=same)


class TestGetOutside:
    def test_goes_by_the_end_whenever_and_however_it_was_started(self) -> None:
        """Two hours before half past midnight on the first, a session by command is still of the month."""
        documents = [
            cdr("LAST", net="1.00", gross="1.21", end="2026-10-31T22:59:59Z"),
            cdr("FIRST", net="1.00", gross="1.21", end="2026-10-31T23:00:00Z"),
            cdr("EARLIER", net="1.00", gross="1.21", end="2026-09-30T21:59:59Z"),
        ]

        assert get_outside(documents, month=MONTH) == {"FIRST", "EARLIER"}


class TestSumUp:
    def test_rounds_each_line_once_half_away_from_zero(self) -> None:
        found = reckon(cdr("A", net="1.0050", gross="1.2161"), cdr("B", net="1.0050", gross="1.2161"), vat=True)

        assert found[NL_FR].net == Decimal("2.02")
        assert (found[NL_FR].vat, found[NL_FR].gross) == (Decimal("0.42"), Decimal("2.44"))

    def test_charges_no_vat_across_a_border(self) -> None:
        found = reckon(cdr("A", net="10.00", gross="12.10"))

        assert (found[NL_FR].net, found[NL_FR].vat, found[NL_FR].gross) == (Decimal(10), Decimal(0), Decimal(10))

    def test_a_credit_leaves_nothing_of_its_original(self) -> None:
        original = cdr("A", net="7.7750", gross="9.4078")

        found = reckon(original, credit(original), vat=True)

        assert found[NL_FR] == Sums(cdrs=2, sessions=0)

    def test_leaves_out_what_is_held_and_what_ended_in_another_month(self) -> None:
        found = reckon(
            cdr("A", net="1.00", gross="1.21"),
            cdr("B", net="1.00", gross="1.21"),
            cdr("C", net="1.00", gross="1.21", end="2026-10-31T23:00:00Z"),
            cdr("D", net="1.00", gross="1.21", end="2026-09-30T21:59:59Z"),
            held=("B",),
        )

        assert found[NL_FR].cdrs == 1

    def test_keeps_currencies_and_countries_apart(self) -> None:
        other = cdr("B", net="1.00", gross="1.21") | {"currency": "CHF"}
        abroad = cdr("C", net="1.00", gross="1.21") | {"cdr_location": {"country": "BEL"}}

        assert len(reckon(cdr("A", net="1.00", gross="1.21"), other, abroad)) == 3


class TestCharge:
    def test_rounds_each_rule_and_bills_each_payer_in_full(self) -> None:
        terms = Terms(provider="NL*CPO", consumer="FR*MSP", per_session="0.08", per_kwh="0.004", payer="both")
        sums = [Sums(sessions=3, kwh=Decimal("101.25"), net=Decimal(40))]

        fees = charge(terms, sums, taxed={"NL*CPO"}, vat="21")

        seen = [(fee.payer, fee.currency, fee.net, fee.vat) for fee in fees]
        assert seen == [
            ("NL*CPO", "EUR", Decimal("0.65"), Decimal("0.14")),
            ("FR*MSP", "EUR", Decimal("0.65"), Decimal(0)),
        ]

    def test_adds_what_is_missing_to_the_minimum(self) -> None:
        terms = Terms(provider="NL*CPO", consumer="FR*MSP", percentage="1.5", minimum="5")

        assert [fee.net for fee in charge(terms, [Sums(net=Decimal(100))], taxed=(), vat="21")] == [5]
        assert [fee.net for fee in charge(terms, [Sums(net=Decimal(1000))], taxed=(), vat="21")] == [15]
