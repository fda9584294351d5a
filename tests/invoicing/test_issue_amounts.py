"""What an issued invoice says is due, and of what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from invoicing.issue import issue_for
from invoicing.page import lay_out
from settlement.models import ExchangeRate, VatRate
from tests.invoicing.issued import NOW, make_companies, make_invoice, make_statement
from tests.settlement.settled import IN_DECEMBER, IN_OCTOBER, close_month, store_credit_of, store_ready

pytestmark = pytest.mark.django_db


class TestIssueFor:
    def test_says_dinars_to_the_third_decimal_on_paper_alone(self):
        invoice = make_invoice(currency="KWD", total_cost=Decimal("4.123"), total_cost_incl=Decimal("4.989"))

        assert (invoice.net, invoice.vat, invoice.due) == (Decimal("8.246"), Decimal("1.732"), Decimal("9.978"))
        assert list(invoice.files.values_list("kind", flat=True)) == ["pdf"]
        assert "EN 16931" in lay_out(invoice.get_document())["footer"]
        assert b"factur-x.xml" not in invoice.get_file("pdf")

    @pytest.mark.parametrize("currency", ["BGN", "ABC"])
    def test_says_a_currency_that_en_16931_has_not_on_paper_alone(self, currency: str):
        """Its XML would be refused wherever it goes (BR-CL-04)."""
        invoice = make_invoice(currency=currency)

        assert (invoice.currency, invoice.due) == (currency, Decimal("10.16"))
        assert list(invoice.files.values_list("kind", flat=True)) == ["pdf"]
        assert "geen van die EN 16931 kent" in lay_out(invoice.get_document())["footer"]

    def test_says_yen_without_decimals(self):
        invoice = make_invoice(currency="JPY", total_cost=Decimal(412), total_cost_incl=Decimal(499))

        assert (invoice.net, invoice.due) == (Decimal(824), Decimal(998))
        assert b"<ram:DuePayableAmount>998</ram:DuePayableAmount>" in invoice.get_file("xml")

    def test_charges_no_vat_between_two_states_of_the_eu(self):
        document = make_invoice(domestic=False).get_document()

        (group,) = document.vat
        assert (group.category.value, group.amount) == ("AE", Decimal(0))
        assert document.language == "fr"
        assert "Autoliquidation" in document.vat[0].reason

    def test_sums_up_sessions_of_one_rate(self):
        make_companies()
        statement = make_statement("one", "two", "three")

        (line,) = issue_for(statement, now=NOW).get_document().lines

        assert line.detail == "3 laadsessies"
        assert (line.net, line.unit, line.quantity) == (Decimal("12.60"), "KWH", statement.energy)

    def test_counts_a_session_billed_credited_and_billed_anew_once(self):
        make_companies()
        wrong = store_ready("wrong")
        store_credit_of(wrong, "credit")
        store_ready("right")
        (statement,) = close_month()

        (line,) = issue_for(statement, now=NOW).get_document().lines

        assert line.detail == f"{statement.session_count} laadsessie" == "1 laadsessie"

    def test_says_as_rounding_what_vat_per_session_differs_by(self):
        make_companies()
        VatRate.objects.update_or_create(country="NL", valid_from=date(2012, 10, 1), defaults={"rate": Decimal(21)})
        store_ready("one", total_cost=Decimal("1.01"), total_cost_incl=Decimal("1.23"))
        store_ready("two", total_cost=Decimal("1.01"), total_cost_incl=Decimal("1.23"))
        (statement,) = close_month()

        document = issue_for(statement, now=NOW).get_document()

        assert (document.vat_total, document.total, document.rounding) == (
            Decimal("0.42"),
            Decimal("2.44"),
            Decimal("0.02"),
        )
        assert document.due == statement.gross == Decimal("2.46")

    def test_says_the_rate_in_effect_where_the_stated_vat_is_of_no_rate(self):
        make_companies()
        store_ready("one", total_cost=Decimal("100"), total_cost_incl=Decimal("117.30"))
        (statement,) = close_month()

        document = issue_for(statement, now=NOW).get_document()

        assert [(group.rate, group.amount) for group in document.vat] == [(Decimal("17.3"), Decimal("17.30"))]
        assert document.due == statement.gross

    def test_makes_a_credit_note_of_a_negative_sum(self):
        make_companies()
        original = store_ready("one")
        first = close_month()[0]
        invoice = issue_for(first, now=NOW)
        store_credit_of(original, "credit", end_at=IN_DECEMBER, start_at=IN_DECEMBER)
        (second,) = close_month(IN_DECEMBER)

        note = issue_for(second, now=NOW)

        assert second.gross == -first.gross
        assert (note.kind, note.due, note.signed_due) == ("credit_note", invoice.due, -invoice.due)
        document = note.get_document()
        assert document.preceding is not None
        assert document.preceding.number == invoice.number
        assert invoice.number in document.lines[0].detail

    @pytest.mark.parametrize(
        ("told", "kind", "due"),
        [
            ([("4.194", "5.08")], "invoice", "0.00"),
            ([("4.194", "5.08"), ("4.20", "5.09")], "invoice", "0.01"),
        ],
    )
    def test_of_corrections_by_cents_may_have_less_than_nothing_as_its_total(
        self, told: list[tuple[str, str]], kind: str, due: str
    ):
        """Net of -0.01 and VAT, as it was rounded per session, of 0.01 and more: of that the rate gives nothing."""
        make_companies()
        originals = [store_ready(f"c{number}", end_at=IN_OCTOBER) for number in range(len(told))]
        close_month(IN_OCTOBER)
        for original, (net, gross) in zip(originals, told, strict=True):
            store_credit_of(original, f"k{original.object_key}")
            costs = {"total_cost": Decimal(net), "total_cost_incl": Decimal(gross)}
            store_ready(f"n{original.object_key}", session_key=original.session_key, **costs)
        (statement,) = close_month()

        invoice = issue_for(statement, now=NOW)

        assert statement.net == Decimal("-0.01")
        assert (invoice.kind, invoice.total, invoice.due) == (kind, Decimal("-0.01"), Decimal(due))
        assert invoice.due == statement.gross

    def test_says_what_is_due_in_the_currency_of_settlement(self):
        ExchangeRate.objects.create(date=date(2026, 11, 30), currency="CHF", rate=Decimal("0.93"))
        make_companies()
        statement = make_statement(terms={"settlement_currency": "CHF"})

        converted = issue_for(statement, now=NOW).get_document().converted

        assert converted is not None
        assert (converted.currency, converted.total) == ("CHF", statement.settlement_gross)
