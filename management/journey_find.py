"""What belongs to one message: found by its ids, through indexes only, and never more than a page can show. Reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from forwarding.models import DeadLetter
from journal.models import Alias
from journal.results import get_result_name
from management.models import LogCall, LogEvent

MOST = 500  # rows of a journey; a partner that never changes its correlation id makes endless ones
RESULT_DELAY = timedelta(days=8)  # a result that comes later than this is not linked to its command


@dataclass(slots=True, kw_only=True)
class Found:
    """Everything with these ids, oldest first."""

    calls: list[LogCall]
    events: list[LogEvent] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    is_cut: bool = False

    @property
    def correlation_ids(self) -> list[str]:
        return list(dict.fromkeys(call.correlation_id for call in self.calls if call.correlation_id))


def find(text: str) -> Found | None:
    """By correlation id or request id, whole. None: the log has neither (any more)."""
    first = list(LogCall.objects.filter(Q(correlation_id=text) | Q(request_id=text)).order_by("-at", "-id")[: MOST + 1])
    if not first:
        return None
    ids = {call.correlation_id for call in first if call.correlation_id}
    calls = {call.id: call for call in first[:MOST]}
    calls |= {call.id: call for call in _get_calls(ids - {text})}
    aliases = _find_aliases(calls.values())
    results = LogCall.objects.filter(object_id__in=[get_result_name(alias.token) for alias in aliases])
    calls |= {call.id: call for call in results[:MOST]} if aliases else {}
    calls |= {call.id: call for call in _find_askers(aliases)}
    found = Found(
        calls=sorted(calls.values(), key=lambda call: (call.at, call.id)),
        aliases=aliases,
        is_cut=len(first) > MOST,
    )
    found.letters = list(
        DeadLetter.objects.filter(
            Q(correlation_id__in=found.correlation_ids)
            | Q(event__in=[call.event for call in found.calls if call.event])
        )
        .select_related("platform")
        .order_by("created_at", "id")[:MOST]
    )
    found.events = _find_events(found)
    return found


def _get_calls(ids: Iterable[str]) -> QuerySet[LogCall]:
    return LogCall.objects.filter(correlation_id__in=list(ids)).order_by("-at", "-id")[:MOST]


def _find_events(found: Found) -> list[LogEvent]:
    """Those the calls name, and those that were written with a call or with the resending of a letter: they have its
    very moment, which leads to a few pages of the log."""
    moments = sorted({call.at for call in found.calls if call.leg == "in"} | _get_resent(found.letters))
    named = {call.event for call in found.calls if call.event} | {letter.event for letter in found.letters}
    ids = found.correlation_ids
    events = {event.id: event for event in LogEvent.objects.filter(id__in=list(named))}
    if moments:
        told = LogEvent.objects.filter(at__in=moments, correlation_id__in=ids)
        events |= {event.id: event for event in told}
    return sorted(events.values(), key=lambda event: event.id)[:MOST]


def _get_resent(letters: Iterable[DeadLetter]) -> set[datetime]:
    return {letter.resent_at for letter in letters if letter.resent_at}


def _find_aliases(calls: Iterable[LogCall]) -> list[Alias]:
    """The hub's response_urls that stood in these calls, or under which these calls came."""
    asking = {call.at for call in calls if call.leg == "in" and call.decision == "forward" and call.method != "GET"}
    found = {alias.token: alias for alias in Alias.objects.filter(kind="response_url", created_at__in=list(asking))}
    for call in calls:
        if call.object_id.startswith("result-") and all(get_result_name(t) != call.object_id for t in found):
            token = _find_token(call)
            if token:
                found |= {alias.token: alias for alias in Alias.objects.filter(token=token)}
    known = {(call.sender, call.receiver, call.module) for call in calls}
    return [
        alias
        for alias in found.values()
        if {(alias.target_party, alias.party, alias.module), (alias.party, alias.target_party, alias.module)} & known
        or any(call.module == alias.module and call.at == alias.created_at for call in calls)
    ]


def _find_token(call: LogCall) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT token FROM journal_alias WHERE kind = 'response_url' AND created_at BETWEEN %s AND %s"
            " AND 'result-' || left(encode(sha256(convert_to(token, 'UTF8')), 'hex'), 16) = %s",
            [call.at - RESULT_DELAY, call.at, call.object_id],
        )
        row = cursor.fetchone()
    return row[0] if row else ""


def _find_askers(aliases: Sequence[Alias]) -> list[LogCall]:
    """The calls in which these URLs stood, and all that have their correlation ids."""
    if not aliases:
        return []
    asking = LogCall.objects.filter(
        at__in=[alias.created_at for alias in aliases],
        leg="in",
        sender__in=[alias.target_party for alias in aliases],
        module__in=[alias.module for alias in aliases],
    )
    return list(_get_calls({call.correlation_id for call in asking if call.correlation_id}))
