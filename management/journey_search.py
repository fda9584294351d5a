"""Finds messages when their ids are not at hand: by object, party, platform and time. Indexes only, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from management.models import LogCall, LogEvent
from parties.display import PERSONAL_MODULES, mask

MODULES = [
    *("versions", "credentials", "hubclientinfo", "locations", "tariffs", "tokens", "sessions", "cdrs"),
    *("commands", "chargingprofiles"),
]
MOST = 100
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # there was no log before
LOOK_BACK = timedelta(days=1)  # where only a platform is given: its calls have no index of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is known of the message. Ids are whole; `owner` is a party's key."""

    id: str = ""
    module: str = ""
    owner: str = ""
    object_id: str = ""
    platform: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Asked()


def search(asked: Asked, *, now: datetime) -> list[LogCall]:
    """One call per message: the first of it that is found."""
    calls = LogCall.objects.order_by("-at", "-id")
    if asked.id:
        calls = calls.filter(Q(correlation_id=asked.id) | Q(request_id=asked.id))
    if asked.object_id:
        calls = calls.filter(_is_of_object(asked))
    if asked.module:
        calls = calls.filter(module=asked.module)
    if asked.owner and not asked.object_id:
        calls = calls.filter(Q(sender=asked.owner) | Q(receiver=asked.owner))
    if asked.platform is not None:
        calls = calls.filter(platform=asked.platform)
    since = asked.since
    if since is None and not (asked.id or asked.object_id or asked.owner):
        since = max(asked.until or now, BEGINNING) - LOOK_BACK
    if since is not None:
        calls = calls.filter(at__gte=since)
    if asked.until is not None:
        calls = calls.filter(at__lt=asked.until)
    found: dict[str, LogCall] = {}
    for call in calls[: MOST * 5]:
        key = call.correlation_id or call.request_id or f"row {call.id}"
        if key in found or len(found) < MOST:
            found[key] = call  # the oldest of those that fit: the one it began with, as a rule
    return sorted(found.values(), key=lambda call: (call.at, call.id), reverse=True)


def _is_of_object(asked: Asked) -> Q:
    """By the name the log gives it, and by the events of its key; token uids are masked in the log."""
    by_event = Q()
    if asked.module and asked.owner:
        key = f"{asked.module}:{asked.owner}:{asked.object_id.lower()}"
        told = LogEvent.objects.filter(object_key=key).order_by("-id").values_list("correlation_id", flat=True)
        by_event = Q(correlation_id__in=[one for one in told[:MOST] if one])
    if asked.module in PERSONAL_MODULES:
        spellings = [mask(one) for one in get_spellings(asked.object_id)]
        masked = Q(object_id__in=spellings, module=asked.module)
        return by_event | (masked & Q(sender=asked.owner) if asked.owner else masked)
    return by_event | Q(object_id__in=get_spellings(asked.object_id))


def get_spellings(object_id: str) -> list[str]:
    """As it was written, in small letters, in capitals. Ids compare without case (TRANS-40), but the log keeps them as
    they were sent, and so does its index: one more, without case, would cost every call."""
    return list(dict.fromkeys([object_id, object_id.lower(), object_id.upper()]))
