"""Which CPO was asked for a reservation: where a CANCEL_RESERVATION without receiver goes (table 2a)."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from parties.display import show_party


class Reservation(models.Model):
    """One RESERVE_NOW that went out. `token` is that of the hub's response_url, under which its results come."""

    token = models.CharField(max_length=43, db_collation="C")
    requester = models.CharField(max_length=5, db_collation="C")
    reservation_key = models.CharField(max_length=36, db_collation="C")
    receiver = models.CharField(max_length=5, db_collation="C")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # as asked for; None: the hub could not read it
    closed_at = models.DateTimeField(null=True)  # refused, or cancelled by the CPO

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token"], name="reservation_token")]
        indexes = [models.Index(fields=["requester", "reservation_key"], name="reservation_of_requester")]

    def __str__(self) -> str:
        return f"{show_party(self.requester)} {self.reservation_key} at {show_party(self.receiver)}"

    # Queries

    def get_state(self, *, now: datetime) -> str:
        """As far as the hub knows: whether it was used, the CPO alone does."""
        if self.closed_at is not None:
            return "refused or cancelled"
        if self.expires_at is None:
            return "not known"
        return "expired" if self.expires_at <= now else "open"
