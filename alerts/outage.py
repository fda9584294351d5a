"""The one alert that cannot be kept in the database: that it is away. Told directly, and kept when it is back."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from alerts import channels
from alerts.evaluate import tell
from alerts.models import Alert, Kind, Message, Severity
from ocpi.times import format_datetime
from telemetry import alive

logger = logging.getLogger(__name__)

KEY = "hub:alerts:database"  # which of several processes tells it
KEY_SECONDS = 3600
TITLE = "The database cannot be reached"
ADVICE = "Partners get 503 until it is back. Look at the server, its disk and the network; nothing accepted is lost."


class Outage:
    """As one process sees it."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._detail = ""
        self._is_ours = False  # to tell, and to take back
        self._told: set[str] = set()

    def note_failure(self, detail: str, *, now: datetime) -> None:
        self._since = self._since or now
        self._detail = detail
        if now - self._since < timedelta(seconds=settings.HUB_ALERT_PATIENCE):
            return
        self._is_ours = self._is_ours or _claim()
        if not self._is_ours:
            return
        for channel in channels.get_channels():
            if channel not in self._told:
                self._tell(channel, now=now)

    def note_success(self, *, now: datetime) -> None:
        """The database keeps its own outage, and the all-clear takes the usual way."""
        if self._is_ours and self._since is not None:
            self._keep(since=self._since, now=now)
            self._is_ours, self._told = False, set()
            _release()
        self._since = None  # not before it is kept: it may be gone again

    def _keep(self, *, since: datetime, now: datetime) -> None:
        with transaction.atomic():
            alert = Alert.objects.create(
                kind=Kind.DATABASE_AWAY,
                severity=Severity.ALARM,
                title=TITLE,
                detail=self._detail[:2000],
                advice=ADVICE,
                first_seen_at=since,
                last_seen_at=now,
                opened_at=since,
                closed_at=now,
            )
            tell([alert.pk], about=Message.About.CLOSED, now=now)

    def _tell(self, channel: str, *, now: datetime) -> None:
        try:
            channels.send(channel, [self._describe()], now=now)
        except channels.NotSent as error:
            logger.error("the outage of the database could not be told by %s: %s", channel, error)
        else:
            self._told.add(channel)

    def _describe(self) -> dict[str, Any]:
        return {
            "id": 0,
            "about": Message.About.OPENED.value,
            "alert": {
                "id": 0,
                "kind": Kind.DATABASE_AWAY.value,
                "severity": Severity.ALARM.value,
                "title": TITLE,
                "detail": self._detail,
                "advice": ADVICE,
                "platform": None,
                "opened_at": format_datetime(self._since) if self._since else None,
                "closed_at": None,
                "link": f"{settings.HUB_PUBLIC_URL}/readyz",
            },
        }


def _claim() -> bool:
    """Without Redis everybody tells it: rather twice than never."""
    try:
        with alive.connect() as client:
            return bool(client.set(KEY, "1", nx=True, ex=KEY_SECONDS))
    except (redis.RedisError, OSError):
        return True


def _release() -> None:
    try:
        with alive.connect() as client:
            client.delete(KEY)
    except (redis.RedisError, OSError) as error:
        logger.info("the claim on the outage runs out by itself: %s", error)
