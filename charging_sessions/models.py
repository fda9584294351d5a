"""Charging sessions: seen by their owner and by the party in `cdr_token`, whatever TO said (decision 2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from parties.owned import OwnedObject

LONGEST_STATUS = 16  # one that nobody knows may be longer: cut here, whole in the document (TRANS-44)


class Session(OwnedObject):
    token_owner = models.CharField(max_length=5, default="", db_collation="C")
    status = models.CharField(max_length=LONGEST_STATUS, default="")
    start_at = models.DateTimeField(null=True)
    end_at = models.DateTimeField(null=True)
    kwh = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_cost = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, default="")
    location_key = models.CharField(max_length=36, default="", db_collation="C")

    class Meta(OwnedObject.Meta):
        indexes = [
            models.Index(fields=["owner", "last_updated"], name="session_owner_updated"),
            models.Index(fields=["token_owner", "id"], name="session_token_owner"),
            models.Index(fields=["changed_at"], name="session_changed"),
            models.Index(  # what CDRs are compared with, so that a comparison reads no document
                fields=["object_key", "owner"],
                include=[
                    "received_at",
                    "token_owner",
                    "status",
                    "start_at",
                    "end_at",
                    "kwh",
                    "total_cost",
                    "currency",
                ],
                condition=Q(audience="", is_verified=True, deleted_at__isnull=True),
                name="session_compared",
            ),
        ]
