"""When an alert opens, is repeated, and is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.judge import Known, Rules, Sighting, Step, judge

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULES = Rules(patience=timedelta(seconds=60), remind=timedelta(hours=12))
DOWN = Sighting(kind="partner_down", severity="alarm", title="X is down", platform=7)
BEHIND = replace(DOWN, kind="lane_behind")


def known(**changes) -> Known:
    values = {"id": 1, "key": DOWN.key, "first_seen_at": NOW, "last_seen_at": NOW}
    return Known(**{**values, **changes})


def opened(ago: timedelta = timedelta(minutes=5), **changes) -> Known:
    return known(**{"first_seen_at": NOW - ago, "opened_at": NOW - ago, **changes})


def steps(sightings, known_ones, *, now=NOW, blind=(), rules=RULES) -> list[Step]:
    return [change.step for change in judge(sightings, known_ones, blind=blind, rules=rules, now=now)]


class TestOpening:
    def test_waits_for_patience(self):
        assert steps([DOWN], []) == [Step.WATCH]
        assert steps([DOWN], [known()], now=NOW + timedelta(seconds=59)) == [Step.SEE]
        assert steps([DOWN], [known()], now=NOW + timedelta(seconds=60)) == [Step.OPEN]

    def test_does_not_wait_for_what_cannot_go_by_itself(self):
        assert steps([replace(DOWN, is_lasting=True)], []) == [Step.OPEN]

    def test_is_once(self):
        assert steps([DOWN], [opened()]) == [Step.SEE]

    def test_of_what_went_before_is_never_told(self):
        assert steps([], [known()], now=NOW + timedelta(seconds=15)) == [Step.FORGET]

    def test_needs_the_whole_limit(self):
        assert steps([replace(BEHIND, level=0.99)], []) == []
        assert steps([replace(BEHIND, level=1.0)], []) == [Step.WATCH]

    def test_is_per_subject(self):
        assert steps([DOWN, replace(DOWN, platform=8)], [opened()]) == [Step.SEE, Step.WATCH]


class TestClosing:
    def test_waits_for_patience(self):
        last = opened(last_seen_at=NOW)

        assert steps([], [last], now=NOW + timedelta(seconds=59)) == []
        assert steps([], [last], now=NOW + timedelta(seconds=60)) == [Step.CLOSE]

    def test_waits_until_it_is_well_below_the_limit(self):
        hovering = opened(key=BEHIND.key, last_seen_at=NOW - timedelta(hours=1))

        assert steps([replace(BEHIND, level=0.6)], [hovering]) == [Step.SEE]
        assert steps([replace(BEHIND, level=0.4)], [hovering]) == [Step.CLOSE]

    def test_is_not_concluded_from_not_seeing(self):
        gone = opened(last_seen_at=NOW - timedelta(hours=1))

        assert steps([], [gone], blind={"partner_down"}) == []
        assert steps([], [known(last_seen_at=NOW - timedelta(hours=1))], blind={"partner_down"}) == []

    @pytest.mark.parametrize(("openings", "seconds"), [(1, 60), (3, 180), (100, 900)])
    def test_takes_longer_for_what_comes_and_goes(self, openings: int, seconds: int):
        rules = replace(RULES, openings={DOWN.key: openings})

        assert steps([], [opened()], rules=rules, now=NOW + timedelta(seconds=seconds - 1)) == []
        assert steps([], [opened()], rules=rules, now=NOW + timedelta(seconds=seconds)) == [Step.CLOSE]


class TestReminder:
    def test_comes_every_so_many_hours(self):
        assert steps([DOWN], [opened(timedelta(hours=11))]) == [Step.SEE]
        assert steps([DOWN], [opened(timedelta(hours=12))]) == [Step.REMIND]
        assert steps([DOWN], [opened(timedelta(hours=13), reminded_at=NOW - timedelta(hours=1))]) == [Step.SEE]

    def test_can_be_turned_off(self):
        assert steps([DOWN], [opened(timedelta(days=9))], rules=replace(RULES, remind=None)) == [Step.SEE]


class TestStorm:
    def test_a_partner_that_flaps_for_a_day_is_told_a_few_times(self):
        """Up and down every two minutes: one loop of the evaluation every 15 s."""
        rows: list[Known] = []
        told, openings = 0, 0
        for tick in range(24 * 3600 // 15):
            now = NOW + timedelta(seconds=15 * tick)
            is_down = (tick // 8) % 2 == 0
            rules = replace(RULES, openings={DOWN.key: openings})
            for change in judge([DOWN] if is_down else [], rows, blind=(), rules=rules, now=now):
                if change.step is Step.WATCH:
                    rows = [known(first_seen_at=now, last_seen_at=now)]
                elif change.step in (Step.FORGET, Step.CLOSE):
                    rows = []
                elif change.step is Step.SEE:
                    rows = [replace(rows[0], last_seen_at=now)]
                else:
                    openings += change.step is Step.OPEN
                    reminded = now if change.step is Step.REMIND else None
                    rows = [
                        replace(rows[0], last_seen_at=now, opened_at=rows[0].opened_at or now, reminded_at=reminded)
                    ]
                told += change.step in (Step.OPEN, Step.CLOSE, Step.REMIND)

        assert 0 < told <= 6
