from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from unittest.mock import Mock

import pytest
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction

from invoicing import issue
from invoicing.document import InvoiceDocument, InvoiceError
from invoicing.issue import cancel, issue_for, issue_pending
from invoicing.models import Blocked, Invoice, InvoiceFile, Issuer, Mailing, Series
from invoicing.page import lay_out
from invoicing.pdf import TooManyLines, write_pdf
from invoicing.xml import read_totals
from management.attention import get_notices
from parties.sides import Sides
from settlement.models import Company, ExchangeRate, Statement, VatRate
from tests.invoicing.issued import NOW, make_companies, make_invoice, make_statement
from tests.settlement.settled import (
    CONSUMER,
    IN_DECEMBER,
    PROVIDER,
    close_month,
    store_company,
    store_credit_of,
    store_ready,
)

pytestmark = pytest.mark.django_db


class TestIssueFor:
    def test_makes_an_invoice_of_what_a_statement_says(self):
        make_companies()
        statement = make_statement("one", "two")

        invoice = issue_for(statement, now=NOW)

        assert (invoice.kind, invoice.number, invoice.sequence) == ("invoice", "NLCPO2027-000001", 1)
        assert (invoice.issuer, invoice.recipient) == (PROVIDER, CONSUMER)
        assert (invoice.net, invoice.due) == (statement.net, statement.gross)
        assert (invoice.period_start, invoice.period_end) == (date(2026, 11, 1), date(2026, 11, 30))
        assert (invoice.issue_date, invoice.due_date) == (date(2027, 1, 4), date(2027, 2, 3))
        assert invoice.language == "nl"

    def test_keeps_page_and_xml_with_their_digests(self):
        invoice = make_invoice()

        for file in invoice.files.all():
            assert hashlib.sha256(bytes(file.content)).hexdigest() == file.sha256
        assert read_totals(invoice.get_file("xml")).due == invoice.due
        assert invoice.get_file("pdf").startswith(b"%PDF-1.")

    def test_says_dinars_to_the_third_decimal_on_paper_alone(self):
        invoice = make_invoice(currency="KWD", total_cost=Decimal("4.123"), total_cost_incl=Decimal("4.989"))

        assert (invoice.net, invoice.vat, invoice.due) == (Decimal("8.246"), Decimal("1.732"), Decimal("9.978"))
        assert list(invoice.files.values_list("kind", flat=True)) == ["pdf"]
        assert "EN 16931" in lay_out(invoice.get_document())["footer"]
        assert b"factur-x.xml" not in invoice.get_file("pdf")

    def test_says_yen_without_decimals(self):
        invoice = make_invoice(currency="JPY", total_cost=Decimal(412), total_cost_incl=Decimal(499))

        assert (invoice.net, invoice.due) == (Decimal(824), Decimal(998))
        assert b"<ram:DuePayableAmount>998</ram:DuePayableAmount>" in invoice.get_file("xml")

    @pytest.mark.parametrize(("chosen", "language"), [("en", "en"), ("", "nl"), ("it", "it")])
    def test_is_in_the_language_that_the_company_chose_else_its_countrys(self, chosen: str, language: str):
        make_companies(language=chosen)

        assert issue_for(make_statement(), now=NOW).language == language

    def test_keeps_what_they_were_made_from(self):
        invoice = make_invoice()

        again = write_pdf(invoice.get_document(), xml=invoice.get_file("xml"))

        assert again == invoice.get_file("pdf")

    def test_says_that_the_hub_issues_it_for_the_seller(self):
        document = make_invoice().get_document()

        assert document.issued_by == "Roaming Hub"
        assert "in naam en voor rekening van NLCPO B.V." in document.notes[0]

    def test_charges_no_vat_between_two_states_of_the_eu(self):
        document = make_invoice(domestic=False).get_document()

        (group,) = document.vat
        assert (group.category.value, group.amount) == ("AE", Decimal(0))
        assert document.language == "fr"
        assert "Autoliquidation" in document.vat[0].reason

    def test_is_due_as_many_days_after_it_as_the_statement_gives(self):
        make_companies()
        statement = make_statement(terms={"payment_days": 14})

        invoice = issue_for(statement, now=NOW + timedelta(days=20))

        assert invoice.due_date - invoice.issue_date == timedelta(days=14)

    def test_gives_the_one_that_stands_when_asked_again(self):
        invoice = make_invoice()

        assert issue_for(invoice.statement, now=NOW + timedelta(days=1)) == invoice
        assert Invoice.objects.count() == 1

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

    def test_says_what_is_due_in_the_currency_of_settlement(self):
        ExchangeRate.objects.create(date=date(2026, 11, 30), currency="CHF", rate=Decimal("0.93"))
        make_companies()
        statement = make_statement(terms={"settlement_currency": "CHF"})

        converted = issue_for(statement, now=NOW).get_document().converted

        assert converted is not None
        assert (converted.currency, converted.total) == ("CHF", statement.settlement_gross)

    @pytest.mark.parametrize("party", [PROVIDER, CONSUMER])
    def test_needs_the_companies_of_both(self, party: str):
        make_companies()
        statement = make_statement()
        statement.seller_company, statement.buyer_company = {}, {}
        Company.objects.filter(party=party).delete()

        with pytest.raises(InvoiceError, match="enter its name"):
            issue_for(statement, now=NOW)
        assert not Series.objects.exists()

    def test_takes_what_a_company_has_put_right_since(self):
        make_companies()
        statement = make_statement()
        Company.objects.filter(party=CONSUMER).update(street="New street 2")

        assert issue_for(statement, now=NOW).get_document().buyer.street == "New street 2"

    def test_refuses_a_draft(self):
        with pytest.raises(InvoiceError, match="not closed"):
            issue_for(Statement(state=Statement.State.DRAFT), now=NOW)

    def test_issues_nothing_in_the_name_of_who_does_not_want_it(self):
        make_companies()
        statement = make_statement()
        Issuer.objects.create(party=PROVIDER, is_active=False, changed_at=NOW)

        with pytest.raises(InvoiceError, match="wants no invoices"):
            issue_for(statement, now=NOW)

    def test_writes_numbers_as_the_issuer_wants(self):
        Issuer.objects.create(party=PROVIDER, prefix="RE-", pattern="{prefix}{year}/{number:04d}", changed_at=NOW)

        invoice = make_invoice()

        assert (invoice.number, invoice.file_name) == ("RE-2027/0001", "RE-2027-0001")

    def test_writes_a_prefix_in_place_of_the_party(self):
        Issuer.objects.create(party=PROVIDER, prefix="RE", changed_at=NOW)

        assert make_invoice().number == "RE2027-000001"

    def test_refuses_a_number_that_another_pattern_gave_before(self, monkeypatch: pytest.MonkeyPatch):
        invoice = make_invoice()
        monkeypatch.setattr(issue, "fill_pattern", lambda *_, **__: invoice.number)

        with pytest.raises(InvoiceError, match="given before"):
            cancel(invoice, reason="x", now=NOW)

    def test_writes_nothing_when_the_page_cannot_be_drawn(self, monkeypatch: pytest.MonkeyPatch):
        def fail(*_: object, **__: object) -> bytes:
            raise RuntimeError("no page")

        make_companies()
        statement = make_statement()
        monkeypatch.setattr(issue, "write_pdf", fail)

        with pytest.raises(RuntimeError, match="no page"):
            issue_for(statement, now=NOW)
        assert not Invoice.objects.exists()
        assert not Series.objects.exists()

    def test_waits_to_be_sent_where_there_is_a_mail_server(self, settings):
        settings.HUB_INVOICE_EMAILS = True

        invoice = make_invoice()

        assert invoice.mailing.state == Mailing.State.WAITING


