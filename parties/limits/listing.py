"""All breakers that are not closed, for people and metrics: as the processes have told each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import redis
from django.conf import settings

from parties.limits.breaker import Breakers, Broken, State, read
from parties.limits.share import BREAKERS
from parties.models import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRow:
    platform: int
    name: str
    state: State
    since: datetime
    failures: int
    next_probe: datetime | None  # None: it may be called already
    reason: str


def read_breakers() -> dict[int, Broken] | None:
    """By platform; None: Redis is away, and every process goes by what it sees itself."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            told = client.hgetall(BREAKERS)
        except (redis.RedisError, OSError):
            return None
    assert isinstance(told, dict)
    return {broken.platform: broken for broken in map(read, told.values()) if broken is not None}


def list_breakers(*, now: datetime) -> list[BreakerRow] | None:
    """The longest open first. None: not known at this moment, as Redis is away."""
    broken = read_breakers()
    if broken is None:
        return None
    names = dict(Platform.objects.filter(pk__in=broken).values_list("id", "name"))
    rows = [describe(one, name=names[one.platform], now=now) for one in broken.values() if one.platform in names]
    return sorted(rows, key=lambda row: row.since)


def describe(broken: Broken, *, name: str, now: datetime) -> BreakerRow:
    state = broken.get_state(now=now.timestamp())
    return BreakerRow(
        platform=broken.platform,
        name=name,
        state=state,
        since=datetime.fromtimestamp(broken.since, UTC),
        failures=broken.failures,
        next_probe=datetime.fromtimestamp(broken.until, UTC) if state is State.OPEN else None,
        reason=broken.reason,
    )


def say_breaker(platform: int, *, now: datetime) -> str:
    """In a line, for staff."""
    told = read_breakers()
    if told is None:
        return "not known: Redis is away, and each process goes by what it sees itself"
    if platform not in told:
        return "closed"
    row = describe(told[platform], name="", now=now)
    tries = f"next try {row.next_probe:%H:%M:%S} UTC" if row.next_probe else "it may be called"
    return (
        f"{row.state} since {row.since:%Y-%m-%d %H:%M:%S} UTC: {row.failures} failures in a row ({row.reason}); {tries}"
    )


def note_alive(platform: int, breakers: Breakers) -> None:
    """It answered the still-alive check. This process may not have heard yet that others leave it alone."""
    told = read_breakers()
    if told and platform in told:
        breakers.adopt(told, except_for=lambda one: False)
    breakers.note_heard(platform)


def close_breaker(platform: int) -> bool:
    """In all processes, within their next look. False: Redis is away."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            client.hdel(BREAKERS, str(platform))
        except (redis.RedisError, OSError):
            return False
    return True
