from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocpi.times import SENTINEL, format_datetime, parse_datetime

TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


class TestParseDatetime:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-11-20T10:00:00Z", TEN),
            ("2026-11-20T10:00:00", TEN),
            ("2026-11-20t10:00:00z", TEN),
            ("2026-11-20 10:00:00Z", TEN),
            ("2026-11-20T12:30:00+02:30", TEN),
            ("2026-11-20T02:00:00-0800", TEN),
            ("2026-11-20T10:00:00.5Z", TEN + timedelta(milliseconds=500)),
            ("2026-11-20T10:00:00.123456789Z", TEN + timedelta(microseconds=123_457)),
            ("2026-11-20T10:00:00.1234565Z", TEN + timedelta(microseconds=123_457)),
            ("2026-11-20T09:59:59.9999999Z", TEN),
            ("2026-11-20T09:59:60Z", TEN),
        ],
    )
    def test_reads_every_rfc_3339_instant(self, text, moment):
        assert parse_datetime(text) == moment
        assert parse_datetime(text).tzinfo is UTC

    @example("0000005")
    @given(st.text("0123456789", min_size=1, max_size=12))
    def test_reads_a_fraction_as_the_wire_types_do(self, digits):  # LOC-16: equal times are applied
        text = f"2026-11-20T10:00:00.{digits}Z"

        assert parse_datetime(text) == msgspec.json.decode(f'"{text}"', type=datetime)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "now", "2026-11-20", "20261120T100000Z", "2026-11-20T10:00Z", "2026-11-20T10:00:00.Z"),
            *("2026-02-30T10:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00Z "),
            *(
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59.9999999Z",
                "٢٠٢٦-11-20T10:00:00Z",
                "1970-1-1T00:00:00Z",
            ),
        ],
    )
    def test_refuses_what_is_none(self, text):
        with pytest.raises(ValueError, match="date"):
            parse_datetime(text)

    @pytest.mark.parametrize("text", ["1970-1-1T00:00:00Z", "1970-01-01T00:00:00Z", "1970-1-01T00:00:00"])
    def test_reads_the_sentinel_where_it_is_allowed(self, text):
        assert parse_datetime(text, sentinel=True) == SENTINEL

    def test_allows_no_other_unpadded_time_with_it(self):
        with pytest.raises(ValueError, match="RFC 3339"):
            parse_datetime("1970-1-2T00:00:00Z", sentinel=True)


class TestFormatDatetime:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (TEN, "2026-11-20T10:00:00Z"),
            (TEN.replace(microsecond=120_000), "2026-11-20T10:00:00.120Z"),
            (TEN.replace(microsecond=999_999), "2026-11-20T10:00:00.999Z"),
            (TEN.replace(microsecond=999), "2026-11-20T10:00:00Z"),
            (TEN.astimezone(timezone(timedelta(hours=5))), "2026-11-20T10:00:00Z"),
            (SENTINEL, "1970-01-01T00:00:00Z"),
        ],
    )
    def test_writes_utc_with_z_and_at_most_three_decimals(self, moment, text):
        assert format_datetime(moment) == text

    def test_refuses_a_moment_without_zone(self):
        with pytest.raises(ValueError, match="zone"):
            format_datetime(TEN.replace(tzinfo=None))

    @given(st.datetimes(timezones=st.just(UTC)))
    def test_is_read_back_to_the_millisecond(self, moment):
        text = format_datetime(moment)

        assert parse_datetime(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        assert len(text) <= 25
