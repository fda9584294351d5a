"""What staff's and partners' API tokens share: a keyed digest, an end, a revocation, the last use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q

from parties.secrets import make_token, token_digest

USE_NOTED_EVERY = timedelta(minutes=1)  # last_used_at is a hint for staff, not worth a write per call


class BearerToken(models.Model):
    """Only the digest is kept: the text is shown once or never."""

    name = models.CharField(max_length=100, unique=True, help_text="Whose or what for.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    # Factories

    @classmethod
    def make(cls, *, now: datetime, **columns: Any) -> tuple[Self, str]:
        """A new token and its text, which nobody can look up again."""
        text = make_token()
        return cls._default_manager.create(digest=token_digest(text), created_at=now, **columns), text

    # Mutators

    def revoke(self, *, now: datetime) -> None:
        if self.revoked_at is None:
            self.revoked_at = now
            self.save(update_fields=["revoked_at"])

    def note_use(self, *, now: datetime) -> None:
        """At most one write a minute, and none that waits for another."""
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        type(self)._default_manager.filter(stale, pk=self.pk).update(last_used_at=now)

    # Queries

    def is_in_force(self, *, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
