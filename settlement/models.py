"""Statements and their lines. Once closed they never change: triggers of migration 0002 refuse it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from cdrs.models import Cdr
from ocpi.calls import PartyId
from parties.sides import Sides
from parties.spelling import say_value
from settlement.rates import ExchangeRate as ExchangeRate
from settlement.rates import VatRate as VatRate
from settlement.statement import FeeRule, Kind, LineKind, VatTreatment
from settlement.terms import Company as Company
from settlement.terms import Terms as Terms


def _amount(**more: object) -> models.DecimalField[Decimal, Decimal]:
    return models.DecimalField(max_digits=20, decimal_places=4, default=Decimal(0), **more)  # type: ignore[arg-type]


class Closing(models.Model):
    """One pair's period was closed: so it is not closed again. There may be no statement in it."""

    provider = models.CharField(max_length=5, db_collation="C")
    consumer = models.CharField(max_length=5, db_collation="C")
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    closed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "consumer", "period_end"], name="closing_once"),
        ]

    def __str__(self) -> str:
        return f"{PartyId.of_key(self.provider)} – {PartyId.of_key(self.consumer)} until {self.period_end:%Y-%m-%d}"


class StatementQuerySet(models.QuerySet["Statement"]):
    def for_parties(self, sides: Sides) -> StatementQuerySet:
        """What these may see: closed ones that they bill or are billed by, and the hub's fees that they pay."""
        of_cdrs = Q(kind=Kind.CDR) & sides.match(owner="seller", token_owner="buyer")
        of_fees = Q(kind=Kind.FEE, buyer__in=sorted(sides.owners | sides.token_owners))
        return self.closed().filter(of_cdrs | of_fees)

    def closed(self) -> StatementQuerySet:
        return self.filter(state=Statement.State.CLOSED)