@pytest.mark.django_db(transaction=True)
class TestIssueForConcurrently:
    def test_gives_two_workers_one_invoice(self):
        make_companies()
        statement = make_statement()

        def work(_: int) -> int:
            try:
                return issue_for(statement, now=NOW).pk
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as pool:
            found = set(pool.map(work, range(3)))

        assert len(found) == Invoice.objects.count() == 1


class TestCancel:
    def test_credits_the_whole_invoice(self):
        invoice = make_invoice()

        note = cancel(invoice, reason="wrong address", now=NOW)

        assert (note.kind, note.due, note.cancels) == ("credit_note", invoice.due, invoice)
        document = note.get_document()
        assert document.lines == invoice.get_document().lines
        assert document.preceding is not None
        assert document.preceding.number == invoice.number
        assert "wrong address" in document.notes[0]

    def test_lets_the_statement_be_invoiced_anew(self):
        invoice = make_invoice()
        cancel(invoice, reason="wrong address", now=NOW)

        anew = issue_for(invoice.statement, now=NOW)

        assert (anew.attempt, anew.sequence, anew.due) == (2, 3, invoice.due)
        assert list(Invoice.objects.standing()) == [anew]

    def test_is_done_once(self):
        invoice = make_invoice()
        note = cancel(invoice, reason="x", now=NOW)

        with pytest.raises(InvoiceError, match="cancelled already"):
            cancel(invoice, reason="x", now=NOW)
        with pytest.raises(InvoiceError, match="cancellation itself"):
            cancel(note, reason="x", now=NOW)

    def test_takes_no_reason_that_cannot_be_printed(self):
        invoice = make_invoice()

        with pytest.raises(InvoiceError, match="cannot be printed"):
            cancel(invoice, reason="soft\x0bbreak", now=NOW)


