"""API tokens of staff and partners, and the logs as staff browse them. OCPI tokens are never valid here."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from management.bearer import BearerToken
from management.outcome import get_outcome
from management.partner_scopes import PartnerScope
from management.scopes import Scope, read_scopes
from parties.models import Platform
from parties.secrets import make_token, token_digest


class StaffToken(BearerToken):
    """One program's or person's way into the management API."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="staff_tokens",
        help_text="Who answers for it; it stops working when the account is deactivated.",
    )
    scopes = ArrayField(models.CharField(max_length=32, choices=[(scope.value, scope.value) for scope in Scope]))

    # Factories

    @classmethod
    def issue(
        cls,
        *,
        name: str,
        scopes: list[str],
        now: datetime,
        expires_at: datetime | None = None,
        user_id: int | None = None,
    ) -> tuple[Self, str]:
        """A new token and its text, which nobody can look up again."""
        return cls.make(name=name, scopes=read_scopes(scopes), now=now, expires_at=expires_at, user_id=user_id)

    # Queries

    @classmethod
    def find_valid(cls, text: str, *, now: datetime) -> Self | None:
        token = cls.objects.select_related("user").filter(digest=token_digest(text)).first()
        return token if token is not None and token.is_valid(now=now) else None

    def is_valid(self, *, now: datetime) -> bool:
        return self.is_in_force(now=now) and (self.user is None or self.user.is_active)


class PartnerToken(BearerToken):
    """One partner's way into /api/partner/: bound to a platform, it sees what concerns that platform's parties."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="partner_tokens")
    scopes = ArrayField(models.CharField(max_length=32))  # PartnerScope; known ones only, see `issue`

    # Factories

    @classmethod
    def issue(
        cls, *, platform: Platform, name: str, scopes: list[str], now: datetime, expires_at: datetime | None = None
    ) -> tuple[Self, str]:
        """A new token and its text, which nobody can look up again."""
        known = read_scopes(scopes, known=PartnerScope)
        return cls.make(platform=platform, name=name, scopes=known, now=now, expires_at=expires_at)

    # Mutators

    def rotate(self, *, now: datetime) -> str:
        """A new text in place of the old one, which is void at once.

        Raises:
            ValueError: it was revoked or has ended: such a token is not brought back to life.
        """
        if not self.is_in_force(now=now):
            raise ValueError(f"{self.name} was revoked or has ended: create a new token")
        text = make_token()
        self.digest = token_digest(text)
        self.save(update_fields=["digest"])
        return text

    # Queries

    @classmethod
    def find_valid(cls, text: str, *, now: datetime) -> Self | None:
        token = cls.objects.select_related("platform").filter(digest=token_digest(text)).first()
        return token if token is not None and token.is_valid(now=now) else None

    def is_valid(self, *, now: datetime) -> bool:
        """Not while its platform is suspended: that ends every way of a partner to the hub (HCI-06)."""
        return self.is_in_force(now=now) and self.platform.state != Platform.State.SUSPENDED


class LogEvent(models.Model):
    """The event log for browsing.

    `journal.models.Event` is keyed by (at, id), which Django's admin cannot show. Ids alone are unique too (one
    sequence), so this second, unmanaged model of the same table is keyed by `id`.
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    module = models.CharField(max_length=32)
    method = models.CharField(max_length=8)
    path = models.TextField()
    query = models.TextField()
    body = models.TextField()
    object_key = models.TextField()
    sublane = models.SmallIntegerField()
    sender = models.CharField(max_length=5)
    sender_role = models.CharField(max_length=8)
    origin = models.BigIntegerField(null=True)
    receiver = models.CharField(max_length=5)
    supersedes = models.BooleanField()
    correlation_id = models.TextField()
    version = models.CharField(max_length=8)
    was_sent = models.BooleanField()

    class Meta:
        managed = False
        db_table = "journal_event"
        verbose_name = "event"

    def __str__(self) -> str:
        return f"{self.id} {self.method} {self.module}"


class LogCall(models.Model):
    """The call log for browsing, keyed by `id` for the same reason as `LogEvent`."""

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    leg = models.CharField(max_length=3, choices=[("in", "in"), ("out", "out")])
    platform = models.BigIntegerField(null=True)
    module = models.CharField(max_length=32)
    interface = models.CharField(max_length=8)
    method = models.CharField(max_length=8)
    object_id = models.TextField()
    sender = models.CharField(max_length=5)
    receiver = models.CharField(max_length=5)
    request_id = models.TextField()
    correlation_id = models.TextField()
    decision = models.CharField(max_length=12)
    http_status = models.SmallIntegerField(null=True)
    status_code = models.IntegerField(null=True)
    message = models.TextField()
    duration_ms = models.IntegerField(null=True)
    attempt = models.SmallIntegerField()
    repeat = models.BooleanField()
    event = models.BigIntegerField(null=True)
    size = models.IntegerField()

    class Meta:
        managed = False
        db_table = "journal_calllog"
        verbose_name = "call"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.leg} {self.method} {self.module} {self.status_code or ''}"

    # Properties

    @property
    def outcome(self) -> str:
        return get_outcome(http_status=self.http_status, status_code=self.status_code)
