from __future__ import annotations

import pytest

from ocpi import response_url
from ocpi.errors import InvalidParameter, NotJson

HUB = "https://hub/ocpi/2.2.1/alias/abc"
ENCODED = "https%3A%2F%2Fhub%2Focpi%2F2.2.1%2Falias%2Fabc"


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "url", "replaced"),
        [
            ("response_url=https%3A%2F%2Fm%2Fx", "https://m/x", f"response_url={ENCODED}"),
            ("duration=900&response_url=https://m/x/5", "https://m/x/5", f"duration=900&response_url={ENCODED}"),
            ("response_url=https://m/x/5&duration=900", "https://m/x/5", f"response_url={ENCODED}&duration=900"),
            (
                "response_url=https%3A%2F%2Fm%2Fx%3Fa%3D1%26b%3D2&duration=900",
                "https://m/x?a=1&b=2",
                f"response_url={ENCODED}&duration=900",
            ),
            (  # AMB-65: the sample of the specification
                "duration=900&response_url=https://m/x?request_id=5&k=2",
                "https://m/x?request_id=5&k=2",
                f"duration=900&response_url={ENCODED}",
            ),
            ("response_url=https://m/x?q=a%20b", "https://m/x?q=a%20b", f"response_url={ENCODED}"),
            ("response_url=https://m/a%2Bb+c", "https://m/a+b+c", f"response_url={ENCODED}"),
            ("response%5Furl=https://m/x&duration=900", "https://m/x", f"response%5Furl={ENCODED}&duration=900"),
        ],
    )
    def test_is_read_and_replaced_and_nothing_else(self, query, url, replaced):
        assert response_url.read_from_query(query) == url
        assert response_url.replace_in_query(query, HUB) == replaced

    @pytest.mark.parametrize("query", ["", "duration=900", "my_response_url=https://m/x", "x=response_url=1"])
    def test_is_not_there(self, query):
        assert response_url.read_from_query(query) is None

    @pytest.mark.parametrize(
        "query",
        [
            "response_url=https://m/x&response_url=https://m/y",
            "response_url=https://m/x&duration=900&response%5Furl=https://m/y",
            "response%5furl=https://m/x&response_url=https://m/y?a=1",
        ],
    )
    def test_is_never_there_twice_in_any_spelling(self, query):  # CP-05
        with pytest.raises(InvalidParameter, match="twice"):
            response_url.read_from_query(query)


class TestBody:
    def test_is_replaced_and_nothing_else(self):
        body = b'{"a":1.50,"response_url":"https://m/x","token":{"b":[1.0 , 2e3]},"z":null}'

        assert response_url.read_from_body(body) == "https://m/x"
        assert response_url.replace_in_body(body, HUB) == (
            b'{"a":1.50,"response_url":"' + HUB.encode() + b'","token":{"b":[1.0 , 2e3]},"z":null}'
        )

    def test_must_be_a_text_in_an_object(self):
        with pytest.raises(InvalidParameter, match="response_url"):
            response_url.read_from_body(b'{"response_url":1}')
        with pytest.raises(NotJson):
            response_url.read_from_body(b"")
