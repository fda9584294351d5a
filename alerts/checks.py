"""What is wrong right now: one bounded look per kind. A look that fails makes us blind for its kinds, nothing more.

No words of a partner about an object: they may name a driver, and alerts leave the hub by e-mail and webhook.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F, Q

from alerts.judge import Sighting
from alerts.models import Kind, Severity
from alerts.report import get_reported
from forwarding.lag import get_lags
from forwarding.models import DeadLetter, Lane
from journal.models import CallLog
from parties.limits.listing import list_breakers
from parties.models import Platform
from parties.spelling import count
from telemetry import alive

logger = logging.getLogger(__name__)

PATIENCE = "2s"  # per look
RECENTLY = timedelta(minutes=10)
NOT_CONNECTED = "no connection: "  # the hub's own words begin so; a partner may speak of certificates in its answers
SILENT_TIMES = 3  # the still-alive check asks after HUB_SILENCE; nothing after so many times it is nobody asking

Look = Callable[[datetime], Iterable[Sighting]]


def look(*, now: datetime) -> tuple[list[Sighting], set[str]]:
    """What was seen, and for which kinds we were blind. Inside a transaction."""
    sightings: list[Sighting] = []
    blind: set[str] = set()
    for kinds, check in LOOKS:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                sightings += check(now)
        except DatabaseError as error:
            if connection.connection is None or connection.connection.closed:
                raise
            logger.warning("alerts: %s could not be looked for: %s", ", ".join(kinds), str(error).split("\n")[0])
            blind |= {kind.value for kind in kinds}
    return sightings, blind


def _partners(now: datetime) -> Iterable[Sighting]:
    platforms = Platform.objects.select_related("heartbeat").filter(state=Platform.State.REGISTERED).order_by("id")
    silence = timedelta(seconds=settings.HUB_SILENCE) * SILENT_TIMES
    for platform in platforms:
        heard_at = platform.heartbeat.heard_at if hasattr(platform, "heartbeat") else None
        heard = f"Last heard {heard_at:%Y-%m-%d %H:%M:%S} UTC." if heard_at else "It was never heard."
        if not platform.is_online:
            yield Sighting(
                kind=Kind.PARTNER_DOWN,
                severity=Severity.ALARM,
                title=f"{platform.name} is down",
                detail=f"{heard} It gets no calls; what must be delivered waits for it.",
                advice="Ask the partner. It is asked every 15 s and comes back by itself, or with its next call.",
                platform=platform.pk,
            )
        elif now - (heard_at or platform.registered_at or now) > silence:
            yield Sighting(
                kind=Kind.PARTNER_SILENT,
                severity=Severity.WARNING,
                title=f"{platform.name} is silent",
                detail=f"{heard} The still-alive check should have asked it since.",
                advice="See whether worker and beat run (/readyz), then ask the partner.",
                platform=platform.pk,
            )


def _lanes(now: datetime) -> Iterable[Sighting]:
    """By platform; of platforms that are down it goes without saying."""
    lags = get_lags()
    lanes = (
        Lane.objects.select_related("platform")
        .filter(Q(pk__in=lags.keys()) | Q(needs_resync=True) | Q(last_error__startswith=NOT_CONNECTED))
        .order_by("platform", "sublane")
    )
    for platform, group in groupby(lanes, key=lambda lane: lane.platform):
        own = list(group)
        behind = [lags[lane.pk] for lane in own if lane.pk in lags]
        events = sum(lag.events for lag in behind)
        age = max((lag.get_age(now=now).total_seconds() for lag in behind), default=0.0)
        level = max(events / settings.HUB_ALERT_LANE_EVENTS, age / settings.HUB_ALERT_LANE_AGE)
        errors = sorted({lane.last_error for lane in own if lane.last_error})
        if platform.is_online and level > 0:
            yield Sighting(
                kind=Kind.LANE_BEHIND,
                severity=Severity.WARNING,
                title=f"{platform.name} is behind by {events} events, the oldest {age / 60:.0f} minutes old",
                detail="Deliveries fail." if errors else "No delivery failed: it is slow, or much came at once.",
                advice="manage.py lanes, or Lanes in the admin, show why; docs/delivery.md says what to do then.",
                platform=platform.pk,
                level=level,
            )
        if any(lane.needs_resync for lane in own):
            yield Sighting(
                kind=Kind.NEEDS_RESYNC,
                severity=Severity.ALARM,
                title=f"{platform.name} fell behind the event log",
                detail="It was away for longer than events are kept. Its objects are told again as they are now.",
                advice="Watch its lanes; see Retention and resync in docs/delivery.md.",
                platform=platform.pk,
                is_lasting=True,
            )
        untrusted = [error for error in errors if error.startswith(NOT_CONNECTED) and "certificate" in error.lower()]
        if untrusted:
            yield Sighting(
                kind=Kind.CERTIFICATE,
                severity=Severity.ALARM,
                title=f"The certificate of {platform.name} is not accepted",
                detail=untrusted[0],
                advice="Tell the partner: it has run out, is for another name, or its chain is incomplete.",
                platform=platform.pk,
            )


def _breakers(now: datetime) -> Iterable[Sighting]:
    """Of platforms that are online: they take connections, and yet calls fail."""
    online = set(Platform.objects.filter(state=Platform.State.REGISTERED, is_online=True).values_list("pk", flat=True))
    for row in list_breakers(now=now) or []:
        if row.platform in online:
            yield Sighting(
                kind=Kind.BREAKER_OPEN,
                severity=Severity.WARNING,
                title=f"{row.name} does not answer as it should: its breaker is {row.state}",
                detail=f"{row.failures} failures in a row since {row.since:%Y-%m-%d %H:%M:%S} UTC: {row.reason}",
                advice="Ask the partner. It is probed by itself; any call of its own closes the breaker.",
                platform=row.platform,
            )


def _dead_letters(now: datetime) -> Iterable[Sighting]:
    found = DeadLetter.objects.filter(closed_at=None, resent_at=None).order_by("platform__name", "platform")
    for pk, name, number in found.values_list("platform", "platform__name").annotate(number=Count("id")):
        yield Sighting(
            kind=Kind.DEAD_LETTERS,
            severity=Severity.WARNING,
            title=f"{name} did not take {count(number, 'object')}",
            advice="Dead letters in the admin or manage.py dead_letters say why: resend once it is mended, or close.",
            platform=pk,
            is_lasting=True,
        )


def _refusals(now: datetime) -> Iterable[Sighting]:
    """ROUTE-14: a partner that does not take the hub's token is for people to mend."""
    refused = CallLog.objects.filter(at__gt=now - RECENTLY, leg="out", http_status__in=(401, 403), platform__gt=0)
    for pk, number in _count_by_platform(refused):
        yield Sighting(
            kind=Kind.TOKEN_REFUSED,
            severity=Severity.ALARM,
            title=f"{_get_name(pk)} refuses the hub's token",
            detail=f"It answered 401 or 403 {number} times within {RECENTLY.seconds // 60} minutes.",
            advice="Renew the credentials with the partner: update them, or issue a new Token A.",
            platform=pk,
            is_lasting=True,
        )
    failing = CallLog.objects.filter(
        at__gt=now - RECENTLY, leg="in", module="credentials", status_code__gte=2000, platform__gt=0
    )
    for pk, number in _count_by_platform(failing):
        yield Sighting(
            kind=Kind.HANDSHAKE_FAILING,
            severity=Severity.WARNING,
            title=f"The handshake with {_get_name(pk)} fails",
            detail=f"{number} failed within {RECENTLY.seconds // 60} minutes.",
            advice="Call log, module credentials: its message says what the hub found at the partner's versions URL.",
            platform=pk,
            is_lasting=True,
        )


