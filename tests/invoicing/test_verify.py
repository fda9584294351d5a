from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from invoicing.issue import cancel
from invoicing.models import Invoice, InvoiceFile, Series
from invoicing.verify import find_faults
from tests.invoicing.issued import NOW, make_companies, make_invoice, make_statement

pytestmark = pytest.mark.django_db


@contextmanager
def tampering(*tables: str) -> Iterator[None]:
    """As somebody with the database's own password could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_kept")
    yield


class TestFindFaults:
    def test_finds_none_in_what_was_issued(self):
        cancel(make_invoice(), reason="x", now=NOW)

        assert list(find_faults()) == []

    def test_looks_for_no_xml_where_there_cannot_be_one(self):
        invoice = make_invoice(currency="KWD", total_cost=Decimal("4.123"), total_cost_incl=Decimal("4.989"))

        assert list(find_faults()) == []
        assert [file.kind for file in invoice.files.all()] == ["pdf"]

        with tampering("invoicing_invoice"):
            Invoice.objects.update(due=1)
        assert list(find_faults()) == ["NLCPO2027-000001: row, document and XML say different sums"]

    def test_looks_at_an_xml_of_a_currency_that_was_withdrawn_since(self, monkeypatch: pytest.MonkeyPatch):
        make_invoice()
        monkeypatch.setattr("invoicing.document.IN_USE", frozenset())
        assert list(find_faults()) == []

        with tampering("invoicing_invoicefile"):
            InvoiceFile.objects.filter(kind="xml").update(content=b"<other/>")

        assert list(find_faults()) == ["NLCPO2027-000001: its xml is not what was issued"]

    def test_finds_changed_bytes(self):
        make_invoice()
        with tampering("invoicing_invoicefile"):
            InvoiceFile.objects.filter(kind="pdf").update(content=b"%PDF other")

        assert list(find_faults()) == ["NLCPO2027-000001: its pdf is not what was issued"]

    def test_finds_a_changed_sum(self):
        make_invoice()
        with tampering("invoicing_invoice"):
            Invoice.objects.update(due=1)

        assert list(find_faults()) == ["NLCPO2027-000001: row, document and XML say different sums"]

    def test_finds_a_changed_document(self):
        invoice = make_invoice()
        with tampering("invoicing_invoice"):
            Invoice.objects.update(document=invoice.document.replace('"total":"10', '"total":"11'))

        (fault,) = find_faults()

        assert "does not add up" in fault

    def test_finds_a_missing_number(self):
        note = cancel(make_invoice(), reason="x", now=NOW)
        with tampering("invoicing_invoice", "invoicing_invoicefile"):
            note.files.all().delete()
            note.delete()

        assert list(find_faults()) == ["series nlcpo 2027: 2: 1 invoices, from 1 to 1"]

    def test_finds_a_missing_series(self):
        make_invoice()
        with tampering("invoicing_series"):
            Series.objects.all().delete()

        assert list(find_faults()) == ["no series of nlcpo 2027, but invoices"]


class TestCommands:
    def test_issue_what_is_closed(self, capsys: pytest.CaptureFixture[str]):
        make_companies()
        make_statement()

        call_command("issue_invoices")
        call_command("verify_invoices")

        said = capsys.readouterr().out
        assert "1 invoices issued." in said
        assert "1 invoices are what was issued; no number is missing." in said

    def test_say_what_is_in_the_way(self, capsys: pytest.CaptureFixture[str]):
        statement = make_statement()

        call_command("issue_invoices")

        assert "has no company" in capsys.readouterr().err
        with pytest.raises(CommandError, match="has no company"):
            call_command("issue_invoices", str(statement))
        with pytest.raises(CommandError, match="no closed statement"):
            call_command("issue_invoices", "nothing")

    def test_fail_when_something_is_not_as_issued(self):
        make_invoice()
        with tampering("invoicing_invoice"):
            Invoice.objects.update(due=1)

        with pytest.raises(CommandError, match="different sums"):
            call_command("verify_invoices")
