"""Rows that nobody asks for any more, deleted in small pieces. The two logs go by whole days: forwarding.retention."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Model, Q

from charging_profiles.models import Setting
from commands.models import Reservation
from forwarding.models import DeadLetter
from journal.models import Alias, PullRequest
from parties.models import DetectedQuirk

PIECE = 2000  # rows per transaction: nobody waits for their locks
PIECES = 500  # at a time; the rest has an hour

Old = Callable[[datetime], Q]


def _since(column: str, *, days: str) -> Old:
    return lambda now: Q(**{f"{column}__lt": now - timedelta(days=getattr(settings, days))})


# A pull's end is asked for by the next one, an asked reservation by its cancellation: HUB_RECORD_DAYS is beyond both.
OVER: tuple[tuple[type[Model], Old], ...] = (
    (Alias, lambda now: Q(expires_at__lt=now)),
    (Reservation, _since("asked_at", days="HUB_RECORD_DAYS")),
    (Setting, _since("asked_at", days="HUB_RECORD_DAYS")),
    (PullRequest, _since("finished_at", days="HUB_RECORD_DAYS")),
    (DetectedQuirk, _since("last_seen_at", days="HUB_RECORD_DAYS")),
    (DeadLetter, _since("created_at", days="HUB_DEAD_LETTER_DAYS")),
)


def purge_old(*, now: datetime, piece: int = PIECE) -> int:
    """How many rows went."""
    return sum(delete(model, old(now), piece=piece) for model, old in OVER)


def delete(model: type[Model], old: Q, *, piece: int = PIECE) -> int:
    """How many rows went; what is beyond `PIECES` waits for the next time."""
    gone = 0
    for _ in range(PIECES):
        keys = list(model._default_manager.filter(old).order_by("pk").values_list("pk", flat=True)[:piece])
        if keys:
            model._default_manager.filter(pk__in=keys).delete()
            gone += len(keys)
        if len(keys) < piece:
            break
    return gone
