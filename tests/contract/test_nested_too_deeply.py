"""JSON deeper than any Python reads it: 3.11 gives up at 1,000 levels, 3.13 at 10,000, 3.14 where its stack ends."""

from __future__ import annotations

import pytest

from cdrs.countries import read_facts
from forwarding.pull_plan import Page
from locations.module import Locations
from ocpi.calls import Reply
from ocpi.errors import InvalidParameter
from ocpi.raw import is_same_content, read_stamp
from parties.result_module import read_answered_result, read_told_result
from parties.token_owner import read_token_owner

DEEP = b'{"last_updated":"2026-11-20T10:00:00Z","x":' + b"[" * 500_000 + b"]" * 500_000 + b"}"


class TestNestedTooDeeply:
    def test_has_no_time(self):
        assert read_stamp(DEEP) is None

    def test_is_the_same_to_the_letter_only(self):
        assert is_same_content(DEEP.decode(), DEEP.decode())
        assert not is_same_content(DEEP.decode(), DEEP.decode() + " ")

    def test_names_nobody(self):
        with pytest.raises(InvalidParameter):
            read_token_owner(DEEP)

    def test_tells_no_result(self):
        assert read_told_result(DEEP) is None
        assert read_answered_result(Reply(body=DEEP)) is None

    def test_stands_for_itself_in_a_page(self):
        page = Page(objects=(DEEP,), next_url=None, total=None)

        assert page.digest != Page(objects=(b"{}",), next_url=None, total=None).digest

    def test_is_told_as_it_is(self):
        assert Locations().dress(DEEP, operators={}) == DEEP

    def test_has_no_country(self):
        assert read_facts(DEEP.decode()) == ("", None)
