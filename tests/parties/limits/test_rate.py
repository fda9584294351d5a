"""Token buckets."""

from __future__ import annotations

from parties.limits.rate import Buckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lets_a_burst_pass_and_then_the_rate():
    clock = Clock()
    buckets = Buckets(clock=clock)
    burst = [buckets.take("a", rate=2, burst=3) for _ in range(4)]
    clock.now = 0.5
    later = [buckets.take("a", rate=2, burst=3) for _ in range(2)]

    assert burst == [0, 0, 0, 0.5]
    assert later == [0, 0.5]


def test_of_each_is_its_own():
    buckets = Buckets(clock=Clock())
    for _ in range(3):
        buckets.take("a", rate=1, burst=1)

    assert buckets.take("b", rate=1, burst=1) == 0


def test_a_rate_of_0_is_none():
    buckets = Buckets(clock=Clock())

    assert [buckets.take("a", rate=0, burst=0) for _ in range(9)] == [0] * 9
    assert len(buckets) == 0


def test_forgets_the_longest_unused_when_there_are_too_many():
    buckets = Buckets(clock=Clock(), most=2)
    for name in ("a", "b", "a", "c"):
        buckets.take(name, rate=1, burst=2)

    assert len(buckets) == 2
    assert buckets.take("a", rate=1, burst=2) > 0  # kept, and empty by now