class Statement(models.Model):
    """What `buyer` owes `seller` for a period, in one currency: for CDRs of one country, or for the hub's fees.

    `net`, `vat` and `gross` are the sums of its lines, each rounded once. `stated_vat` is what the CDRs say, where the
    statement itself carries none. Amounts are in the currency's minor units at most; the spare decimals are zeros.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        CLOSED = "closed"

    class Form(models.IntegerChoices):
        """How its files are written. What is closed keeps the form it has, as its digest was taken of that."""

        PLAIN = 1
        GUARDED = 2  # nothing in the CSV that a spreadsheet would run

    reference = models.CharField(max_length=64, unique=True, null=True, default=None)
    kind = models.CharField(max_length=4, choices=[(kind.value, say_value(kind.value)) for kind in Kind])
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    closing = models.ForeignKey(Closing, on_delete=models.PROTECT, null=True, related_name="statements")  # null: fees
    seller = models.CharField(max_length=5, db_collation="C")
    buyer = models.CharField(max_length=5, db_collation="C")
    country = models.CharField(max_length=3, blank=True, default="")  # of the locations, alpha-2; "" for fees
    currency = models.CharField(max_length=3)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    first_day = models.DateField()  # local, in `time_zone`
    last_day = models.DateField()  # included
    time_zone = models.CharField(max_length=64)
    issued_on = models.DateField()
    due_on = models.DateField()

    line_count = models.PositiveIntegerField(default=0)
    session_count = models.IntegerField(default=0)  # CDRs less credits
    correction_count = models.PositiveIntegerField(default=0)
    energy = models.DecimalField(max_digits=20, decimal_places=6, default=Decimal(0))  # kWh, credits taken off
    net = _amount()
    vat = _amount()
    gross = _amount()
    stated_vat = _amount()

    vat_treatment = models.CharField(max_length=16, choices=[(one.value, say_value(one.value)) for one in VatTreatment])
    vat_category = models.CharField(
        max_length=2, blank=True, default=""
    )  # EN 16931, UNTDID 5305; "" where lines differ
    vat_note = models.TextField(blank=True, default="")
    vat_totals = models.JSONField(default=list)  # [{"category", "rate", "net", "vat"}], amounts as text
    implausible_vat_count = models.PositiveIntegerField(default=0)  # lines whose VAT is not the country's rate

    settlement_currency = models.CharField(max_length=3, blank=True, default="")
    settlement_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)  # × gross = settlement_gross
    settlement_rate_on = models.DateField(null=True)
    settlement_gross = models.DecimalField(max_digits=20, decimal_places=4, null=True)

    seller_company = models.JSONField(default=dict)  # as it was when this was closed
    buyer_company = models.JSONField(default=dict)
    form = models.PositiveSmallIntegerField(choices=Form, db_default=Form.PLAIN, default=Form.GUARDED)
    csv_sha256 = models.CharField(max_length=64, blank=True, default="")
    json_sha256 = models.CharField(max_length=64, blank=True, default="")
    closed_at = models.DateTimeField(null=True)

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "seller", "buyer", "country", "currency", "period_end"], name="statement_once"
            ),
            models.CheckConstraint(condition=Q(gross=F("net") + F("vat")), name="statement_adds_up"),
            models.CheckConstraint(
                condition=Q(state="draft") | ~Q(csv_sha256="") & ~Q(json_sha256="") & Q(reference__isnull=False),
                name="statement_closed_is_sealed",
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "period_end"], name="statement_seller"),
            models.Index(fields=["buyer", "period_end"], name="statement_buyer"),
        ]

    def __str__(self) -> str:
        return self.reference or f"draft {self.pk}"

    # Properties

    @property
    def seller_party(self) -> PartyId:
        return PartyId.of_key(self.seller)

    @property
    def buyer_party(self) -> PartyId:
        return PartyId.of_key(self.buyer)

    @property
    def due_currency(self) -> str:
        return self.settlement_currency or self.currency

    @property
    def due(self) -> Decimal:
        """What is to be paid; below zero it is owed to the buyer."""
        return self.gross if self.settlement_gross is None else self.settlement_gross


class Line(models.Model):
    """One CDR in a statement; no CDR is in two, and none is credited twice. It says all that explains its amounts."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in LineKind])
    corrects = models.ForeignKey(
        Statement, on_delete=models.PROTECT, null=True, related_name="corrections", db_index=False
    )
    cdr = models.OneToOneField(Cdr, on_delete=models.PROTECT, related_name="settlement_line")
    cdr_id_text = models.CharField(max_length=64)  # the CDR's id as it was written
    session_id_text = models.CharField(max_length=64, db_default="", default="")  # as written; "" in older statements
    session_key = models.CharField(max_length=36, blank=True, default="")  # the same in lower case
    is_credit = models.BooleanField(default=False)
    credited_id = models.BigIntegerField(null=True)  # the row of the CDR that a credit takes back
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField()
    energy = models.DecimalField(max_digits=20, decimal_places=6)  # kWh; below zero for credits
    stated_net = models.DecimalField(max_digits=20, decimal_places=6)  # as the CDR says, unrounded
    stated_gross = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # null: no VAT stated
    net = _amount()
    vat = _amount()
    gross = _amount()
    vat_category = models.CharField(max_length=2)
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)
    is_vat_plausible = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "position"], name="line_position"),
            models.UniqueConstraint(fields=["credited_id"], name="line_credited_once", condition=Q(is_credit=True)),
            models.CheckConstraint(condition=Q(gross=F("net") + F("vat")), name="line_adds_up"),
        ]

    def __str__(self) -> str:
        return f"{self.statement} #{self.position}"

    @property
    def session_id(self) -> str:
        """As it was written, where that is known."""
        return self.session_id_text or self.session_key


class FeeLine(models.Model):
    """One rule of the hub's fees for one pair and period; with no `statement` it waits for its payer's next one."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, null=True, related_name="fee_lines")
    position = models.PositiveIntegerField(null=True)
    closing = models.ForeignKey(Closing, on_delete=models.PROTECT, related_name="fee_lines")
    payer = models.CharField(max_length=5, db_collation="C")
    provider = models.CharField(max_length=5, db_collation="C")
    consumer = models.CharField(max_length=5, db_collation="C")
    first_day = models.DateField()
    last_day = models.DateField()
    rule = models.CharField(max_length=12, choices=[(rule.value, say_value(rule.value)) for rule in FeeRule])
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    unit = models.CharField(max_length=8)  # "session", "kWh", "%", "period"
    unit_price = models.DecimalField(max_digits=20, decimal_places=6)
    base_currency = models.CharField(max_length=3, blank=True, default="")  # of a percentage: what it is taken of
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    exchange_rate_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    net = _amount()
    vat = _amount()
    gross = _amount()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["closing", "payer", "rule", "base_currency"], name="fee_line_once"),
            models.UniqueConstraint(fields=["statement", "position"], name="fee_line_position"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("vat")), name="fee_line_adds_up"),
        ]
        indexes = [
            models.Index(fields=["payer", "currency", "last_day"], name="fee_waiting", condition=Q(statement=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_rule_display()} {PartyId.of_key(self.provider)} – {PartyId.of_key(self.consumer)}"
