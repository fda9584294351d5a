"""Signs of life of beat and the workers, left in Redis; and how quickly Redis answers. Never blocks for long."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import redis
from django.conf import settings

BEAT = "hub:alive:beat"
WORKERS = "hub:alive:workers"
FORGOTTEN_SECONDS = 600  # a worker that left without a word
LATE_SECONDS = 30  # beat and workers leave a sign every few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """`redis_seconds`: None if it is away. Times are seconds since 1970."""

    redis_seconds: float | None
    beat_at: float | None = None
    workers: dict[str, float] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)

    @property
    def worker_at(self) -> float | None:
        """Of those that deliver; a worker for pulls alone does not."""
        return max((at for name, at in self.workers.items() if not name.startswith("pulls@")), default=None)


def connect() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def note_beat(client: redis.Redis, *, at: float) -> None:
    client.set(BEAT, at, ex=FORGOTTEN_SECONDS)


def note_worker(client: redis.Redis, name: str, *, at: float) -> None:
    client.hset(WORKERS, name, str(at))
    client.expire(WORKERS, FORGOTTEN_SECONDS)


def read(*, queues: Sequence[str] = ()) -> Signs:
    """One round trip."""
    began = time.perf_counter()
    try:
        with connect() as client, client.pipeline(transaction=False) as asked:
            asked.get(BEAT)
            asked.hgetall(WORKERS)
            for queue in queues:
                asked.llen(queue)
            beat_at, workers, *lengths = asked.execute()
    except (redis.RedisError, OSError):
        return Signs(redis_seconds=None)
    newest = time.time() - FORGOTTEN_SECONDS
    seen = {name.decode(): float(at) for name, at in workers.items()}
    return Signs(
        redis_seconds=time.perf_counter() - began,
        beat_at=float(beat_at) if beat_at else None,
        workers={name: at for name, at in seen.items() if at > newest},
        queues={queue: int(length) for queue, length in zip(queues, lengths, strict=True)},
    )
