from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection

from invoicing import issue
from invoicing.document import InvoiceError
from invoicing.issue import cancel, issue_for
from invoicing.models import Invoice, Issuer, Mailing, Series
from invoicing.page import lay_out
from invoicing.pdf import write_pdf
from invoicing.xml import read_totals
from settlement.models import Company, Statement
from tests.invoicing.issued import NOW, make_companies, make_invoice, make_statement
from tests.settlement.settled import CONSUMER, PROVIDER

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

    def test_of_a_french_seller_says_what_french_law_wants_to_be_said(self):
        """Penalties, the fixed sum for recovery, discount: each with its subject (BR-FR-05); in credit notes, too."""
        make_companies()
        Company.objects.filter(party=PROVIDER).update(country="FR", vat_number="FR40303265045")
        invoice = issue_for(make_statement(), now=NOW)

        note = cancel(invoice, reason="x", now=NOW)

        document = invoice.get_document()
        assert [one.subject for one in document.legal_notes] == ["PMD", "PMT", "AAB"]
        assert "40 EUR" in document.legal_notes[1].text
        assert {one.text for one in document.legal_notes} <= set(lay_out(document)["notes"])
        assert note.get_document().legal_notes == document.legal_notes

    def test_of_another_seller_says_none_of_it(self):
        assert make_invoice().get_document().legal_notes == ()

    def test_is_due_as_many_days_after_it_as_the_statement_gives(self):
        make_companies()
        statement = make_statement(terms={"payment_days": 14})

        invoice = issue_for(statement, now=NOW + timedelta(days=20))

        assert invoice.due_date - invoice.issue_date == timedelta(days=14)

    def test_gives_the_one_that_stands_when_asked_again(self):
        invoice = make_invoice()

        assert issue_for(invoice.statement, now=NOW + timedelta(days=1)) == invoice
        assert Invoice.objects.count() == 1

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
