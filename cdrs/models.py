"""CDRs: immutable (CDR-04), seen by their owner and by the party in `cdr_token`; compared by their columns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from parties.owned import OwnedObject

LIVE = Q(audience="", is_verified=True, deleted_at__isnull=True)  # a relayed invalid object bills nobody


class Cdr(OwnedObject):
    """Reconciliation reads the covering indexes alone; no column that a verdict changes is in them, so that it stays
    cheap to keep one."""

    token_owner = models.CharField(max_length=5, default="", db_collation="C")
    session_key = models.CharField(max_length=36, default="", db_collation="C")  # "" where the CDR names no session
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField(null=True)
    total_energy = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_cost = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # excl. VAT
    total_cost_incl = models.DecimalField(max_digits=20, decimal_places=6, null=True)  # incl. VAT, where it is stated
    currency = models.CharField(max_length=3, default="")
    # Of its location, alpha-2; "" where it cannot be read. Null: not looked at yet (`cdrs.countries`).
    country = models.CharField(max_length=3, null=True, default=None)
    is_credit = models.BooleanField(default=False)
    credit_reference_key = models.CharField(max_length=39, default="", db_collation="C")
    evse_key = models.CharField(max_length=48, default="", db_default="", blank=True, db_collation="C")  # "": not known
    token_key = models.CharField(max_length=36, default="", db_default="", blank=True, db_collation="C")
    is_undelivered = models.BooleanField(default=False, db_default=False)  # it was sent and not accepted (CDR-18)

    class Meta(OwnedObject.Meta):
        verbose_name = "CDR"
        verbose_name_plural = "CDRs"
        indexes = [
            models.Index(fields=["owner", "last_updated"], name="cdr_owner_updated"),
            models.Index(fields=["token_owner", "id"], name="cdr_token_owner"),
            models.Index(fields=["changed_at", "id"], condition=LIVE, name="cdr_position"),
            models.Index(
                fields=["session_key", "owner"],
                include=[
                    "id",
                    "changed_at",
                    "received_at",
                    "token_owner",
                    "start_at",
                    "end_at",
                    "total_energy",
                    "total_cost",
                    "currency",
                    "is_credit",
                ],
                condition=LIVE,
                name="cdr_by_session",
            ),
            models.Index(
                fields=["owner", "evse_key", "start_at"],
                include=["end_at", "id", "changed_at"],
                condition=LIVE & Q(is_credit=False) & ~Q(evse_key=""),
                name="cdr_by_evse",
            ),
            models.Index(
                fields=["owner", "credit_reference_key"],
                include=["id", "changed_at"],
                condition=LIVE & Q(is_credit=True),
                name="cdr_credit",
            ),
            models.Index(fields=["id"], condition=Q(is_undelivered=True), name="cdr_undelivered"),
            models.Index(fields=["owner", "token_owner", "end_at"], include=["id"], name="cdr_pair_end"),
            models.Index(fields=["id"], name="cdr_unread", condition=Q(country__isnull=True)),
        ]
