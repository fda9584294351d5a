"""The parties a peer hub announced: reached through it, and spoken for by it alone (HCI-16, ROUTE-46)."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from ocpi.calls import ConnectionStatus, PartyId, Role


class PartyBehind(models.Model):
    """One role of one party, as a peer hub's HubClientInfo says. What of it is in force: `agreements.network`.

    Staff may enter one as PLANNED before the hub announces it: then no other hub can.
    """

    platform = models.ForeignKey("parties.Platform", on_delete=models.CASCADE, related_name="parties_behind")
    country_code = models.CharField(max_length=2)
    party_id = models.CharField(max_length=3)
    role = models.CharField(max_length=8, choices=[(r.value, r.value) for r in Role])
    status = models.CharField(max_length=12, choices=[(s.value, s.value) for s in ConnectionStatus])
    last_updated = models.DateTimeField(help_text="As the hub wrote it; an older one changes nothing.")
    changed_at = models.DateTimeField(help_text="When it changed here: HubClientInfo's last_updated towards others.")

    class Meta:
        verbose_name = "party behind a hub"
        verbose_name_plural = "parties behind hubs"
        constraints = [
            models.UniqueConstraint(
                "platform", Lower("country_code"), Lower("party_id"), "role", name="party_behind_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id_pair} {self.role} behind {self.platform}"

    @property
    def id_pair(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)
