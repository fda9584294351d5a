"""The quick way to a body's top-level texts says the same as the careful one, of every body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocpi.errors import InvalidParameter, NotJson, OcpiError
from ocpi.raw import read_fields, read_text, read_texts

NAMES = ("country_code", "id")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from([*NAMES, "kwh", ""]), anything)


def carefully(body: bytes) -> object:
    try:
        fields = read_fields(body)
        return tuple(read_text(fields, name) for name in NAMES)
    except OcpiError as e:
        return type(e), e.message


def quickly(body: bytes) -> object:
    try:
        return read_texts(body, NAMES)
    except OcpiError as e:
        return type(e), e.message


class TestReadTexts:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'{"id":"a"',
            b'{"id":"a"}x',
            b'{"id":1}',
            b'{"id":null}',
            b'{"id":"a","id":"b"}',
            b'{"id":"a","id":1}',
            b'{"\\u0069d":"a"}',
            b'{"id":"\\ud800"}',
            b'{"id":"\xff"}',
            b'{"other":"\xff","id":"a"}',
            b'{"other":tru,"id":"a"}',
            b'{"other":1e999999999999,"id":"a"}',
            b'{"country_code":[],"id":{}}',
            b'{"other":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        ],
    )
    def test_is_the_careful_reading(self, body: bytes):
        assert quickly(body) == carefully(body)

    @given(objects)
    def test_is_the_careful_reading_of_any_object(self, document: dict[str, object]):
        body = json.dumps(document, allow_nan=False, default=str) if _is_json(document) else "{"

        assert quickly(body.encode()) == carefully(body.encode())


def _is_json(document: object) -> bool:
    try:
        json.dumps(document, allow_nan=False)
    except ValueError:
        return False
    return True


class TestReadFields:
    def test_reads_another_body_anew(self) -> None:
        first, second = b'{"id":"A"}', b'{"id":"B"}'

        assert [read_text(read_fields(body), "id") for body in (first, first, second, first)] == ["A", "A", "B", "A"]

    @pytest.mark.parametrize(("body", "error"), [(b"", NotJson), (b"[1]", InvalidParameter), (b"\xff", NotJson)])
    def test_refuses_as_often_as_it_is_asked(self, body: bytes, error: type[Exception]) -> None:
        for _ in range(2):
            with pytest.raises(error):
                read_fields(body)
