"""Rows TRANS-01 to TRANS-17: tokens, HTTP, the envelope (section 1)."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until, wait_until
from tests.conformance.objects import ABSENT, location, session, token
from tests.conformance.partner import reply
from tests.conformance.wire import as_json, encode_token, new_id

CODES = {1000, *range(2000, 2005), *range(3000, 3004), *range(4000, 4004)}


def test_TRANS_01_no_ocpi_data_without_tls_and_no_client_certificate(cast: Cast) -> None:
    if cast.hub.versions_url.startswith("https:"):
        assert cast.cpa.configure("GET", cast.hub.versions_url).http == 200
        plain = cast.cpa.configure("GET", cast.hub.versions_url.replace("https:", "http:", 1))
        assert plain.http >= 300
        return
    if cast.hub.open_https_only is None:
        pytest.skip("not applicable: the hub measured was given by an http URL")
    with cast.hub.open_https_only() as url:
        secure = cast.cpa.configure("GET", url, headers={"X-Forwarded-Proto": "https"})
        plain = cast.cpa.configure("GET", url)

    assert (secure.http, secure.code) == (200, 1000)
    assert plain.http >= 300
    assert b"2.2.1" not in plain.body


def test_TRANS_02_no_token_or_an_unknown_one_is_401(cast: Cast) -> None:
    url = cast.cpa.hub_endpoints["locations", "SENDER"]

    for header in (None, encode_token("nobody-has-this"), "Token", "Bearer abc", "Token ///"):
        answer = cast.msa.call_url("GET", url, to=cast.HUB, headers={"Authorization": header})
        assert (answer.http, answer.code) == (401, 2000), header


def test_TRANS_03_the_hub_writes_padded_base64_of_the_token(cast: Cast) -> None:
    peer = cast.plan("NL*T03 EMSP")
    peer.token_b = "ü-needs-utf8-and-padding"[1:] + "~?"  # "/" and "=" appear only with the right alphabet
    peer.register()

    header = peer.wait_for("GET", "details").headers["authorization"]

    assert header == "Token " + base64.b64encode(peer.token_b.encode()).decode()
    assert header.endswith("=")


def test_TRANS_04_raw_tokens_only_of_platforms_flagged_so(cast: Cast) -> None:
    legacy = cast.add("NL*T04 EMSP", contracts=["DE*CPA"])
    raw = {"Authorization": f"Token {legacy.token}"}
    url = cast.hub.versions_url
    assert legacy.configure("GET", url, headers=raw).http == 401

    cast.operator.set_up(legacy.handle, sends_raw_token=True)

    assert ask_until(lambda: legacy.configure("GET", url, headers=raw), code=1000).http == 200
    assert legacy.configure("GET", url).http == 200

    def is_told_raw() -> bool:
        id = new_id("T04")
        assert cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=legacy.party).code == 1000
        return bool(legacy.wait_for(contains=id).headers["authorization"] == f"Token {legacy.token_b}")

    wait_until(is_told_raw, what="workers send the token as it is")
    assert cast.cpa.configure("GET", url, headers={"Authorization": f"Token {cast.cpa.token}"}).http == 401


def test_TRANS_05_line_ends_inside_the_token_are_stripped(cast: Cast) -> None:
    for end in ("\n", "\r\n"):
        header = encode_token(cast.cpa.token + end)
        assert cast.cpa.configure("GET", cast.hub.versions_url, headers={"Authorization": header}).http == 200


def test_TRANS_06_token_a_opens_registration_and_nothing_else(cast: Cast) -> None:
    planned = cast.plan("DE*T06 CPO")
    planned.read_hub(planned.token_a)
    refused = [("locations", "SENDER"), ("tokens", "RECEIVER"), ("hubclientinfo", "SENDER")]

    for module, interface in refused:
        url = planned.hub_endpoints[module, interface]
        assert planned.call_url("GET", url, token=planned.token_a, to=cast.HUB).http == 401, module
    assert planned.configure("GET", cast.hub.versions_url, token=planned.token_a).http == 200
    credentials = planned.hub_endpoints["credentials", "SENDER"]
    assert planned.configure("GET", credentials, token=planned.token_a).http == 200


def test_TRANS_07_the_token_says_who_calls_and_no_header_does(cast: Cast) -> None:
    tokens = [partner.token for partner in cast.everybody]
    assert len(set(tokens)) == len(tokens)
    id = new_id("T07")

    answer = cast.msa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB, sender="DE*CPA")

    assert (answer.http, answer.code) == (403, 2001)
    assert cast.cpa.call("GET", "locations", f"DE/CPA/{id}", to=cast.HUB).http == 404


def test_TRANS_08_json_is_what_is_spoken(cast: Cast) -> None:
    id = new_id("T08")

    answer = cast.cpa.call(
        "PUT",
        "locations",
        f"DE/CPA/{id}",
        body=location(id),
        to=cast.HUB,
        headers={"Content-Type": "application/json; charset=utf-8"},
    )

    assert answer.code == 1000
    told = cast.msa.wait_for("PUT", "locations", contains=id)
    assert told.headers["content-type"].startswith("application/json")
    errors = [
        cast.cpa.call("GET", "locations", f"DE/CPA/{id}X", to=cast.HUB),
        cast.cpa.call("GET", "locations", f"DE/CPA/{id}", to=cast.HUB, headers={"Authorization": None}),
    ]
    for response in (answer, *errors):
        assert response.headers["Content-Type"].startswith("application/json")


def test_TRANS_09_what_is_not_json_is_400(cast: Cast) -> None:
    answer = cast.msa.call("PUT", "tokens", f"NL/MSA/{new_id('T09')}", body=b"{", to=cast.HUB)

    assert (answer.http, answer.code) == (400, 2001)


def test_TRANS_10_wrong_content_is_200_with_a_status_code(cast: Cast) -> None:
    id = new_id("T10")
    stored = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, time_zone=ABSENT), to=cast.HUB)

    assert stored.code == 1000
    assert (answer.http, answer.code) == (200, 2001)


def test_TRANS_11_a_missing_field_is_2001_and_named(cast: Cast) -> None:
    id = new_id("T11")

    answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, coordinates=ABSENT), to=cast.HUB)

    assert answer.code == 2001
    assert "coordinates" in answer.message


def test_TRANS_12_a_missing_object_is_404_with_an_envelope(cast: Cast) -> None:
    answer = cast.cpa.call("GET", "locations", f"DE/CPA/{new_id('T12')}", to=cast.HUB)

    assert answer.http == 404
    assert answer.code in (2001, 2003)
    assert answer.message


def test_TRANS_13_new_is_201_and_known_is_200(cast: Cast) -> None:
    uid = new_id("T13")

    first = cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid), to=cast.HUB)
    second = cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid), to=cast.HUB)

    assert [(answer.http, answer.code) for answer in (first, second)] == [(201, 1000), (200, 1000)]


def test_TRANS_14_every_answer_is_an_envelope(cast: Cast) -> None:
    answers = [
        cast.cpa.configure("GET", cast.hub.versions_url),
        cast.cpa.call("GET", "locations", f"DE/CPA/{new_id('T14')}", to=cast.HUB),
        cast.cpa.call("GET", "locations", "x/y/z", to=cast.HUB, headers={"Authorization": None}),
        cast.msa.call("GET", "locations", interface="SENDER", to="XX*ZZZ"),
    ]

    for answer in answers:
        assert set(answer.envelope) <= {"data", "status_code", "status_message", "timestamp"}
        assert isinstance(answer.envelope["status_code"], int)
        moment = datetime.fromisoformat(answer.envelope["timestamp"])
        assert moment.utcoffset() == timedelta(0)
        assert isinstance(answer.envelope.get("status_message", ""), str)


def test_TRANS_15_data_is_a_list_an_object_or_a_string_as_the_call_says(cast: Cast) -> None:
    newcomer = cast.add("NL*T15 EMSP")
    id = new_id("T15")
    opened = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to="NL*MSA")
    assert opened.code == 1000

    def is_mine(call) -> bool:
        return id in call.path and call.module == "sessions"

    preferences = {"profile_type": "FAST", "departure_time": "2030-01-01T00:00:00Z"}
    with cast.cpa.answering(reply("ACCEPTED"), when=is_mine):
        chosen = cast.msa.call(
            "PUT", "sessions", f"{id}/charging_preferences", interface="SENDER", body=preferences, to="DE*CPA"
        )
    single = cast.cpa.call("GET", "sessions", f"DE/CPA/{id}", to=cast.HUB)

    assert newcomer.call("GET", "tariffs", interface="SENDER", to=cast.HUB).data == []
    assert chosen.data == "ACCEPTED"
    assert isinstance(single.data, dict)


def test_TRANS_16_no_data_where_none_is_defined_and_any_is_taken(cast: Cast) -> None:
    id = new_id("T16")

    answers: tuple[Any, ...] = ({}, [], "x", None)
    for index, data in enumerate(answers):
        body = session(id, kwh=index)
        with cast.msa.answering(reply(data), when=lambda call: id in call.path):
            answer = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=body, to="NL*MSA")
        assert answer.code == 1000

    location_id = new_id("T16")
    stored = cast.cpa.call("PUT", "locations", f"DE/CPA/{location_id}", body=location(location_id), to=cast.HUB)
    assert "data" not in stored.envelope
    plain = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to="NL*MSA")
    assert "data" not in plain.envelope


def test_TRANS_17_listed_codes_only_and_unknown_ones_are_passed_on(cast: Cast) -> None:
    id = new_id("T17")

    with cast.cpa.answering(reply(code=2999, message="of our own"), when=lambda call: id in call.path):
        passed = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")
    own = [
        cast.msa.call("GET", "locations", id, interface="SENDER", to="XX*ZZZ"),
        cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=as_json([]), to=cast.HUB),
        cast.cpa.call("GET", "locations", f"DE/CPA/{id}", to=cast.HUB),
    ]

    assert (passed.code, passed.message) == (2999, "of our own")
    assert {answer.code for answer in own} <= CODES
    assert all(re.fullmatch(r"[234]00\d", str(answer.code)) for answer in own)
