"""Writes PullRequests: for staff, by the clock, and for platforms that came back. Asks nobody itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from forwarding.pull_plan import is_due
from journal.models import PullRequest
from ocpi.calls import Interface
from parties.announced import ask_for_list
from parties.models import Endpoint, Heartbeat, Party, Platform
from parties.owned_module import Absence, OwnedModule
from parties.registry import find_owned_module, get_modules

LONGEST_HOURS = 100 * 366 * 24  # between two whole lists; whoever sets more means never
TURN = 0x0C712E9D  # the number under which those that write or claim requests take turns


def take_turn() -> None:
    """Until the end of the transaction nobody else asks for or claims a pull."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])


def get_lists() -> list[str]:
    """Of the hub's modules, those whose objects it keeps."""
    return [name for name, module in get_modules().items() if isinstance(module, OwnedModule)]


def get_offered_lists(platform: Platform) -> list[str]:
    """Those of them the platform has a SENDER endpoint for and a party that may own such objects."""
    told = Endpoint.objects.filter(platform=platform, interface=Interface.SENDER).values_list("module", flat=True)
    roles = set(Party.objects.filter(platform=platform, is_active=True).values_list("role", flat=True))
    modules = get_modules()
    return [name for name in get_lists() if name in set(told) and roles & {str(r) for r in modules[name].owner_roles}]


def ask(
    platform: Platform,
    lists: Iterable[str],
    *,
    reason: PullRequest.Reason,
    now: datetime,
    is_full: bool = False,
    since: datetime | None = None,
    party: str | None = None,
) -> list[PullRequest]:
    """One request per party and list (ROUTE-48). What waits already is not asked for twice, but it may become more.

    `party`: the key of the only one whose lists are wanted.
    """
    offered = set(get_offered_lists(platform))
    with transaction.atomic():
        take_turn()
        return [
            _write(platform, owner, module, reason=reason, now=now, is_full=is_full, since=since)
            for module in dict.fromkeys(lists)
            if module in offered
            for owner in _get_owners(platform, module)
            if party is None or owner == party
        ]


def ask_scheduled(*, now: datetime) -> int:
    """For platforms with a schedule; from time to time the whole list, which alone tells what is gone."""
    number = 0
    scheduled = Platform.objects.filter(state=Platform.State.REGISTERED, is_online=True).exclude(pull_schedule={})
    for platform in scheduled.order_by("id"):
        for name, hours in sorted(platform.pull_schedule.items()):
            asked = PullRequest.objects.filter(platform=platform.id, module=name, reason=PullRequest.Reason.SCHEDULE)
            last = asked.order_by("-requested_at").values_list("requested_at", flat=True).first()
            if is_due(last=last, hours=hours, name=f"{platform.id}:{name}", now=now):
                is_full = _is_full_due(platform, name, now=now)
                reason = PullRequest.Reason.SCHEDULE
                number += len(ask(platform, [name], reason=reason, now=now, is_full=is_full))
    return number


def ask_missed(*, now: datetime) -> int:
    """What platforms that are back may have changed while they were away (HCI-14)."""
    if not settings.HUB_PULL_ON_RETURN:
        return 0
    number = 0
    back = Heartbeat.objects.filter(
        missed_since__isnull=False, platform__is_online=True, platform__state=Platform.State.REGISTERED
    )
    for beat in back.select_related("platform").order_by("platform_id"):
        with transaction.atomic():
            asked = ask(beat.platform, get_lists(), reason=PullRequest.Reason.RETURN, now=now, since=beat.missed_since)
            ask_for_list(beat.platform, now=now)
            Heartbeat.objects.filter(pk=beat.pk, missed_since=beat.missed_since).update(missed_since=None)
        number += len(asked)
    return number


def _get_owners(platform: Platform, module: str) -> list[str]:
    """Keys of the platform's parties that may own objects of this module."""
    roles = [str(role) for role in get_modules()[module].owner_roles]
    parties = Party.objects.filter(platform=platform, is_active=True, role__in=roles).order_by("id")
    return list(dict.fromkeys(party.id_pair.key for party in parties))


def _write(
    platform: Platform,
    party: str,
    module: str,
    *,
    reason: PullRequest.Reason,
    now: datetime,
    is_full: bool,
    since: datetime | None,
) -> PullRequest:
    key = {"platform": platform.id, "party": party, "module": module}
    waiting = PullRequest.objects.filter(**key, state=PullRequest.State.WAITING).first()
    if waiting is None:
        columns = {"reason": reason, "is_full": is_full, "since": since, "requested_at": now, "due_at": now}
        return PullRequest.objects.create(**key, **columns)
    waiting.is_full = waiting.is_full or is_full
    waiting.since = min((moment for moment in (waiting.since, since) if moment is not None), default=None)
    waiting.due_at = min(waiting.due_at, now)
    waiting.page_url = ""  # what was read of it before it broke off may have changed since: it begins anew
    waiting.save(update_fields=["is_full", "since", "due_at", "page_url"])
    return waiting


def _is_full_due(platform: Platform, name: str, *, now: datetime) -> bool:
    module = find_owned_module(name)
    if module is None or module.absence is Absence.MEANS_NOTHING or not platform.pull_full_hours:
        return False
    recent = PullRequest.objects.filter(
        platform=platform.id,
        module=name,
        is_full=True,
        state=PullRequest.State.DONE,
        finished_at__gt=now - timedelta(hours=min(platform.pull_full_hours, LONGEST_HOURS)),
    )
    return not recent.exists()
