"""One round: look, judge, keep, and queue what is to be told. Whoever runs it, only one does at a time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from alerts import channels
from alerts.checks import look
from alerts.judge import Change, Key, Known, Rules, Sighting, Step, judge
from alerts.models import Alert, Evaluation, Message

logger = logging.getLogger(__name__)

ALERT_LOCK = 0x0C71A1E7  # one evaluation at a time
DAY = timedelta(days=1)
KEPT = timedelta(days=90)


def evaluate(*, now: datetime) -> int | None:
    """How many messages were queued; None: somebody else is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ALERT_LOCK])
        if not cursor.fetchone()[0]:
            return None
        sightings, blind = look(now=now)
        known = [_read(alert) for alert in Alert.objects.filter(closed_at=None).order_by("id")]
        changes = judge(sightings, known, blind=blind, rules=_get_rules(now=now), now=now)
        queued = sum(_keep(change, now=now) for change in changes)
        Evaluation.objects.update_or_create(pk=1, defaults={"at": now, "failed_checks": ", ".join(sorted(blind))})
        Alert.objects.filter(closed_at__lt=now - KEPT).delete()
    return queued


def _read(alert: Alert) -> Known:
    return Known(
        id=alert.pk,
        key=(alert.kind, alert.subject),
        first_seen_at=alert.first_seen_at,
        last_seen_at=alert.last_seen_at,
        opened_at=alert.opened_at,
        reminded_at=alert.reminded_at,
    )


def _get_rules(*, now: datetime) -> Rules:
    recent = Alert.objects.filter(opened_at__gt=now - DAY).order_by().values_list("kind", "subject")
    openings: dict[Key, int] = {(kind, subject): number for kind, subject, number in recent.annotate(Count("id"))}
    return Rules(
        patience=timedelta(seconds=settings.HUB_ALERT_PATIENCE),
        remind=timedelta(hours=settings.HUB_ALERT_REMIND) if settings.HUB_ALERT_REMIND > 0 else None,
        openings=openings,
    )


def _keep(change: Change, *, now: datetime) -> int:
    """How many messages it caused."""
    match change:
        case Change(Step.WATCH, None, Sighting() as sighting):
            _make(sighting, now=now)
        case Change(Step.SEE, Known() as known, Sighting() as sighting):
            Alert.objects.filter(pk=known.id).update(**_describe(sighting), last_seen_at=now)
        case Change(Step.OPEN, Known() as known, Sighting() as sighting):
            Alert.objects.filter(pk=known.id).update(**_describe(sighting), last_seen_at=now, opened_at=now)
            return tell([known.id], about=Message.About.OPENED, now=now)
        case Change(Step.OPEN, None, Sighting() as sighting):
            return tell([_make(sighting, now=now, opened_at=now)], about=Message.About.OPENED, now=now)
        case Change(Step.REMIND, Known() as known, Sighting() as sighting):
            Alert.objects.filter(pk=known.id).update(**_describe(sighting), last_seen_at=now, reminded_at=now)
            return tell([known.id], about=Message.About.REMINDER, now=now)
        case Change(Step.CLOSE, Known() as known):
            Alert.objects.filter(pk=known.id).update(closed_at=now)
            return tell([known.id], about=Message.About.CLOSED, now=now)
        case Change(Step.FORGET, Known() as known):
            Alert.objects.filter(pk=known.id).delete()
    return 0


def _describe(sighting: Sighting) -> dict[str, str]:
    return {
        "severity": sighting.severity,
        "title": sighting.title[:200],
        "detail": sighting.detail[:2000],
        "advice": sighting.advice[:2000],
    }


def _make(sighting: Sighting, *, now: datetime, opened_at: datetime | None = None) -> int:
    alert = Alert.objects.create(
        kind=sighting.kind,
        subject=sighting.key[1],
        platform_id=sighting.platform,
        first_seen_at=now,
        last_seen_at=now,
        opened_at=opened_at,
        **_describe(sighting),
    )
    return int(alert.pk)


def tell(alerts: Sequence[int], *, about: Message.About, now: datetime) -> int:
    """A message per alert and channel, to be sent after COMMIT by whoever comes first."""
    messages = [
        Message(alert_id=alert, channel=channel, about=about, created_at=now, due_at=now)
        for alert in alerts
        for channel in channels.get_channels()
    ]
    Message.objects.bulk_create(messages)
    for alert in Alert.objects.filter(pk__in=alerts):
        logger.warning("alert %s: %s", about.label, alert.title)
    return len(messages)
