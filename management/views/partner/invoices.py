"""A partner's own invoices: those that its parties issue and those that they receive."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from invoicing.models import Invoice
from management.partner_auth import PartnerView
from management.partner_scopes import PartnerScope
from management.views.invoices import INVOICES, ReadsInvoices


class PartnerInvoiceViewSet(PartnerView, ReadsInvoices):
    """What the hub issued in the name of your parties, and what it issued to them. Newest first."""

    queryset = Invoice.objects.none()  # names the model for the documentation; see get_queryset
    read_scope = PartnerScope.INVOICES_READ

    def get_queryset(self) -> QuerySet[Invoice, Any]:
        return INVOICES.for_parties(self.sides)
