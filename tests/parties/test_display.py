from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parties.display import lay_out, mask, mask_path, show_number, show_party

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("number", "text"), [("100.000000", "100"), ("0.000000", "0"), ("-1.50", "-1.5"), ("1E+2", "100"), ("12", "12")]
)
def test_numbers_have_no_needless_zeros(number, text):
    assert show_number(Decimal(number)) == text


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        ("4.200000", 2, "4.20"),
        ("4.203500", 2, "4.2035"),
        ("100.000000", 2, "100.00"),
        ("500.000000", 0, "500"),
        ("500.500000", 0, "500.5"),
        ("-1.5", 3, "-1.500"),
        ("1E+2", 2, "100.00"),
    ],
)
def test_numbers_have_so_many_decimals_at_least(number, places, text):
    assert show_number(Decimal(number), places=places) == text


class TestLayOut:
    def test_puts_every_member_on_a_line(self):
        assert lay_out('{"a":1,"b":[],"c":[1, 2],"d":{}}') == (
            '{\n  "a": 1,\n  "b": [],\n  "c": [\n    1,\n    2\n  ],\n  "d": {}\n}'
        )

    @pytest.mark.parametrize("number", ["1.50", "1e3", "0.0000", "-0", "12345678901234567890.10"])
    def test_keeps_the_text_of_numbers(self, number):
        assert lay_out(f'{{"n":{number}}}') == f'{{\n  "n": {number}\n}}'

    def test_keeps_escapes_and_repeated_keys(self):
        text = lay_out(r'{"a":"\u00e9 \"{[,:]}\" ","a":2}')

        assert text == '{\n  "a": "\\u00e9 \\"{[,:]}\\" ",\n  "a": 2\n}'

    @given(JSON)
    def test_changes_no_value(self, value):
        assert json.loads(lay_out(json.dumps(value))) == value

    @given(st.text())
    def test_survives_what_is_no_json(self, text):
        lay_out(text)


class TestMask:
    @pytest.mark.parametrize(
        ("text", "masked"), [("", ""), ("ABC", "…"), ("ABCD", "…D"), ("DE8ACC12E46L89", "…L89"), ("X" * 36, "…XXXX")]
    )
    def test_shows_a_quarter_at_most(self, text, masked):
        assert mask(text) == masked

    def test_masks_paths_of_tokens_only(self):
        assert mask_path("FR/MSP/12345678", module="tokens") == "FR/MSP/…78"
        assert mask_path("tokens:frmsp:12345678", module="tokens") == "tokens:frmsp:…78"
        assert mask_path("NL/CPO/LOC12345", module="locations") == "NL/CPO/LOC12345"


class TestShowParty:
    def test_separates_country_and_party(self):
        assert (show_party("nlcpo"), show_party("")) == ("NL*CPO", "")
