"""What is gathered arrives as if it had been told at once: sums, buckets, and nothing twice."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from telemetry import tally
from telemetry.tally import Count, Level, Spread


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gathering(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a web process, and the thread never comes."""
    monkeypatch.setattr(tally._State, "is_gathering", True)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally._State, "is_gathering", False)


class TestCount:
    def test_is_told_later(self, registry: CollectorRegistry, gathering: None):
        count = Count(Counter("calls", "…", registry=registry))

        count.add()
        count.add()

        assert registry.get_sample_value("calls_total") == 0
        tally.tell()
        tally.tell()
        assert registry.get_sample_value("calls_total") == 2

    def test_is_told_at_once_where_nobody_gathers(self, registry: CollectorRegistry, at_once: None):
        count = Count(Counter("calls", "…", registry=registry))

        count.add()

        assert registry.get_sample_value("calls_total") == 1

    def test_loses_nothing_between_threads(self, registry: CollectorRegistry, gathering: None):
        count = Count(Counter("calls", "…", registry=registry))

        def work() -> None:
            for _ in range(2000):
                count.add()

        threads = [threading.Thread(target=work) for _ in range(4)]

        for thread in threads:
            thread.start()
        for _ in range(200):
            count.tell()
        for thread in threads:
            thread.join()

        count.tell()
        assert registry.get_sample_value("calls_total") == 8000


class TestSpread:
    @pytest.mark.parametrize("value", [0.05, 0.1, 0.10001, 1.0, 7.0])
    def test_has_the_buckets_that_observe_gives(self, registry: CollectorRegistry, gathering: None, value: float):
        ours = Histogram("ours", "…", buckets=(0.1, 1.0), registry=registry)
        theirs = Histogram("theirs", "…", buckets=(0.1, 1.0), registry=registry)
        spread = Spread(ours)

        spread.add(value)
        spread.add(value)
        tally.tell()
        theirs.observe(value)
        theirs.observe(value)

        for name in ("count", "sum"):
            assert registry.get_sample_value(f"ours_{name}") == registry.get_sample_value(f"theirs_{name}")
        for bound in ("0.1", "1.0", "+Inf"):
            labels = {"le": bound}
            assert registry.get_sample_value("ours_bucket", labels) == registry.get_sample_value(
                "theirs_bucket", labels
            )


class TestLevel:
    def test_is_what_it_was_last(self, registry: CollectorRegistry, gathering: None):
        level = Level(Gauge("open", "…", registry=registry))

        level.set(3)
        level.set(2)
        tally.tell()

        assert registry.get_sample_value("open") == 2
        level.set(0)
        tally.tell()
        assert registry.get_sample_value("open") == 0


class TestStartAndStop:
    def test_the_end_tells_the_rest(self, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(tally._State, "is_gathering", False)
        monkeypatch.setattr(tally._State, "thread", None)
        monkeypatch.setattr(tally._State, "stop", threading.Event())
        count = Count(Counter("calls", "…", registry=registry))
        tally.start()

        count.add()
        tally.stop()

        assert registry.get_sample_value("calls_total") == 1
        count.add()
        assert registry.get_sample_value("calls_total") == 2
