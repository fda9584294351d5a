"""CDRs: immutable (CDR-04), seen by their owner and by the party in `cdr_token`; compared by their columns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from parties.owned import OwnedObject


class Cdr(OwnedObject):
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
    reconciled_at = models.DateTimeField(null=True)  # null: waits for reconciliation

    class Meta(OwnedObject.Meta):
        verbose_name = "CDR"
        verbose_name_plural = "CDRs"
        indexes = [
            models.Index(fields=["owner", "last_updated"], name="cdr_owner_updated"),
            models.Index(fields=["token_owner", "id"], name="cdr_token_owner"),
            models.Index(fields=["owner", "session_key"], name="cdr_session"),
            models.Index(fields=["id"], name="cdr_waiting", condition=Q(reconciled_at__isnull=True)),
            models.Index(fields=["owner", "token_owner", "end_at"], include=["id"], name="cdr_pair_end"),
            models.Index(fields=["id"], name="cdr_unread", condition=Q(country__isnull=True)),
        ]
