"""Whose turn it is to read which list: claims, progress and ends of PullRequests. Two workers never read the same.

Every change after the claim is conditional on the fence: a worker that was taken for dead writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from forwarding.pull_ask import take_turn
from forwarding.pull_plan import can_go_on
from journal.models import PullRequest, PullSeen
from journal.storable import mend_text
from parties.models import Platform

LEASE = timedelta(minutes=3)  # above the time limit of a page
ATTEMPTS = 3
AGAIN = timedelta(minutes=5)  # after the first failure; twice as long after the second

_FRESH: dict[str, Any] = {
    "pages": 0,
    "objects_read": 0,
    "total": None,
    "stored": 0,
    "unchanged": 0,
    "foreign": 0,
    "invalid": 0,
    "removed": 0,
    "nameless": 0,
    "date_from": None,
    "finished_at": None,
    "page_url": "",
    "page_digest": "",
}


class LeaseLost(Exception):
    """Another worker has it, or its platform is not to be asked any more."""


def claim(*, now: datetime) -> PullRequest | None:
    """The next list to read; None: nothing is due, or enough lists are being read."""
    with transaction.atomic():
        take_turn()
        running = PullRequest.objects.filter(state=PullRequest.State.RUNNING, leased_until__gte=now)
        if running.count() >= settings.HUB_PULL_CRAWLS:
            return None
        for request in _get_due(running, now=now).select_for_update(skip_locked=True):
            if request.attempts >= ATTEMPTS:  # its worker died as often as that
                _finish(request, PullRequest.State.FAILED, now=now, error="the reading never came to an end")
                continue
            changed = {
                "state": PullRequest.State.RUNNING,
                "leased_until": now + LEASE,
                "fence": request.fence + 1,
                "attempts": request.attempts + 1,
            }
            for name, value in changed.items():
                setattr(request, name, value)
            request.save(update_fields=list(changed))
            if not can_go_on(page_url=request.page_url, started_at=request.started_at, now=now):
                begin_anew(request, now=now)
            return request
    return None


def begin_anew(request: PullRequest, *, now: datetime) -> None:
    """Forget how far an earlier reading came.

    Raises:
        LeaseLost: stop here.
    """
    changed = {"started_at": now, **_FRESH}
    for name, value in changed.items():
        setattr(request, name, value)
    with transaction.atomic():
        if not _held(request).update(**changed):
            raise LeaseLost(str(request))
        _forget_seen(request)


def is_ours(request: PullRequest) -> bool:
    """Still, and the platform may be asked."""
    return _may_be_asked(request) and _held(request).exists()


def save_progress(request: PullRequest, *, now: datetime, seen: Collection[str] = ()) -> None:
    """A page was read. `seen`: the objects it named, where the end of the list must know of them.

    Raises:
        LeaseLost: stop here.
    """
    columns = {name: getattr(request, name) for name in (*_FRESH, "attempts", "last_error")}
    with transaction.atomic():
        if not _may_be_asked(request) or not _held(request).update(**columns, leased_until=now + LEASE):
            raise LeaseLost(str(request))
        if seen:
            _keep_seen(request, seen)


def _keep_seen(request: PullRequest, keys: Collection[str]) -> None:
    """In SQL: an instance of the model for each object of a page takes as long as storing the object."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_pullseen (request_id, object_key) SELECT %s, unnest(%s) ON CONFLICT DO NOTHING",
            [request.pk, sorted(keys)],
        )


def get_seen(request: PullRequest) -> set[str]:
    return set(PullSeen.objects.filter(request=request).values_list("object_key", flat=True))


def finish(request: PullRequest, *, now: datetime) -> None:
    with transaction.atomic():
        held = _held(request).update(
            state=PullRequest.State.DONE,
            finished_at=now,
            leased_until=None,
            last_error=request.last_error,
            removed=request.removed,
        )
        if held:
            _forget_seen(request)


def fail(request: PullRequest, *, error: str, now: datetime, again: bool = True) -> None:
    """Later again, from where it broke off; or not any more, then the row says why."""
    with transaction.atomic():
        take_turn()
        if not again or request.attempts >= ATTEMPTS or _has_successor(request):
            _finish(request, PullRequest.State.FAILED, now=now, error=error)
        else:
            _held(request).update(
                state=PullRequest.State.WAITING,
                due_at=now + AGAIN * 2 ** (request.attempts - 1),
                leased_until=None,
                last_error=mend_text(error),
            )


def do_others_wait(*, now: datetime) -> bool:
    """For a turn, and there is none left."""
    running = PullRequest.objects.filter(state=PullRequest.State.RUNNING, leased_until__gte=now)
    return running.count() >= settings.HUB_PULL_CRAWLS and _get_due(running, now=now).exists()


def hand_over(request: PullRequest, *, now: datetime) -> None:
    """Behind those that wait, to go on from where it is."""
    with transaction.atomic():
        take_turn()
        if _has_successor(request):
            _finish(request, PullRequest.State.FAILED, now=now, error="others waited; it was asked for anew meanwhile")
        else:
            _held(request).update(
                state=PullRequest.State.WAITING, due_at=now, leased_until=None, attempts=request.attempts - 1
            )


def get_pulled_at(request: PullRequest) -> datetime | None:
    """When the last reading of this list began that came to its end: what changed later may be unknown."""
    done = PullRequest.objects.filter(
        platform=request.platform, party=request.party, module=request.module, state=PullRequest.State.DONE
    )
    return done.order_by("-started_at").values_list("started_at", flat=True).first()


def _get_due(running: QuerySet[PullRequest], *, now: datetime) -> QuerySet[PullRequest]:
    """One list per platform at a time. Whoever is offline is asked when it is back."""
    waits = Q(state=PullRequest.State.WAITING, due_at__lte=now)
    died = Q(state=PullRequest.State.RUNNING, leased_until__lt=now)
    callable_now = Platform.objects.filter(state=Platform.State.REGISTERED, is_online=True).values("id")
    return (
        PullRequest.objects.filter(waits | died, platform__in=callable_now)
        .exclude(platform__in=running.values("platform"))
        .order_by("state", "due_at", "id")  # RUNNING before WAITING: what died goes first, and is alone of its key
    )


def _may_be_asked(request: PullRequest) -> bool:
    return Platform.objects.filter(pk=request.platform, state=Platform.State.REGISTERED).exists()


def _held(request: PullRequest) -> QuerySet[PullRequest]:
    return PullRequest.objects.filter(pk=request.pk, fence=request.fence, state=PullRequest.State.RUNNING)


def _finish(request: PullRequest, state: PullRequest.State, *, now: datetime, error: str) -> None:
    if _held(request).update(state=state, finished_at=now, leased_until=None, last_error=mend_text(error)):
        _forget_seen(request)


def _forget_seen(request: PullRequest) -> None:
    PullSeen.objects.filter(request=request).delete()


def _has_successor(request: PullRequest) -> bool:
    return PullRequest.objects.filter(
        platform=request.platform, party=request.party, module=request.module, state=PullRequest.State.WAITING
    ).exists()
