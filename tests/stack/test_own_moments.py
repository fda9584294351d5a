"""What runs by the clock does not run all at the same moment."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

from celery.beat import Scheduler

from roaming_hub.celery import app
from roaming_hub.own_moments import OwnMoments, spread

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def make(seconds: float, after: float, *, now: float) -> OwnMoments:
    return OwnMoments(seconds, after, app=app, nowfun=lambda: at(now))


class TestOwnMoments:
    def test_come_at_their_part_of_the_second(self):
        asked = make(2.0, 0.25, now=1.0).is_due(at(0.25))

        assert not asked.is_due
        assert round(Scheduler(app, lazy=True).adjust(asked.next), 6) == 1.25  # when beat looks again, to the point

    def test_are_due_when_they_have_come(self):
        asked = make(2.0, 0.25, now=2.25).is_due(at(0.25))

        assert asked.is_due
        assert round(Scheduler(app, lazy=True).adjust(asked.next), 6) == 2.0

    def test_one_that_comes_late_moves_none_of_the_next(self):
        asked = make(2.0, 0.25, now=2.95).is_due(at(0.25))

        assert asked.is_due
        assert round(Scheduler(app, lazy=True).adjust(asked.next), 6) == 1.3

    def test_what_was_missed_while_beat_was_down_is_due_once_at_once(self):
        assert make(3600.0, 0.5, now=9000).is_due(at(-40_000)).is_due
        assert not make(3600.0, 0.5, now=9000).is_due(at(9000)).is_due

    def test_beat_may_keep_them_in_its_file(self):
        kept = pickle.loads(pickle.dumps(make(2.0, 0.25, now=0)))

        assert (kept.seconds, kept.after) == (2.0, 0.25)


class TestSpread:
    def test_no_two_tasks_share_a_moment(self):
        moments = [each["schedule"].after for each in app.conf.beat_schedule.values() if _is_spread(each)]

        assert len(moments) == len(set(moments)) > 10
        assert all(0 <= moment < 1 for moment in moments)

    def test_what_runs_at_an_hour_of_the_day_stays(self):
        hour = object()

        assert spread({"nightly": {"schedule": hour}, "often": {"schedule": 2.0}})["nightly"]["schedule"] is hour


def _is_spread(entry: dict[str, object]) -> bool:
    return isinstance(entry["schedule"], OwnMoments)
