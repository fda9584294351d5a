from __future__ import annotations

import pytest

from ocpi.raw import is_same_content


class TestIsSameContent:
    def test_compares_numbers_by_value(self):
        assert is_same_content('{"a": 1.50, "b": 2}', '{"b": 2, "a": 1.5}')
        assert not is_same_content('{"a": 1.50000000000000001}', '{"a": 1.5}')

    @pytest.mark.parametrize("number", ["9" * 5000, "1e99999999999999999999999"])
    def test_what_cannot_be_read_is_the_same_to_the_letter_only(self, number: str):
        assert is_same_content(f'{{"x": {number}}}', f'{{"x": {number}}}')
        assert not is_same_content(f'{{"x": {number}}}', f'{{"x":  {number}}}')
