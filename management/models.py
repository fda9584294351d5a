"""Staff tokens, and the logs as staff browse them. Partners' credentials tokens are elsewhere and never valid here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from management.outcome import get_outcome
from management.scopes import Scope, read_scopes
from parties.secrets import make_token, token_digest

USE_NOTED_EVERY = timedelta(minutes=1)  # last_used_at is a hint for staff, not worth a write per call


class StaffToken(models.Model):
    """One program's or person's way into the management API. Only the digest is kept: shown once or never."""

    name = models.CharField(max_length=100, unique=True, help_text="Whose or what for.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="staff_tokens",
        help_text="Who answers for it; it stops working when the account is deactivated.",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=32, choices=[(scope.value, scope.value) for scope in Scope]))
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

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
        text = make_token()
        token = cls.objects.create(
            name=name,
            scopes=read_scopes(scopes),
            digest=token_digest(text),
            created_at=now,
            expires_at=expires_at,
            user_id=user_id,
        )
        return token, text

    # Mutators

    def revoke(self, *, now: datetime) -> None:
        if self.revoked_at is None:
            self.revoked_at = now
            self.save(update_fields=["revoked_at"])

    def note_use(self, *, now: datetime) -> None:
        """At most one write a minute, and none that waits for another."""
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        type(self).objects.filter(stale, pk=self.pk).update(last_used_at=now)

    # Queries

    @classmethod
    def find_valid(cls, text: str, *, now: datetime) -> Self | None:
        token = cls.objects.select_related("user").filter(digest=token_digest(text)).first()
        return token if token is not None and token.is_valid(now=now) else None

    def is_valid(self, *, now: datetime) -> bool:
        in_time = self.expires_at is None or now < self.expires_at
        return self.revoked_at is None and in_time and (self.user is None or self.user.is_active)


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