def _count_by_platform(calls: object) -> list[tuple[int, int]]:
    rows = calls.order_by("platform").values("platform").annotate(number=Count("id"))  # type: ignore[attr-defined]
    there = set(Platform.objects.values_list("pk", flat=True))
    return [(row["platform"], row["number"]) for row in rows if row["platform"] in there]


def _get_name(platform: int) -> str:
    return Platform.objects.filter(pk=platform).annotate(text=F("name")).values_list("text", flat=True)[0]


def _database(now: datetime) -> Iterable[Sighting]:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        Platform.objects.order_by("id").values_list("id")[:1].exists()
        took.append(time.perf_counter() - began)
    seconds = sorted(took)[1]
    if seconds > settings.HUB_ALERT_DATABASE / 2:
        yield Sighting(
            kind=Kind.DATABASE_SLOW,
            severity=Severity.ALARM,
            title="The database is slow",
            detail=f"A trivial query took {seconds:.2f} s.",
            advice="Look at its machine, at long transactions (pg_stat_activity) and at its disk.",
            level=seconds / settings.HUB_ALERT_DATABASE,
        )


def _machinery(now: datetime) -> Iterable[Sighting]:
    signs = alive.read()
    if signs.redis_seconds is None:
        yield Sighting(
            kind=Kind.REDIS_AWAY,
            severity=Severity.ALARM,
            title="Redis is away",
            detail="Calls are relayed as before; nothing is told on, pulled or reconciled until it is back.",
            advice="Start it again; it may come back empty, nothing is lost.",
        )
        return
    late = now.timestamp() - alive.LATE_SECONDS
    for kind, seen_at, name, what in (
        (Kind.WORKER_GONE, signs.worker_at, "worker", "nothing is delivered, pulled or reconciled"),
        (Kind.BEAT_GONE, signs.beat_at, "beat", "nothing happens by the clock: retries, still-alive checks, pulls"),
    ):
        if seen_at is None or seen_at < late:
            yield Sighting(
                kind=kind,
                severity=Severity.ALARM,
                title=f"No {name} is running",
                detail=f"While that lasts, {what}. All of it waits in the database.",
                advice=f"Start the {name}; its last log lines say why it ended.",
            )


LOOKS: tuple[tuple[tuple[Kind, ...], Look], ...] = (
    ((Kind.PARTNER_DOWN, Kind.PARTNER_SILENT), _partners),
    ((Kind.LANE_BEHIND, Kind.NEEDS_RESYNC, Kind.CERTIFICATE), _lanes),
    ((Kind.BREAKER_OPEN,), _breakers),
    ((Kind.DEAD_LETTERS,), _dead_letters),
    ((Kind.TOKEN_REFUSED, Kind.HANDSHAKE_FAILING), _refusals),
    ((Kind.DATABASE_SLOW,), _database),
    ((Kind.REDIS_AWAY, Kind.WORKER_GONE, Kind.BEAT_GONE), _machinery),
    ((Kind.NOT_CLOSED,), get_reported),
)
