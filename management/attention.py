"""What staff should look at, the worst first. Reads only; every notice leads to where something can be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Min, Model, Q
from django.urls import reverse
from django.utils.timesince import timesince

from agreements.doubts import find_doubts
from agreements.models import Agreement
from forwarding.lag import NO_LAG, Lag
from forwarding.models import DeadLetter, Lane
from invoicing.models import Blocked, Invoice, Mailing
from parties.models import Platform
from parties.spelling import count, say_value
from reconciliation.dispute_states import DisputeState, Outcome
from reconciliation.models import Dispute, Finding, State

LATE = timedelta(minutes=5)  # a lane this far behind is not just busy
ENDS_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`level`: alarm, warning or note."""

    level: str
    text: str
    link: str


def get_notices(*, may_see: Callable[[type[Model]], bool], lags: Mapping[int, Lag], now: datetime) -> list[Notice]:
    """Those that lead to what somebody may see."""
    looks: tuple[tuple[type[Model], Callable[[], list[Notice]]], ...] = (
        (Lane, _lost_lanes),
        (Platform, _offline),
        (Lane, lambda: _paused(now=now)),
        (Lane, lambda: _late_lanes(lags=lags, now=now)),
        (DeadLetter, _dead_letters),
        (Dispute, lambda: _disputes(now=now)),
        (Finding, _findings),
        (Blocked, _blocked),
        (Invoice, _unsent),
        (Platform, _unfinished),
        (Agreement, lambda: _doubtful(now=now)),
        (Agreement, lambda: _ending(now=now)),
    )
    return [notice for model, look in looks if may_see(model) for notice in look()]


def _link(view: str, *args: object, **query: object) -> str:
    return reverse(f"admin:{view}", args=args) + (f"?{urlencode(query)}" if query else "")


def _lost_lanes() -> list[Notice]:
    names = Platform.objects.filter(lanes__needs_resync=True).distinct().order_by("name").values_list("pk", "name")
    return [
        Notice(
            level="alarm",
            text=f"{name} fell behind the event log: it must pull everything again.",
            link=_link("forwarding_lane_changelist", platform__id__exact=pk),
        )
        for pk, name in names
    ]


def _offline() -> list[Notice]:
    gone = Platform.objects.filter(state=Platform.State.REGISTERED, is_online=False).order_by("name")
    return [
        Notice(
            level="alarm",
            text=f"{platform} is offline: it gets no calls until it answers again.",
            link=_link("parties_platform_change", platform.pk),
        )
        for platform in gone
    ]


def _paused(*, now: datetime) -> list[Notice]:
    """Nobody else would ever tell: a pause ends only by hand."""
    held = Platform.objects.filter(lanes__paused_at__isnull=False).annotate(since=Min("lanes__paused_at"))
    return [
        Notice(
            level="warning",
            text=f"{platform.name} is paused for {timesince(platform.since, now)}: it is told nothing.",
            link=_link("forwarding_lane_changelist", platform__id__exact=platform.pk),
        )
        for platform in held.order_by("name")
    ]


def _late_lanes(*, lags: Mapping[int, Lag], now: datetime) -> list[Notice]:
    """Platforms that are online and yet behind; of those that are offline it goes without saying."""
    worst: dict[tuple[int, str], Lag] = {}
    for lane in Lane.objects.select_related("platform").filter(pk__in=lags.keys(), platform__is_online=True):
        lag, key = lags[lane.pk], (lane.platform.pk, lane.platform.name)
        if lag.get_age(now=now) >= max(LATE, worst.get(key, NO_LAG).get_age(now=now)):
            worst[key] = lag
    return [
        Notice(
            level="warning",
            text=f"{name} is behind: its oldest waiting event is {timesince(lag.oldest_at, now)} old.",
            link=_link("forwarding_lane_changelist", platform__id__exact=pk),
        )
        for (pk, name), lag in sorted(worst.items(), key=lambda item: item[0][1])
        if lag.oldest_at is not None
    ]


def _dead_letters() -> list[Notice]:
    waiting = DeadLetter.objects.filter(closed_at=None, resent_at=None).order_by("platform__name")
    by_platform = waiting.values_list("platform", "platform__name").annotate(number=Count("id"))
    return [
        Notice(
            level="warning",
            text=f"{name} did not take {count(number, 'object')}: resend or close.",
            link=_link("forwarding_deadletter_changelist", platform__id__exact=pk),
        )
        for pk, name, number in by_platform
    ]


def _disputes(*, now: datetime) -> list[Notice]:
    """Those that wait for the hub's word, and credits that are owed for too long."""
    escalated = Dispute.objects.filter(state=DisputeState.ESCALATED).count()
    owed = Dispute.objects.holding().filter(outcome=Outcome.FALLS.value, due_at__lte=now).order_by("due_at", "id")
    notices = [
        Notice(
            level="warning",
            text=f"CDR {dispute.cdr_id} fell in a dispute and is not credited: it was due {dispute.due_at:%Y-%m-%d}.",
            link=_link("reconciliation_dispute_change", dispute.pk),
        )
        for dispute in owed[:10]
    ]
    if escalated:
        text = f"{escalated} dispute{'s wait' if escalated > 1 else ' waits'} for the hub's decision."
        link = _link("reconciliation_dispute_changelist", state__exact="escalated")
        notices.insert(0, Notice(level="alarm", text=text, link=link))
    return notices


def _findings() -> list[Notice]:
    kinds = Finding.objects.filter(state=State.OPEN).order_by("kind").values_list("kind").annotate(number=Count("id"))
    return [
        Notice(
            level="warning",
            text=f"{count(number, 'open finding')}: {say_value(kind)}.",
            link=_link("reconciliation_finding_changelist", state__exact="open", kind__exact=kind),
        )
        for kind, number in kinds
    ]


def _blocked() -> list[Notice]:
    """What no worker can mend by itself: a company without its address or VAT number, mostly."""
    number = Blocked.objects.count()
    text = f"{count(number, 'statement')} without an invoice: see what is missing."
    return [Notice(level="warning", text=text, link=_link("invoicing_blocked_changelist"))] if number else []


def _unsent() -> list[Notice]:
    number = Mailing.objects.filter(state=Mailing.State.FAILED).count()
    text = f"{count(number, 'invoice')} did not get out by e-mail: see why, and send again."
    link = _link("invoicing_invoice_changelist", mailing__state__exact=Mailing.State.FAILED.value)
    return [Notice(level="warning", text=text, link=link)] if number else []


def _unfinished() -> list[Notice]:
    planned = Platform.objects.filter(state=Platform.State.PLANNED).order_by("name")
    return [
        Notice(
            level="note",
            text=f"{platform} has not registered yet"
            + (": its Token A is not used." if platform.token_a_digest else " and has no Token A."),
            link=_link("parties_platform_change", platform.pk),
        )
        for platform in planned
    ]


def _doubtful(*, now: datetime) -> list[Notice]:
    return [
        Notice(level="note", text=f"{doubt} See {agreement}.", link=_link("agreements_agreement_change", agreement.pk))
        for doubt, agreement in find_doubts(Agreement.objects.in_force(now=now), most=10).items()
    ]


def _ending(*, now: datetime) -> list[Notice]:
    soon = Agreement.objects.filter(Q(valid_until__gt=now) & Q(valid_until__lte=now + ENDS_SOON)).order_by(
        "valid_until"
    )
    return [
        Notice(
            level="note",
            text=f"The agreement {agreement} ends in {timesince(now, agreement.valid_until)}.",
            link=_link("agreements_agreement_change", agreement.pk),
        )
        for agreement in soon[:10]
    ]
