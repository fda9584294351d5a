"""How a platform comes to be away for longer than the log is kept, and what it hears when it is back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import now

from forwarding.lanes import get_tails
from forwarding.models import Lane
from forwarding.resync import resync_next
from forwarding.retention import jump_too_old
from journal.batch import sublane_of
from parties import presence
from parties.models import Platform
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.live.partner import Partner, get_code

LATER = "2026-11-21T10:00:00Z"
AWAY = timedelta(days=15)


def after() -> datetime:
    """The moment of return. Calls of the tests themselves come before it."""
    return now() + AWAY


def push(
    partner: Partner, method: str, module: str, path: str = "", *, body: Any = None, to: str | None = None
) -> None:
    answer = partner.call(method, module, path, body=None if body is None else as_json(body), to=to)
    assert get_code(answer) == 1000, answer.text


def push_location(cast: Cast, id: str = "LOC1", **changes: Any) -> None:
    push(cast.cpo, "PUT", "locations", f"NL/CPO/{id}", body=location_document(id=id, **changes))


def deliver(cast: Cast, *, until: str = "cursor") -> None:
    """However busy the machine is: until all lanes are done with the log (`cursor`), or have looked at it (`seen`)."""
    for _ in range(20):
        cast.hub.deliver()
        with connection.cursor() as cursor:
            tails = get_tails(cursor)
        lanes = Lane.objects.values_list("sublane", until)
        if all(place >= tails[sublane] for sublane, place in lanes):
            return
    raise AssertionError("the lanes did not come to the end of the log")


def jump(cast: Cast) -> int:
    """The lanes look at what there is, wait for too long, and what they waited for is gone."""
    deliver(cast, until="seen")
    jumped = jump_too_old(now=after())
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal_event")
    return jumped


def have_missed(platform: Platform, *, since: datetime) -> None:
    """All its lanes are at the end of the log, and have jumped over what changed since then."""
    with connection.cursor() as cursor:
        tails = get_tails(cursor)
    jumped = {"needs_resync": True, "resync_since": since, "resync_asked_at": after()}
    for sublane, tail in tails.items():
        Lane.objects.filter(platform=platform, sublane=sublane).update(**jumped, resync_after=tail)


def come_back(cast: Cast) -> int | None:
    presence.set_online(cast.emsp.platform.pk, now=after())
    cast.hub.settle()
    told = resync_next(clock=after)
    deliver(cast)
    return told


def get_pushed(partner: Partner) -> list[str]:
    return [f"{seen.method} {seen.path.removeprefix('/receiver')}" for seen in partner.seen if seen.method != "GET"]


def sublane_of_cdr(id: str) -> int:
    return sublane_of(f"cdrs:nlcpo:{id.lower()}")
