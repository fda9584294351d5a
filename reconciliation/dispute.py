"""Dispute: two partners argue about one CDR, with the hub between them. Its rules are in `dispute_states`.

Entries and evidence are only ever added. What changes a dispute is in `disputes.py`.
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from parties.side_names import Side
from parties.sides import Sides
from reconciliation.dispute_states import Action, DisputeState, Outcome

STATES = [(state.value, state.value) for state in DisputeState]
OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
SIDES = [(side.value, side.label) for side in Side]


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def for_parties(self, sides: Sides) -> Self:
        """Those about bills of these parties, or to them. Every query of a partner starts here."""
        return self.filter(sides.match())

    def holding(self) -> Self:
        """Their CDRs stay out of statements; settlement asks `holds.HELD_CDRS`, which knows findings, too."""
        return self.filter(is_holding=True)


class Dispute(models.Model):
    """Keys are lower case; ids are as they were written."""

    owner = models.CharField(max_length=5, db_collation="C")
    token_owner = models.CharField(max_length=5, db_collation="C")
    cdr_id = models.CharField(max_length=64)
    cdr_key = models.CharField(max_length=64, db_collation="C")
    session_key = models.CharField(max_length=64, default="", blank=True, db_collation="C")
    amount = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # the CDR's total, excl. VAT
    currency = models.CharField(max_length=3, default="", blank=True)
    finding = models.ForeignKey(
        "reconciliation.Finding", null=True, blank=True, on_delete=models.SET_NULL, related_name="disputes"
    )
    state = models.CharField(max_length=10, choices=STATES)
    outcome = models.CharField(max_length=6, choices=OUTCOMES, default="", blank=True)
    is_holding = models.BooleanField(default=True)
    opener = models.CharField(max_length=4, choices=SIDES)
    reason = models.TextField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    credit_cdr_id = models.CharField(max_length=64, default="", blank=True)
    credit_problem = models.TextField(default="", blank=True)  # why the credit that came is none
    replacement_cdr_id = models.CharField(max_length=64, default="", blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "cdr_key"], condition=Q(is_holding=True), name="dispute_once"),
            models.CheckConstraint(
                name="dispute_is_holding",
                condition=Q(is_holding=True, state__in=["open", "escalated"])
                | Q(is_holding=True, state__in=["accepted", "decided"], outcome="falls")
                | Q(is_holding=False, state__in=["accepted", "decided"], outcome="stands")
                | Q(is_holding=False, state__in=["credited", "withdrawn"]),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "opened_at"], name="dispute_owner"),
            models.Index(fields=["token_owner", "opened_at"], name="dispute_token_owner"),
        ]

    def __str__(self) -> str:
        return f"dispute {self.pk} about {self.cdr_id}"


class DisputeEntry(models.Model):
    """One line of the conversation: what was said or done, by which side and by whom."""

    dispute = models.ForeignKey(Dispute, on_delete=models.CASCADE, related_name="entries")
    at = models.DateTimeField()
    side = models.CharField(max_length=4, choices=SIDES)
    by = models.CharField(max_length=150, default="", blank=True)
    action = models.CharField(max_length=8, choices=[(a.value, a.value) for a in Action])
    text = models.TextField(default="", blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.side}: {self.action}"


class DisputeEvidence(models.Model):
    """What the hub knew when the dispute was opened; later changes of the objects do not change it."""

    class Kind(models.TextChoices):
        CDR = "cdr", "CDR"
        SESSION = "session", "session"
        HISTORY = "history", "calls about the CDR and its session"
        PRICE = "price", "price, line by line"
        SIGNED_DATA = "signed_data", "signed meter data"

    dispute = models.ForeignKey(Dispute, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    title = models.CharField(max_length=150)
    content = models.TextField()  # JSON; documents as they were told
    collected_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.dispute}"
