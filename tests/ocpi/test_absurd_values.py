"""Values that Python's own readers choke on are refused like any other wrong value."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from ocpi import auth_header
from ocpi.decoding import WireError, decode
from ocpi.errors import InvalidParameter, NotJson
from ocpi.pages import read_page_query
from ocpi.problems import problems
from ocpi.shared.v2_2_1 import Number


class Reading(msgspec.Struct):
    kwh: Number | None = None
    end: datetime | None = None


class TestAbsurdValues:
    def test_an_authorization_header_beyond_ascii_is_no_token(self):
        assert auth_header.read("Token äöü") == (None, "äöü")

    @pytest.mark.parametrize("text", ["9" * 5000, "9" * 41, str(2**62 + 1)])
    def test_numbers_of_a_page_have_an_end(self, text: str):
        with pytest.raises(InvalidParameter):
            read_page_query(f"offset={text}", cap=10)

    def test_an_exponent_beyond_decimal_is_refused(self):
        body = b'{"kwh": 1e99999999999999999999999}'

        with pytest.raises(WireError):
            decode(body, type=Reading)

    def test_an_exponent_beyond_decimal_stops_the_slow_pass(self):
        with pytest.raises(NotJson, match="out of range"):
            problems(b'{"x": 1e99999999999999999999999}', type=Reading)

    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
    def test_a_moment_that_its_offset_takes_out_of_the_calendar_is_refused(self, moment: str):
        with pytest.raises(WireError, match="end"):
            decode(b'{"end": "%b"}' % moment.encode(), type=Reading)
