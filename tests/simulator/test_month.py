from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from simulator.month import Month, pick_start

ZONE = "Europe/Amsterdam"


class TestBefore:
    @pytest.mark.parametrize(
        ("now", "first_day", "start", "end"),
        [
            ("2026-11-28T12:00", date(2026, 10, 1), "2026-09-30T22:00", "2026-10-31T23:00"),
            ("2026-01-01T12:00", date(2025, 12, 1), "2025-11-30T23:00", "2025-12-31T23:00"),
            ("2026-10-31T22:59", date(2026, 9, 1), "2026-08-31T22:00", "2026-09-30T22:00"),
            ("2026-10-31T23:00", date(2026, 10, 1), "2026-09-30T22:00", "2026-10-31T23:00"),
        ],
    )
    def test_is_the_last_whole_month_by_the_local_calendar(
        self, now: str, first_day: date, start: str, end: str
    ) -> None:
        month = Month.before(datetime.fromisoformat(now).replace(tzinfo=UTC), zone=ZONE)

        assert month.first_day == first_day
        assert (f"{month.start:%Y-%m-%dT%H:%M}", f"{month.end:%Y-%m-%dT%H:%M}") == (start, end)

    def test_has_its_start_and_not_its_end(self) -> None:
        month = Month.before(datetime(2026, 11, 28, tzinfo=UTC), zone=ZONE)

        assert month.start in month
        assert month.end not in month
        assert month.end - timedelta(microseconds=1) in month


class TestPickStart:
    def test_leaves_room_for_the_session_and_uses_days_and_nights(self) -> None:
        month = Month.before(datetime(2026, 11, 28, tzinfo=UTC), zone=ZONE)

        starts = [pick_start(month.start, month.end, chance=random.Random(seed)) for seed in range(300)]

        assert all(start in month and start + timedelta(hours=2) <= month.end for start in starts)
        assert len({start.hour for start in starts}) == 24
        assert len({start.date() for start in starts}) >= 30
        assert starts == [pick_start(month.start, month.end, chance=random.Random(seed)) for seed in range(300)]
