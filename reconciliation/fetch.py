"""CDRs that are overdue are asked for: the hub writes a PullRequest for its CPO's list. Asks nobody itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from charging_sessions.models import Session
from forwarding.pull_ask import ask
from journal.models import PullRequest
from ocpi.calls import PartyId
from parties.models import Party, Platform
from reconciliation.checks import Kind
from reconciliation.models import CdrClock, Finding, State

CDRS = "cdrs"
DAY = timedelta(days=1)
WITHIN = timedelta(days=7)  # what is missing for longer is a matter for people
DEFAULT = CdrClock._meta.get_field("pulls_per_day").get_default()


def ask_for_missing(*, now: datetime) -> int:
    """One request per CPO with overdue CDRs: when more are missing than at the last one, else once a day; so many a
    day at most as its clock says; and none beside one that waits or runs. Returns how many lists were asked for."""
    missing = Finding.objects.filter(
        kind=Kind.SESSION_WITHOUT_CDR, state=State.OPEN, opened_at__gt=now - WITHIN
    ).order_by()
    pulls = dict(CdrClock.objects.values_list("owner", "pulls_per_day"))
    number = 0
    for owner, newest in missing.values_list("owner").annotate(newest=Max("opened_at")).order_by("owner"):
        if _may_ask(owner, newest=newest, most=pulls.get(owner, DEFAULT), now=now):
            since = _get_earliest_end(missing.filter(owner=owner))
            for platform in _get_platforms(owner):
                reason = PullRequest.Reason.RECONCILIATION
                number += len(ask(platform, [CDRS], reason=reason, now=now, since=since, party=owner))
    return number


def _may_ask(owner: str, *, newest: datetime, most: int, now: datetime) -> bool:
    requests = PullRequest.objects.filter(party=owner, module=CDRS)
    if requests.filter(state__in=[PullRequest.State.WAITING, PullRequest.State.RUNNING]).exists():
        return False
    asked = requests.filter(reason=PullRequest.Reason.RECONCILIATION, requested_at__gt=now - DAY)
    known = asked.aggregate(last=Max("requested_at"))["last"]
    return asked.count() < most and (known is None or known < newest)


def _get_earliest_end(missing: QuerySet[Finding]) -> datetime | None:
    """A CDR is made when its session has ended or later, and is listed by when it was made."""
    session: Any = Session.objects.filter(owner=OuterRef("owner"), object_key=OuterRef("session_key"), audience="")
    ended = Subquery(session.values_list(Coalesce("end_at", "start_at"))[:1])
    found: datetime | None = missing.aggregate(earliest=Min(ended))["earliest"]
    return found


def _get_platforms(owner: str) -> list[Platform]:
    party = PartyId.of_key(owner)
    roles = Party.objects.filter(
        country_code__iexact=party.country_code, party_id__iexact=party.party_id, role="CPO", is_active=True
    )
    registered = Platform.objects.filter(state=Platform.State.REGISTERED, pk__in=roles.values("platform"))
    return list(registered.order_by("id"))
