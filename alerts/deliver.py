"""Gets messages out: claims what is due per channel, sends it as one, and tries again later what did not get out."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from alerts import channels
from alerts.models import Message
from telemetry import metrics

logger = logging.getLogger(__name__)

AT_ONCE = 100
CLAIM = timedelta(minutes=2)  # a sender that died in the middle: somebody else sends it again
FIRST_PAUSE, LAST_PAUSE = timedelta(seconds=15), timedelta(minutes=15)


def deliver(*, now: datetime) -> int:
    """How many messages got out."""
    return sum(_deliver(channel, now=now) for channel in channels.get_channels())


def _deliver(channel: str, *, now: datetime) -> int:
    messages = _claim(channel, now=now)
    if not messages:
        return 0
    mine = Message.objects.filter(pk__in=[message.pk for message in messages])
    try:
        channels.send(channel, [channels.describe(message) for message in messages], now=now)
    except channels.NotSent as error:
        logger.error("%d alert messages did not get out by %s: %s", len(messages), channel, error)
        metrics.alert_messages.labels(channel, "failed").inc(len(messages))
        pause = get_pause(min(message.attempts for message in messages))
        mine.update(due_at=now + pause, last_error=str(error)[:500])
        return 0
    mine.update(sent_at=now, last_error="")
    metrics.alert_messages.labels(channel, "sent").inc(len(messages))
    return len(messages)


def _claim(channel: str, *, now: datetime) -> list[Message]:
    """HTTP and SMTP happen outside of the transaction; the claim runs out by itself."""
    with transaction.atomic():
        due = (
            Message.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("alert")
            .filter(channel=channel, sent_at=None, due_at__lte=now)
            .order_by("created_at", "id")[:AT_ONCE]
        )
        messages = list(due)
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(
            due_at=now + CLAIM, attempts=F("attempts") + 1
        )
    return messages


def get_pause(attempts: int) -> timedelta:
    return min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 10))
