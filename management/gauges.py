"""What a scrape reads this moment: partners, lanes, dead letters, breakers, PostgreSQL, Redis, Celery.

One bounded query each; what fails is missing from the scrape, named in `hub_scrape_errors`, and delays it little.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator

import psycopg2
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Case, CharField, Count, F, Q, Value, When
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from alerts.models import Alert
from forwarding.lag import NO_LAG, get_lags
from forwarding.models import DeadLetter, Lane
from journal.connection import connect
from journal.models import PullRequest
from parties.limits.listing import list_breakers
from parties.models import Platform
from reconciliation.models import Finding, State
from telemetry import alive

logger = logging.getLogger(__name__)

PATIENCE = "2s"  # per query
QUEUES = ("celery", "pulls")

LETTER_REASON = Case(
    When(Q(status_code__gte=2000, status_code__lt=3000), then=Value("refused")),
    When(Q(status_code__gte=3000) | Q(http_status__gte=500), then=Value("failed")),
    When(Q(http_status__gte=400), then=Value("refused")),
    default=Value("not sent"),
    output_field=CharField(),
)


class Gauges(Collector):
    """A new one per scrape."""

    def collect(self) -> Iterator[Metric]:
        errors = GaugeMetricFamily("hub_scrape_errors", "Parts of this scrape that could not be read.", labels=["part"])
        is_up, seconds = probe_database()
        yield _one("hub_database_up", "1 if PostgreSQL answers.", float(is_up))
        if seconds is not None:
            yield _one("hub_database_seconds", "How long connecting and a trivial query took.", seconds)
        yield from _machinery()
        for name, part in PARTS:
            if is_up and (found := _read(part)) is not None:
                yield from found
                errors.add_metric([name], 0)
            else:
                errors.add_metric([name], 1)
        yield errors


def probe_database() -> tuple[bool, float | None]:
    """On a connection of its own, so that a server that vanished is noticed within seconds."""
    began = time.perf_counter()
    try:
        probe = connect(name="hub metrics")
        try:
            with probe.cursor() as cursor:
                cursor.execute("SET statement_timeout = '2s'; SELECT 1")
        finally:
            probe.close()
    except psycopg2.Error:
        return False, None
    return True, time.perf_counter() - began


def _read(part: Callable[[], Iterable[Metric]]) -> list[Metric] | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
            return list(part())
    except DatabaseError as error:
        logger.warning("metrics: %s", str(error).strip().split("\n")[0])
        connections.close_all()
        return None


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _machinery() -> Iterator[Metric]:
    signs = alive.read(queues=QUEUES)
    yield _one("hub_redis_up", "1 if Redis answers.", float(signs.redis_seconds is not None))
    if signs.redis_seconds is None:
        return
    yield _one("hub_redis_seconds", "How long Redis took to answer.", signs.redis_seconds)
    if signs.beat_at is not None:
        yield _one("hub_beat_seen_timestamp_seconds", "When beat last left a sign of life.", signs.beat_at)
    workers = GaugeMetricFamily(
        "hub_worker_seen_timestamp_seconds", "When a worker last left a sign of life.", labels=["worker"]
    )
    for name, at in signs.workers.items():
        workers.add_metric([name], at)
    yield workers
    queues = GaugeMetricFamily("hub_queue_tasks", "Background tasks that wait to be begun.", labels=["queue"])
    for name, length in signs.queues.items():
        queues.add_metric([name], length)
    yield queues


def _platforms() -> Iterator[Metric]:
    info = GaugeMetricFamily("hub_platform_info", "The name of a platform.", labels=["platform", "name"])
    up = GaugeMetricFamily("hub_platform_up", "1 if a registered platform is CONNECTED.", labels=["platform"])
    status = GaugeMetricFamily("hub_platforms", "Platforms by HubClientInfo status.", labels=["status"])
    heard = GaugeMetricFamily(
        "hub_platform_heard_timestamp_seconds", "When a platform was last heard.", labels=["platform"]
    )
    numbers: dict[str, int] = {}
    for platform in Platform.objects.select_related("heartbeat").order_by("id"):
        key = [str(platform.pk)]
        info.add_metric([*key, platform.name], 1)
        numbers[platform.status.value] = numbers.get(platform.status.value, 0) + 1
        if platform.state == Platform.State.REGISTERED:
            up.add_metric(key, float(platform.is_online))
        if hasattr(platform, "heartbeat") and platform.heartbeat.heard_at:
            heard.add_metric(key, platform.heartbeat.heard_at.timestamp())
    for name, number in numbers.items():
        status.add_metric([name], number)
    yield from (info, up, status, heard)


def _lanes() -> Iterator[Metric]:
    now, lags = timezone.now(), get_lags()
    names = {
        "hub_lane_events": "Events a platform is behind, counted up to 10000 per lane.",
        "hub_lane_lag_seconds": "Age of the oldest event a platform has not been told.",
        "hub_lane_retrying": "Lanes of a platform that wait to try again.",
        "hub_lane_paused": "Lanes of a platform that staff has paused.",
        "hub_lane_needs_resync": "Lanes of a platform that fell out of the event log.",
    }
    found: dict[int, list[float]] = {}
    rows = Lane.objects.order_by().values_list("pk", "platform", "failures", "paused_at", "needs_resync")
    for pk, platform, failures, paused_at, needs_resync in rows:
        lag = lags.get(pk, NO_LAG)
        own = found.setdefault(platform, [0.0] * len(names))
        own[0] += lag.events
        own[1] = max(own[1], lag.get_age(now=now).total_seconds())
        own[2] += failures > 0
        own[3] += paused_at is not None
        own[4] += needs_resync
    for place, (name, text) in enumerate(names.items()):
        family = GaugeMetricFamily(name, text, labels=["platform"])
        for platform, own in found.items():
            family.add_metric([str(platform)], own[place])
        yield family


def _dead_letters() -> Iterator[Metric]:
    family = GaugeMetricFamily("hub_dead_letters", "Open dead letters.", labels=["platform", "reason"])
    waiting = DeadLetter.objects.filter(closed_at=None, resent_at=None).annotate(why=LETTER_REASON).order_by()
    for platform, why, number in waiting.values_list("platform", "why").annotate(number=Count("id")):
        family.add_metric([str(platform), why], number)
    yield family


def _breakers() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "hub_breaker_open", "1 for a platform whose breaker is not closed.", labels=["platform", "state"]
    )
    for row in list_breakers(now=timezone.now()) or []:
        family.add_metric([str(row.platform), str(row.state.value)], 1)
    yield family


def _findings() -> Iterator[Metric]:
    family = GaugeMetricFamily("hub_findings_open", "Open findings of reconciliation.", labels=["kind"])
    rows = Finding.objects.filter(state=State.OPEN).order_by().values_list("kind").annotate(number=Count("id"))
    for kind, number in rows:
        family.add_metric([kind], number)
    yield family


def _pulls() -> Iterator[Metric]:
    """Not those that are done: they are kept for a while, and their number says nothing."""
    family = GaugeMetricFamily("hub_pulls", "Lists to be read from partners, by state.", labels=["state"])
    rows = PullRequest.objects.exclude(state=PullRequest.State.DONE).order_by().values_list("state")
    for state, number in rows.annotate(number=Count("id")):
        family.add_metric([state], number)
    yield family


def _alerts() -> Iterator[Metric]:
    family = GaugeMetricFamily("hub_alerts_open", "Open alerts.", labels=["kind", "severity"])
    rows = Alert.objects.filter(closed_at=None, opened_at__isnull=False).order_by().annotate(what=F("kind"))
    for kind, severity, number in rows.values_list("what", "severity").annotate(number=Count("id")):
        family.add_metric([kind, severity], number)
    yield family


PARTS: tuple[tuple[str, Callable[[], Iterable[Metric]]], ...] = (
    ("platforms", _platforms),
    ("lanes", _lanes),
    ("dead letters", _dead_letters),
    ("breakers", _breakers),
    ("findings", _findings),
    ("pulls", _pulls),
    ("alerts", _alerts),
)
