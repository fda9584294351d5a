"""How each platform's lanes stand: what somebody who looks for a stuck one must know. Reading only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import QuerySet

from forwarding.lag import NO_LAG, Lag, get_lags
from forwarding.lanes import MARGIN
from forwarding.models import Lane
from parties.display import mask_path
from parties.limits import State
from parties.limits.listing import read_breakers
from parties.models import Heartbeat, Platform


class LaneState(StrEnum):
    """The worst first; a platform is as bad as its worst lane."""

    NEEDS_RESYNC = "needs resync"
    PAUSED = "paused"
    AWAY = "waiting for the partner"  # OFFLINE or not registered: due as soon as it is back
    BREAKER = "waiting for the breaker"  # it did not answer several calls, from whichever process
    RETRYING = "waiting to retry"
    DRAINING = "draining"
    DUE = "due"  # something waits and nobody is at it yet: within a second, if a worker runs
    IDLE = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Oldest:
    """The event at the head of the queue."""

    event: int
    at: datetime
    method: str
    module: str
    object: str  # as staff may see it in a list
    correlation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformLanes:
    """One platform's lanes taken together."""

    platform: int
    name: str
    status: str
    state: LaneState
    lanes: int
    events_behind: int
    seconds_behind: int
    cursor: int  # everything up to here is done with, in every lane
    leased_until: datetime | None
    retry_at: datetime | None
    paused_at: datetime | None
    pause_note: str
    last_error: str
    failures: int
    next_probe: datetime | None  # of its breaker, where that is open
    oldest: Oldest | None = field(default=None)


# The head of each lane's queue: the first that waits, else the first that was not looked at yet.
OLDEST = """
    SELECT lane.id, event.id, event.at, event.method, event.module, event.object_key, event.correlation_id
      FROM forwarding_lane lane
     CROSS JOIN LATERAL (
          SELECT min(split_part(key, ':', 1)::bigint) AS id FROM jsonb_object_keys(lane.waiting) AS key
     ) AS held
     CROSS JOIN LATERAL (
          (SELECT id FROM journal_event
            WHERE sublane = lane.sublane AND id > greatest(lane.seen, lane.cursor)
              AND at >= coalesce(lane.seen_at, lane.cursor_at) - %(margin)s::interval
              AND held.id IS NULL
            ORDER BY id LIMIT 1)
           UNION ALL SELECT held.id WHERE held.id IS NOT NULL
     ) AS head
      JOIN journal_event event ON event.id = head.id AND event.at >= lane.cursor_at - %(margin)s::interval
     WHERE lane.id = ANY(%(lanes)s)
"""


def get_lane_state(lane: Lane, lag: Lag, *, now: datetime) -> LaneState:
    platform = lane.platform
    if lane.needs_resync:
        return LaneState.NEEDS_RESYNC
    if lane.paused_at is not None:
        return LaneState.PAUSED
    if lane.leased_until is not None and lane.leased_until > now:
        return LaneState.DRAINING
    if not lag.events:
        return LaneState.IDLE
    if platform.state != Platform.State.REGISTERED or not platform.is_online:
        return LaneState.AWAY
    if lane.retry_at is not None and lane.retry_at > now:
        return LaneState.RETRYING
    return LaneState.DUE


def get_platform_lanes(*, now: datetime, platforms: Iterable[int] | None = None) -> list[PlatformLanes]:
    """By name. Platforms without lanes have never registered and are left out."""
    lanes = Lane.objects.select_related("platform").order_by("platform__name", "platform", "sublane")
    if platforms is not None:
        lanes = lanes.filter(platform__in=list(platforms))
    lags = get_lags()
    oldest = find_oldest([lane.pk for lane in lanes if lane.pk in lags])
    probes = _get_probes(now=now)
    by_platform: dict[int, list[Lane]] = {}
    for lane in lanes:
        by_platform.setdefault(lane.platform_id, []).append(lane)
    return [_sum_up(group, lags, oldest, probes, now=now) for group in by_platform.values()]


