"""The still-alive check (HCI-11, HCI-12): who was heard when, whom to probe, who is OFFLINE. Schedules are elsewhere.

Any authenticated message brings a platform back. A probe that fails takes it offline; a deadline that passed once does
not, nor does one broken connection: `FAILURES` in a row do.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from ocpi import envelope
from parties.client import Peer, PeerError, PeerTimeout, SyncClient
from parties.models import Heartbeat, Platform

FAILURES = 3
PROBE_AGAIN = timedelta(seconds=60)  # after a failure: sooner than after silence
AHEAD = timedelta(minutes=1)  # beyond that a moment was told by a clock that has been put back since, and says nothing
AWAY_AGAIN = timedelta(seconds=15)  # what waits for an offline platform should not wait for its silence to end

log = logging.getLogger(__name__)


def due_probes(*, now: datetime, silence: timedelta, sick: Collection[int] = ()) -> list[int]:
    """Registered platforms that were silent too long and not probed just now; sooner those that are away or `sick`.

    First those never probed, then whoever was probed longest ago: each has its turn, however many never answer.
    """
    retry = min(silence, PROBE_AGAIN)
    is_silent = Q(heard__lte=now - silence) | Q(heard__gt=now + AHEAD)
    was_silent = is_silent & (
        _not_probed_for(silence, now=now) | Q(heartbeat__failures__gt=0, heartbeat__probed_at__lte=now - retry)
    )
    is_away = (Q(is_online=False) | Q(pk__in=sick)) & _not_probed_for(_away_again(), now=now)
    registered = Platform.objects.filter(state=Platform.State.REGISTERED)
    due = registered.alias(heard=Coalesce("heartbeat__heard_at", "registered_at", "created_at")).filter(
        was_silent | is_away
    )
    probed_first = F("heartbeat__probed_at").asc(nulls_first=True)
    return list(due.order_by(probed_first, "heard", "id").values_list("id", flat=True))


def record_heard(platform_ids: Iterable[int], *, now: datetime) -> list[int]:
    """These sent something authenticated. Returns those that are back by it. One statement for many."""
    ids = sorted(set(platform_ids))
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO parties_heartbeat AS beat (platform_id, heard_at, failures)
            SELECT id, %s, 0 FROM parties_platform WHERE id = ANY(%s) ORDER BY id
            ON CONFLICT (platform_id) DO UPDATE
            SET heard_at = GREATEST(beat.heard_at, EXCLUDED.heard_at), failures = 0
            """,
            [now, ids],
        )
    offline = Platform.objects.filter(pk__in=ids, is_online=False).order_by("id").values_list("id", flat=True)
    return [platform_id for platform_id in offline if set_online(platform_id, now=now)]


def record_failure(platform_id: int, *, now: datetime) -> bool:
    """A call to it got no answer. True: that was one too many, and it is OFFLINE now."""
    Heartbeat.objects.get_or_create(platform_id=platform_id)
    Heartbeat.objects.filter(pk=platform_id).update(failures=F("failures") + 1)
    if not Heartbeat.objects.filter(pk=platform_id, failures__gte=FAILURES).exists():
        return False
    return set_offline(platform_id, now=now)


def probe(platform_id: int, *, now: datetime, client: SyncClient | None = None) -> bool:
    """GET its versions (HCI-11), unless somebody does so now. True: it lives. What follows for its state is stored."""
    platform = Platform.objects.get(pk=platform_id)
    if platform.state != Platform.State.REGISTERED or not _claim(platform_id, now=now):
        return False
    try:
        refusal = _ask(platform, client=client or SyncClient())
    except PeerTimeout:
        record_failure(platform_id, now=now)
        return False
    except PeerError as error:
        refusal = str(error)
    if refusal:
        log.warning("%s failed the still-alive check: %s", platform, refusal)
        Heartbeat.objects.filter(pk=platform_id).update(failures=F("failures") + 1)
        set_offline(platform_id, now=now)
        return False
    record_heard([platform_id], now=now)
    return True


def set_online(platform_id: int, *, now: datetime) -> bool:
    """OFFLINE → CONNECTED. True: it was offline, and its parties' ClientInfo has changed."""
    return _set(platform_id, is_online=True, now=now)


def set_offline(platform_id: int, *, now: datetime) -> bool:
    """CONNECTED → OFFLINE. True: it was connected. From when it may have changed something unheard is kept (HCI-14)."""
    with transaction.atomic():
        if not _set(platform_id, is_online=False, now=now):
            return False
        Heartbeat.objects.get_or_create(platform_id=platform_id)
        Heartbeat.objects.filter(pk=platform_id).update(missed_since=Coalesce("missed_since", "heard_at", Value(now)))
    return True


def _set(platform_id: int, *, is_online: bool, now: datetime) -> bool:
    """Only on a change, so that last_updated and the routing facts stay as they are otherwise (HCI-15)."""
    return bool(
        Platform.objects.filter(pk=platform_id, state=Platform.State.REGISTERED, is_online=not is_online).update(
            is_online=is_online, changed_at=now
        )
    )


def _claim(platform_id: int, *, now: datetime) -> bool:
    """Of two runs that found it due, one probes it."""
    Heartbeat.objects.get_or_create(platform_id=platform_id)
    due = Q(probed_at__isnull=True) | Q(probed_at__lte=now - _away_again()) | Q(probed_at__gt=now + AHEAD)
    return bool(Heartbeat.objects.filter(due, pk=platform_id).update(probed_at=now))


def _not_probed_for(span: timedelta, *, now: datetime) -> Q:
    probed_at = "heartbeat__probed_at"
    is_long_ago = Q(**{f"{probed_at}__lte": now - span}) | Q(**{f"{probed_at}__gt": now + AHEAD})
    return Q(**{f"{probed_at}__isnull": True}) | is_long_ago


def _away_again() -> timedelta:
    """Not before a probe has ended."""
    return max(AWAY_AGAIN, timedelta(seconds=settings.HUB_FORWARD_TIMEOUT))


def _ask(platform: Platform, *, client: SyncClient) -> str:
    """What is wrong with its answer; "" if nothing is."""
    peer = Peer(id=platform.id, token=platform.token_out, raw_token=platform.sends_raw_token)
    answer = client.get(peer, platform.versions_url)
    found = envelope.read(answer.body)
    if not 200 <= answer.http_status < 300:
        return f"HTTP {answer.http_status}"
    if found is None or not 1000 <= found.status_code < 2000:
        return f"status code {found.status_code}" if found else "no OCPI envelope"
    return ""
