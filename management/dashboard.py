"""The first page of the admin: what needs attention, the traffic of the last hour, every partner. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, DateTimeField, Func, Model, Q, QuerySet, Value
from django.db.utils import OperationalError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from alerts.models import Alert
from forwarding.lag import COUNT_LIMIT, NO_LAG, Lag, get_lags
from forwarding.models import DeadLetter, Lane
from management.attention import get_notices
from management.chart import STACK, Chart, draw
from management.models import LogCall
from management.outcome import OUTCOME_IN_SQL
from parties.admin_pages import may_see
from parties.models import Platform
from reconciliation.models import Finding, State

SLOT = timedelta(minutes=5)
SLOTS = 12
PATIENCE = "1500ms"  # the dashboard must come up in the middle of a flood, too


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRow:
    """One platform and what is the matter with it."""

    name: str
    link: str
    parties: str
    status: str
    heard_at: datetime | None
    behind: str
    oldest_at: datetime | None
    dead_letters: int


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's DASHBOARD_CALLBACK. Each part is for those who may see the page it leads to."""
    sees = partial(may_see, request)
    now = timezone.now()
    lags = get_lags()
    chart, totals = get_traffic(now=now) if sees(LogCall) else (None, None)
    context |= {
        "notices": get_notices(may_see=sees, lags=lags, now=now),
        "sees_network": sees(Platform) and sees(Lane),
        "partners": get_partners(lags=lags) if sees(Platform) else None,
        "chart": chart,
        "totals": totals,
        "figures": get_figures(may_see=sees),
        "alerts": get_alerts() if sees(Alert) else [],
        "now": now,
    }
    return context


def get_alerts() -> list[tuple[Alert, str]]:
    """Open alerts, the worst first, with whether anybody was told."""
    found = Alert.objects.filter(closed_at=None, opened_at__isnull=False).order_by("severity", "opened_at")
    told = found.annotate(
        sent=Count("messages", filter=Q(messages__sent_at__isnull=False)),
        stuck=Count("messages", filter=Q(messages__sent_at=None)),
    )
    return [
        (alert, "operators were told" if alert.sent else "not told yet" if alert.stuck else "nobody is set to be told")
        for alert in told[:12]
    ]


def get_figures(*, may_see: Callable[[type[Model]], bool]) -> list[tuple[str, int, str]]:
    """Label, number, link."""
    registered = Platform.objects.filter(state=Platform.State.REGISTERED)
    counted: tuple[tuple[str, QuerySet[Any], str], ...] = (
        ("platforms registered", registered, ""),
        ("of them online", registered.filter(is_online=True), ""),
        ("open dead letters", DeadLetter.objects.filter(closed_at=None, resent_at=None), ""),
        ("open findings", Finding.objects.filter(state=State.OPEN), "?state__exact=open"),
    )
    return [
        (label, rows.count(), reverse(f"admin:{rows.model._meta.label_lower.replace('.', '_')}_changelist") + query)
        for label, rows, query in counted
        if may_see(rows.model)
    ]


def get_partners(*, lags: Mapping[int, Lag]) -> list[PartnerRow]:
    lanes: dict[int, list[Lag]] = {}
    for lane, platform in Lane.objects.values_list("pk", "platform"):
        lanes.setdefault(platform, []).append(lags.get(lane, NO_LAG))
    waiting = DeadLetter.objects.filter(closed_at=None, resent_at=None).order_by().values_list("platform")
    letters = dict(waiting.annotate(number=Count("id")))
    platforms = Platform.objects.select_related("heartbeat").prefetch_related("parties").order_by("name")
    return [
        PartnerRow(
            name=platform.name,
            link=reverse("admin:parties_platform_change", args=[platform.pk]),
            parties=", ".join(f"{party.id_pair} {party.role}" for party in platform.parties.all() if party.is_active),
            status=platform.status.value,
            heard_at=platform.heartbeat.heard_at if hasattr(platform, "heartbeat") else None,
            behind=_show_events(sum(lag.events for lag in lanes.get(platform.pk, []))),
            oldest_at=min((lag.oldest_at for lag in lanes.get(platform.pk, []) if lag.oldest_at), default=None),
            dead_letters=letters.get(platform.pk, 0),
        )
        for platform in platforms
    ]


def get_traffic(*, now: datetime) -> tuple[Chart | None, list[tuple[str, int]]]:
    """The chart and the totals by outcome; (None, []) when there is too much to count in time."""
    end = _floor(now) + SLOT
    slots = [end - SLOT * (SLOTS - place) for place in range(SLOTS)]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
            counts = _count_calls(since=slots[0], until=end)
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError:
        return None, []
    totals = [(outcome.value, sum(n for (_, name), n in counts.items() if name == outcome)) for outcome in STACK]
    return draw(slots, counts), totals


def _count_calls(*, since: datetime, until: datetime) -> dict[tuple[datetime, str], int]:
    """By slot and outcome: calls that came in and calls that went out."""
    slot = Func(
        Value("5 minutes"),
        "at",
        Value(datetime(2000, 1, 1, tzinfo=UTC)),
        function="date_bin",
        template="%(function)s(%(expressions)s)",
        output_field=DateTimeField(),
    )
    rows = (
        LogCall.objects.filter(at__gte=since, at__lt=until)
        .annotate(slot=slot, ending=OUTCOME_IN_SQL)
        .order_by()
        .values_list("slot", "ending")
        .annotate(number=Count("id"))
    )
    return {(slot, ending): number for slot, ending, number in rows}


def _floor(moment: datetime) -> datetime:
    return moment - timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)


def _show_events(number: int) -> str:
    return f"{COUNT_LIMIT}+" if number >= COUNT_LIMIT else str(number)
