"""Invoices as issued: rows that never change (triggers of migration 0002), and what is still done with them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from invoicing.document import InvoiceDocument, Kind
from invoicing.numbers import Series as Series
from invoicing.patterns import LONGEST, LONGEST_PREFIX, WITH_PREFIX, InvalidPattern, check_pattern
from ocpi.calls import PartyId
from parties.sides import Sides
from settlement.models import Statement
from settlement.statement import Kind as StatementKind
from settlement.terms import check_party_key


def validate_pattern(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except InvalidPattern as e:
        raise ValidationError(str(e)) from e


class Issuer(models.Model):
    """In whose name the hub invoices, and how it writes the numbers. Parties without a row: as the settings say."""

    party = models.CharField(max_length=5, unique=True, db_collation="C", validators=[check_party_key])
    is_active = models.BooleanField(default=True, help_text="Off: the hub issues no invoices in its name.")
    prefix = models.CharField(
        max_length=LONGEST_PREFIX,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[A-Za-z0-9/-]*$", "letters, digits, hyphens and slashes only")],
    )
    pattern = models.CharField(
        max_length=60,
        blank=True,
        default="",
        validators=[validate_pattern],
        help_text="As {prefix}{year}-{number:06d}; {party} may stand in it, too. Empty: as for all.",
    )
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(PartyId.of_key(self.party))

    # Queries

    @classmethod
    def get_for(cls, party: str) -> Issuer:
        """Its row, or an unsaved one with the defaults."""
        return cls.objects.filter(party=party).first() or cls(party=party)

    # Properties

    @property
    def effective_pattern(self) -> str:
        """A prefix without a pattern takes the place of the party."""
        return self.pattern or (WITH_PREFIX if self.prefix else settings.HUB_INVOICE_NUMBER)


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def for_parties(self, sides: Sides) -> Self:
        """What they bill or are billed for charging, by role; the hub's fees. Every query of a partner starts here.

        Fees are billed to a company, which a party's id names whatever the role.
        """
        of_sessions = Q(statement__kind=StatementKind.CDR) & sides.match(owner="issuer", token_owner="recipient")
        payers = sorted(sides.owners | sides.token_owners)
        return self.filter(of_sessions | Q(statement__kind=StatementKind.FEE, recipient__in=payers))

    def standing(self) -> InvoiceQuerySet:
        """Neither cancelled nor itself a cancellation."""
        return self.filter(cancels=None, cancelled_by=None)


class Invoice(models.Model):
    """An invoice or credit note. What is due is never below zero: the kind says who owes whom."""

    issuer = models.CharField(max_length=5, db_collation="C")  # the seller, in whose series it is numbered
    recipient = models.CharField(max_length=5, db_collation="C")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value.replace("_", " ")) for kind in Kind])
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=LONGEST)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="invoices")
    attempt = models.PositiveSmallIntegerField(default=1, help_text="Above 1: the one before it was cancelled.")
    cancels = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="cancelled_by")
    reason = models.CharField(max_length=200, blank=True, default="", help_text="Of a cancellation.")
    language = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    net = models.DecimalField(max_digits=20, decimal_places=4)
    vat = models.DecimalField(max_digits=20, decimal_places=4)
    total = models.DecimalField(max_digits=20, decimal_places=4)
    due = models.DecimalField(max_digits=20, decimal_places=4)  # the total, and the rounding of VAT per session
    issue_date = models.DateField()
    due_date = models.DateField()
    period_start = models.DateField()
    period_end = models.DateField()
    document = models.TextField()  # `InvoiceDocument` as JSON: what page and XML were made from
    issued_at = models.DateTimeField()

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "year", "sequence"], name="invoice_sequence"),
            models.UniqueConstraint(fields=["issuer", "number"], name="invoice_number"),
            models.UniqueConstraint(
                fields=["statement", "attempt"], name="invoice_of_statement", condition=Q(cancels=None)
            ),
            models.CheckConstraint(condition=Q(total=F("net") + F("vat")), name="invoice_adds_up"),
            models.CheckConstraint(condition=Q(due__gte=0), name="invoice_not_negative"),
            models.CheckConstraint(condition=Q(sequence__gte=1, attempt__gte=1), name="invoice_counts_from_one"),
        ]
        indexes = [
            models.Index(fields=["issuer", "-issued_at"], name="invoice_issuer"),
            models.Index(fields=["recipient", "-issued_at"], name="invoice_recipient"),
            models.Index(fields=["-issued_at", "-id"], name="invoice_recent"),
        ]

    def __str__(self) -> str:
        return self.number

    # Queries

    def get_document(self) -> InvoiceDocument:
        """Checked again as it is read."""
        return msgspec.json.decode(self.document, type=InvoiceDocument)

    def get_file(self, kind: str) -> bytes:
        return bytes(self.files.get(kind=kind).content)

    # Properties

    @property
    def issuer_party(self) -> PartyId:
        return PartyId.of_key(self.issuer)

    @property
    def recipient_party(self) -> PartyId:
        return PartyId.of_key(self.recipient)

    @property
    def signed_due(self) -> Decimal:
        """Below zero: the issuer owes it to the recipient."""
        return -self.due if self.kind == Kind.CREDIT_NOTE else self.due

    @property
    def file_name(self) -> str:
        """Without its ending; a number may have slashes in it."""
        return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in self.number)


class InvoiceFile(models.Model):
    """The bytes as they were issued. Kept, not drawn again: a later library may draw them otherwise."""

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        XML = "xml", "XML"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "kind"], name="invoice_file_once")]

    def __str__(self) -> str:
        return f"{self.invoice_id}.{self.kind}"


class Mailing(models.Model):
    """The e-mail of an invoice. It waits here until the mail server took it, so that an outage loses none."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"  # given up, until somebody says again

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="mailing")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    address = models.EmailField(blank=True, default="", help_text="Where it went, or was last tried.")
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(state="waiting"), name="mailing_due")]
        constraints = [
            models.CheckConstraint(condition=Q(state="sent") ^ Q(sent_at=None), name="mailing_sent_has_moment")
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.state}"

    # Factories

    @classmethod
    def ask_for(cls, invoice: Invoice, *, now: datetime) -> Mailing:
        """To be sent now, whatever became of it before."""
        waiting = {"state": cls.State.WAITING, "attempts": 0, "due_at": now, "sent_at": None, "last_error": ""}
        return cls.objects.update_or_create(invoice=invoice, defaults=waiting)[0]


class Blocked(models.Model):
    """A closed statement that no invoice can be made of yet, and what is to be done. Tried again by itself."""

    statement = models.OneToOneField(Statement, on_delete=models.PROTECT, related_name="invoice_blocked")
    problem = models.CharField(max_length=500)
    since = models.DateTimeField()
    tried_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "blocked"

    def __str__(self) -> str:
        return f"{self.statement}: {self.problem}"