class TestIssuePending:
    def test_issues_what_is_closed_and_nothing_twice(self):
        make_companies()
        make_statement()

        assert [issue_pending(now=NOW), issue_pending(now=NOW)] == [1, 0]

    def test_writes_down_what_is_missing_and_tries_again(self):
        store_company(CONSUMER, country="NL")
        statement = make_statement()

        assert issue_pending(now=NOW) == 0
        blocked = Blocked.objects.get()
        assert (blocked.statement, blocked.since) == (statement, NOW)
        assert "NL*CPO has no company" in blocked.problem
        notices = [notice.text for notice in get_notices(may_see=lambda model: True, lags={}, now=NOW)]
        assert "1 statement without an invoice: see what is missing." in notices

        store_company(PROVIDER, vat_number="NL123456782B90")
        assert issue_pending(now=NOW + timedelta(minutes=1)) == 0
        assert issue_pending(now=NOW + timedelta(minutes=11)) == 1
        assert not Blocked.objects.exists()

    @pytest.mark.parametrize("fault", [RuntimeError("no page"), TooManyLines("520 lines"), DataError("overflow")])
    def test_lets_no_statement_keep_others_from_theirs(self, monkeypatch: pytest.MonkeyPatch, fault: Exception):
        make_companies()
        bad = make_statement("one")
        store_company("decpx", vat_number="DE136695976")
        store_ready("two", owner="decpx")
        close_month(provider="decpx")
        write = issue.write_pdf

        def fail(document: InvoiceDocument, *, xml: bytes | None) -> bytes:
            if document.statement == bad.reference:
                raise fault
            return write(document, xml=xml)

        monkeypatch.setattr(issue, "write_pdf", fail)

        assert issue_pending(now=NOW) == 1
        assert Blocked.objects.get().statement == bad

    def test_leaves_it_to_the_next_run_when_the_database_is_away(self, monkeypatch: pytest.MonkeyPatch):
        make_companies()
        make_statement()
        monkeypatch.setattr(issue, "write_pdf", Mock(side_effect=OperationalError("gone")))

        with pytest.raises(OperationalError):
            issue_pending(now=NOW)

    def test_does_not_issue_by_itself_what_was_cancelled(self):
        cancel(make_invoice(), reason="x", now=NOW)

        assert issue_pending(now=NOW) == 0

    def test_leaves_out_who_wants_none(self):
        make_companies()
        make_statement()
        Issuer.objects.create(party=PROVIDER, is_active=False, changed_at=NOW)

        assert issue_pending(now=NOW) == 0
        assert not Blocked.objects.exists()


class TestInvoice:
    def test_never_changes(self):
        invoice = make_invoice()

        for deed in (
            lambda: Invoice.objects.update(number="other"),
            lambda: Invoice.objects.all().delete(),
            lambda: InvoiceFile.objects.update(content=b""),
            lambda: InvoiceFile.objects.filter(invoice=invoice).delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                deed()

    def test_adds_up_in_the_database_too(self):
        invoice = make_invoice()
        invoice.pk, invoice.sequence, invoice.number, invoice.attempt = None, 9, "x", 9
        invoice.total += 1

        with pytest.raises(IntegrityError, match="invoice_adds_up"):
            invoice.save(force_insert=True)

    @pytest.mark.parametrize(
        ("owners", "token_owners", "count"),
        [
            ([PROVIDER], [], 1),
            ([], [CONSUMER], 1),
            ([CONSUMER], [PROVIDER], 0),  # the same ids in the other role may be on another platform
            (["decpx"], ["itmsp"], 0),
            ([], [], 0),
        ],
    )
    def test_is_seen_by_its_two_parties_alone(self, owners: list[str], token_owners: list[str], count: int):
        make_invoice()
        sides = Sides(owners=frozenset(owners), token_owners=frozenset(token_owners))

        assert Invoice.objects.for_parties(sides).count() == count
