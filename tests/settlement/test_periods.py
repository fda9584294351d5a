from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.periods import PeriodKind, get_period, get_periods

MONTH, WEEK = PeriodKind.CALENDAR_MONTH, PeriodKind.WEEKLY
FIRST, LAST = datetime(2015, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001
ZONES = ["UTC", "Europe/Amsterdam", "America/Havana", "Asia/Beirut", "Pacific/Kiritimati", "Australia/Lord_Howe"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


class TestGetPeriod:
    @pytest.mark.parametrize(
        ("kind", "zone", "at", "start", "end", "label"),
        [
            (MONTH, "UTC", utc(2026, 11, 20), utc(2026, 11, 1), utc(2026, 12, 1), "2026-11"),
            (MONTH, "Europe/Amsterdam", utc(2026, 11, 20), utc(2026, 10, 31, 23), utc(2026, 11, 30, 23), "2026-11"),
            # clocks change within the month: an hour less in March, an hour more in October
            (MONTH, "Europe/Amsterdam", utc(2026, 3, 9), utc(2026, 2, 28, 23), utc(2026, 3, 31, 22), "2026-03"),
            (MONTH, "Europe/Amsterdam", utc(2026, 10, 9), utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), "2026-10"),
            # 23:30 UTC on the 30th is December in Amsterdam
            (MONTH, "Europe/Amsterdam", utc(2026, 11, 30, 23, 30), utc(2026, 11, 30, 23), utc(2026, 12, 31, 23),
             "2026-12"),
            (MONTH, "America/New_York", utc(2026, 12, 1, 3), utc(2026, 11, 1, 4), utc(2026, 12, 1, 5), "2026-11"),
            (WEEK, "Europe/Amsterdam", utc(2026, 11, 29, 12), utc(2026, 11, 22, 23), utc(2026, 11, 29, 23), "2026-W48"),
            (WEEK, "Europe/Amsterdam", utc(2026, 3, 29, 12), utc(2026, 3, 22, 23), utc(2026, 3, 29, 22), "2026-W13"),
            (WEEK, "UTC", utc(2027, 1, 1), utc(2026, 12, 28), utc(2027, 1, 4), "2026-W53"),
        ],
    )  # fmt: skip
    def test_is_the_local_month_or_week(self, kind, zone, at, start, end, label):
        period = get_period(kind, zone=zone, at=at)

        assert (period.start, period.end, period.label) == (start, end, label)

    def test_begins_where_the_one_before_ended(self):
        """From months to weeks: the first week is a short one."""
        after = utc(2026, 10, 31, 23)

        period = get_period(WEEK, zone="Europe/Amsterdam", at=after, after=after)

        assert (period.start, period.first_day, period.last_day) == (after, date(2026, 11, 1), date(2026, 11, 1))
        assert period.label == "2026-11-01_2026-11-01"

    @given(
        kind=st.sampled_from([MONTH, WEEK]),
        zone=st.sampled_from(ZONES),
        at=st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    )
    def test_periods_meet_without_gap_or_overlap(self, kind, zone, at):
        period = get_period(kind, zone=zone, at=at)
        following = get_period(kind, zone=zone, at=period.end)
        last = get_period(kind, zone=zone, at=period.end - timedelta(microseconds=1))

        assert period.start <= at < period.end
        assert following.start == period.end
        assert last == period
        assert period.start.astimezone(ZoneInfo(zone)).date() == period.first_day


class TestGetPeriods:
    def test_are_all_that_are_over(self):
        found = get_periods(MONTH, zone="UTC", since=utc(2026, 9, 15), until=utc(2026, 12, 1))

        assert [period.label for period in found] == ["2026-09", "2026-10", "2026-11"]

    def test_are_none_before_the_first_is_over(self):
        assert list(get_periods(MONTH, zone="UTC", since=utc(2026, 9, 15), until=utc(2026, 9, 30, 23))) == []