def _get_probes(*, now: datetime) -> dict[int, datetime]:
    """When the platforms whose breakers are open are tried next. Nothing, while Redis is away."""
    moment = now.timestamp()
    told = (read_breakers() or {}).values()
    return {
        one.platform: datetime.fromtimestamp(one.until, UTC) for one in told if one.get_state(now=moment) is State.OPEN
    }


def find_oldest(lanes: Sequence[int]) -> Mapping[int, Oldest]:
    """By lane id."""
    if not lanes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(OLDEST, {"lanes": list(lanes), "margin": f"{MARGIN.total_seconds()} seconds"})
        return {
            lane: Oldest(
                event=event,
                at=at,
                method=method,
                module=module,
                object=mask_path(key, module=module),
                correlation_id=correlation_id,
            )
            for lane, event, at, method, module, key, correlation_id in cursor.fetchall()
        }


def _sum_up(
    lanes: Sequence[Lane],
    lags: Mapping[int, Lag],
    oldest: Mapping[int, Oldest],
    probes: Mapping[int, datetime],
    *,
    now: datetime,
) -> PlatformLanes:
    platform = lanes[0].platform
    states = {get_lane_state(lane, lags.get(lane.pk, NO_LAG), now=now) for lane in lanes}
    if platform.pk in probes and states & {LaneState.RETRYING, LaneState.DUE}:
        states.add(LaneState.BREAKER)
    worst = next(state for state in LaneState if state in states)
    paused = [lane for lane in lanes if lane.paused_at is not None]
    leases = [lane.leased_until for lane in lanes if lane.leased_until is not None and lane.leased_until > now]
    retries = [lane.retry_at for lane in lanes if lane.retry_at is not None]
    ages = [lags.get(lane.pk, NO_LAG).get_age(now=now) for lane in lanes]
    heads = [oldest[lane.pk] for lane in lanes if lane.pk in oldest]
    return PlatformLanes(
        platform=platform.pk,
        name=platform.name,
        status=platform.status.value,
        state=worst,
        lanes=len(lanes),
        events_behind=sum(lags.get(lane.pk, NO_LAG).events for lane in lanes),
        seconds_behind=int(max(ages, default=timedelta(0)).total_seconds()),
        cursor=min(lane.cursor for lane in lanes),
        leased_until=max(leases, default=None),
        retry_at=min(retries, default=None),
        paused_at=paused[0].paused_at if paused else None,
        pause_note=paused[0].pause_note if paused else "",
        last_error=next((lane.last_error for lane in lanes if lane.last_error), ""),
        failures=max(lane.failures for lane in lanes),
        next_probe=probes.get(platform.pk),
        oldest=min(heads, key=lambda head: head.at, default=None),
    )


# What staff can do


def pause(lanes: QuerySet[Lane], *, note: str, now: datetime) -> int:
    """Nothing is told on from then; who works at a lane ends within seconds, as its drain does. Calls that are
    relayed at once are not held: they only join the lane where earlier ones of their object wait in it."""
    return lanes.filter(paused_at__isnull=True).update(paused_at=now, pause_note=note[:500])


def resume(lanes: QuerySet[Lane]) -> int:
    return lanes.filter(paused_at__isnull=False).update(paused_at=None, pause_note="")


def wake(lanes: QuerySet[Lane]) -> int:
    """Try now what waits for its time; platforms that are away are asked at once whether they are back."""
    ids = list(lanes.values_list("platform", flat=True))
    Heartbeat.objects.filter(platform__in=ids, platform__is_online=False).update(probed_at=None)
    return lanes.update(retry_at=None, is_held=False)


def mark_restored(*, now: datetime) -> int:
    """After a restore: what was sent since the backup is sent again, and must be marked as a repeat.

    Every lane looks as if its worker had died now, which is what happened as far as its books can tell. In SQL of what
    every version's lanes have, as migrations may be due.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE forwarding_lane SET leased_until = %s, retry_at = NULL, is_held = false", [now])
        return int(cursor.rowcount)
