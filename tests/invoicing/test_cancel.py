from __future__ import annotations

import pytest

from invoicing.document import InvoiceError
from invoicing.issue import cancel, issue_for
from invoicing.models import Invoice
from tests.invoicing.issued import NOW, make_invoice

pytestmark = pytest.mark.django_db


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
