"""What the database holds of an invoice, and who may see it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from invoicing.models import Invoice, InvoiceFile
from parties.sides import Sides
from tests.invoicing.issued import make_invoice
from tests.settlement.settled import CONSUMER, PROVIDER

pytestmark = pytest.mark.django_db


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
