"""Who set a charging profile on which session: where the CPO's updates without receiver go (CP-08)."""

from __future__ import annotations

from django.db import models

from parties.display import show_party


class Setting(models.Model):
    """One SetChargingProfile that went out. `token` is that of the hub's response_url, under which its result comes."""

    token = models.CharField(max_length=43, db_collation="C")
    receiver = models.CharField(max_length=5, db_collation="C")
    session_key = models.CharField(max_length=36, db_collation="C")
    sender = models.CharField(max_length=5, db_collation="C")
    asked_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "setting of a profile"
        verbose_name_plural = "settings of profiles"
        constraints = [models.UniqueConstraint(fields=["token"], name="setting_token")]
        indexes = [models.Index(fields=["receiver", "session_key"], name="setting_of_session")]

    def __str__(self) -> str:
        return f"{show_party(self.sender)} on {self.session_key} of {show_party(self.receiver)}"
