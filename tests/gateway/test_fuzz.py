"""Anything at all over the OCPI surface, under a good token: no 5xx, always an envelope, ids echoed."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocpi.calls import Interface
from parties.registry import get_modules
from tests.conftest import Cast
from tests.contract.cases import CASES
from tests.documents import as_json

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PARTIES = ("NL*CPO", "FR*MSP", "DE*CPX", "NL*HUB", "XX*YYY", "nl*cpo", "N*", "ÄÖ*ÜÜÜ")
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
SEGMENTS = st.one_of(
    st.sampled_from(("NL", "CPO", "FR", "MSP", "X1", "LOC1", "", "..", "%00", "%2F", "%FF", "%zz", "authorize")),
    st.from_regex(re.compile(r"[A-Za-z0-9_.~-]{1,40}", re.ASCII), fullmatch=True),
)
QUERIES = st.one_of(
    st.just(""),
    st.lists(
        st.tuples(
            st.sampled_from(("date_from", "date_to", "limit", "offset", "after", "type", "x")),
            st.sampled_from(("0", "1", "-1", "9" * 30, "2026-01-01T00:00:00Z", "2026-13-01", "%00", "RFID", "")),
        ),
        max_size=4,
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)


def get_paths() -> list[str]:
    """Every URL there is, with its placeholders."""
    fixed = ["versions", "2.2.1", "2.2.1/credentials", "2.2.1/sender/hubclientinfo", "2.2.1/alias/{token}", "{version}"]
    return fixed + [
        "/".join(filter(None, ("2.2.1", route.interface.lower(), module.id, route.pattern)))
        for module in get_modules().values()
        for route in module.routes
    ]


@st.composite
def paths(draw: st.DrawFn) -> str:
    """A real one with anything in its placeholders, or anything at all."""
    if draw(st.integers(0, 9)) == 0:
        wild = ["2.2.1", draw(st.sampled_from(tuple(Interface))).lower(), draw(SEGMENTS), *draw(st.lists(SEGMENTS))]
        return "/".join(wild)
    fitting = {"country_code": "NL", "party_id": "CPO"} if draw(st.booleans()) else {}
    path = draw(st.sampled_from(get_paths()))
    return re.sub(r"{(\w+)}", lambda found: fitting.get(found[1]) or draw(SEGMENTS), path)


@st.composite
def bodies(draw: st.DrawFn) -> bytes | None:
    """None, no JSON, any JSON, or a good document with one field that is something else."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.none() | st.binary(max_size=60))
    if kind == 1:
        return json.dumps(draw(ANY_JSON)).encode()
    document: dict[str, Any] = draw(st.sampled_from(CASES)).make()
    if kind == 2:
        document[draw(st.sampled_from(sorted(document)))] = draw(ANY_JSON)
        return json.dumps(document, default=str).encode()
    return as_json(document)


@st.composite
def headers(draw: st.DrawFn) -> dict[str, str]:
    made = {"X-Request-ID": draw(PRINTABLE), "X-Correlation-ID": draw(PRINTABLE)}
    for which in ("from", "to"):
        country, _, party = draw(st.sampled_from(PARTIES)).partition("*")
        if draw(st.booleans()):
            made[f"OCPI-{which}-country-code"] = country.encode().decode("latin-1")
            made[f"OCPI-{which}-party-id"] = party.encode().decode("latin-1")
    return made


class TestAnything:
    def test_is_answered_in_an_envelope_and_never_with_5xx(self, cast: Cast):
        @settings(
            max_examples=300,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(
            method=st.sampled_from(METHODS),
            path=paths(),
            query=QUERIES,
            body=bodies(),
            sent=headers(),
            from_cpo=st.booleans(),
        )
        def ask(method: str, path: str, query: str, body: bytes | None, sent: dict[str, str], from_cpo: bool) -> None:
            if path == "2.2.1/credentials" and method == "DELETE":
                method = "GET"  # it would end what the others are asked with
            caller = cast.cpo if from_cpo else cast.emsp
            url = f"{cast.hub.url}/ocpi/{path}" + (f"?{query}" if query else "")

            answer = caller.call_url(method, url, body=body, headers=sent)

            told = answer.json()
            assert answer.status_code < 500, (method, path, answer.status_code)
            assert isinstance(told["status_code"], int), told
            assert told["status_code"] != 3000, (method, path, query, body, told)  # the hub did not fail inside either
            assert told["timestamp"].endswith("Z")
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["X-Request-ID"] == sent["X-Request-ID"]
            assert answer.headers["X-Correlation-ID"] == sent["X-Correlation-ID"]

        ask()
