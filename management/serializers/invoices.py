"""Invoices as the API shows them. Amounts are text in the currency's form."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from invoicing.models import Blocked, Invoice, Mailing
from management.serializers.settlement import AmountField
from management.serializers.strict import StrictSerializer
from management.serializers.traffic import KeyField


class FileSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    sha256 = serializers.CharField()


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    kind = serializers.CharField(read_only=True, help_text="invoice, credit_note or fee_invoice.")
    issuer = KeyField(read_only=True)
    recipient = KeyField(read_only=True)
    statement = serializers.CharField(source="statement.reference", read_only=True)
    statement_id = serializers.IntegerField(read_only=True)
    cancels = serializers.CharField(
        source="cancels.number", read_only=True, default=None, help_text="The invoice that this credit note takes back."
    )
    cancelled_by = serializers.CharField(source="cancelled_by.number", read_only=True, default=None)
    net = AmountField()
    vat = AmountField()
    total = AmountField()
    due = AmountField(help_text="The total and the rounding of VAT per session: what the statement says.")
    signed_due = AmountField(help_text="As `due`; below zero for credit notes.")
    mailed_at = serializers.DateTimeField(source="mailing.sent_at", read_only=True, default=None)
    files = FileSerializer(many=True, read_only=True)

    class Meta:
        model = Invoice
        fields = [
            "id",
            "number",
            "kind",
            "issuer",
            "recipient",
            "statement",
            "statement_id",
            "cancels",
            "cancelled_by",
            "reason",
            "language",
            "currency",
            "net",
            "vat",
            "total",
            "due",
            "signed_due",
            "issue_date",
            "due_date",
            "period_start",
            "period_end",
            "issued_at",
            "mailed_at",
            "files",
        ]
        read_only_fields = fields


class InvoiceRowSerializer(InvoiceSerializer):
    """For CSV: a cell each."""

    class Meta(InvoiceSerializer.Meta):
        fields = [name for name in InvoiceSerializer.Meta.fields if name != "files"]
        read_only_fields = fields


class MailingSerializer(serializers.ModelSerializer[Mailing]):
    class Meta:
        model = Mailing
        fields = ["state", "address", "attempts", "due_at", "sent_at", "last_error"]
        read_only_fields = fields


class StaffInvoiceSerializer(InvoiceSerializer):
    mailing = MailingSerializer(read_only=True, default=None)

    class Meta(InvoiceSerializer.Meta):
        fields = [*InvoiceSerializer.Meta.fields, "mailing"]
        read_only_fields = fields


class CancelSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=200, help_text="Printed on the credit note.")


class IssueSerializer(StrictSerializer):
    statement = serializers.CharField(max_length=64, help_text="Its reference.")


class BlockedSerializer(serializers.ModelSerializer[Blocked]):
    statement = serializers.CharField(source="statement.reference", read_only=True)

    class Meta:
        model = Blocked
        fields = ["statement", "problem", "since", "tried_at"]
        read_only_fields = fields
