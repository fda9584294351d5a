"""How often somebody may call: token buckets in memory, bounded in number. Who is somebody is the caller's to say."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

MAX_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """A bucket that nobody used for long is full, so the longest unused can be forgotten when there are too many."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = MAX_BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, *, rate: float, burst: float) -> float:
        """0.0: go on. Else the seconds until the next call may come. A rate of 0 is none."""
        if rate <= 0:
            return 0.0
        now, burst = self._clock(), max(1.0, burst)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
            bucket.left = min(burst, bucket.left + (now - bucket.at) * rate)
            bucket.at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / rate
        bucket.left -= 1.0
        return 0.0
