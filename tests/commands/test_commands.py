"""Commands through the running hub: there, and their result back (CMD-01 to CMD-19)."""

from __future__ import annotations

import base64
import json
import socket
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import override_settings
from django.utils.timezone import now

from agreements.models import Agreement
from commands.models import Reservation
from journal.models import Alias, CallLog
from parties.models import Platform
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document, session_document, token_document
from tests.live.partner import Partner, answer_ok, get_code
from tests.parties.http_peer import Handler

AT = "2026-11-20T10:00:00Z"
ACCEPTED = {"status_code": 1000, "timestamp": AT, "data": {"result": "ACCEPTED", "timeout": 30}}
REJECTED = {"status_code": 1000, "timestamp": AT, "data": {"result": "REJECTED", "timeout": 30}}


def command(cast: Cast, name: str, *, caller: Partner | None = None, to: str | None = "NL*CPO", **body: Any) -> Any:
    caller = caller or cast.emsp
    body = {"response_url": f"{caller.peer.url}/results/7?a=b", **body}
    return caller.call("POST", "commands", name, body=as_json({k: v for k, v in body.items() if v is not None}), to=to)


def start(cast: Cast, **body: Any) -> requests.Response:
    return command(cast, "START_SESSION", **{"token": token_document(), "location_id": "LOC1", **body})


def reserve(cast: Cast, *, id: str | None = "R1", **body: Any) -> requests.Response:
    expiry = (now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"token": token_document(), "location_id": "LOC1", "reservation_id": id, "expiry_date": expiry, **body}
    return command(cast, "RESERVE_NOW", **given)


def hang_up(handler: Handler) -> None:
    """After the whole request was read."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def answer_late(handler: Handler) -> None:
    handler.server.peer.released.wait(2)
    answer_ok(handler)


def say_nothing(handler: Handler) -> None:
    handler.close_connection = True
    handler.server.peer.released.wait(5)


def get_alias(partner: Partner) -> str:
    return str(json.loads(partner.seen[-1].body)["response_url"])


class TestForward:
    def test_reaches_the_cpo_with_the_hubs_url_and_all_else_unchanged(self, cast: Cast):  # CMD-02, CMD-04, ROUTE-45
        cast.cpo.answer_with(ACCEPTED)

        answer = start(cast, remark=[1, {"x": "é"}])

        seen = cast.cpo.seen[0]
        sent = json.loads(seen.body)
        assert answer.json() == ACCEPTED
        assert seen.path == "/receiver/commands/START_SESSION"
        assert (seen.headers["ocpi-from-party-id"], seen.headers["ocpi-to-party-id"]) == ("MSP", "CPO")
        assert sent.pop("response_url").startswith(f"{cast.hub.url}/ocpi/2.2.1/alias/")
        assert len(get_alias(cast.cpo)) <= 255
        assert sent == json.loads(
            as_json({"token": token_document(), "location_id": "LOC1", "remark": [1, {"x": "é"}]})
        )

    @pytest.mark.parametrize(
        "url",
        [None, "", 7, "/results/1", "ftp://127.0.0.1/1", "https://10.0.0.1/1", "http://elsewhere.example/", "x" * 300],
    )
    def test_without_a_usable_response_url_goes_nowhere(self, cast: Cast, url: Any):  # CMD-04
        answer = start(cast, response_url=url)

        assert (answer.status_code, get_code(answer)) == (200, 2001)
        assert "response_url" in answer.json()["status_message"]
        assert cast.cpo.seen == []

    def test_anothers_token_starts_nothing(self, cast: Cast):  # CMD-12
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()

        stolen = start(cast, caller=cast.other_emsp)
        missing = start(cast, token=None)
        reserved = reserve(cast, caller=cast.other_emsp)

        assert [get_code(answer) for answer in (stolen, missing, reserved)] == [2001, 2001, 2001]
        assert "token" in stolen.json()["status_message"]
        assert cast.cpo.seen == []

    @pytest.mark.parametrize(
        "name",
        ["start_session", "Start_Session", "START_SESSION%20", "START_SESSION;a=b", "START_SESSION%2F", "StartSession"],
    )
    def test_a_known_command_in_another_spelling_goes_nowhere(self, cast: Cast, name: str):  # CMD-12, TRANS-40
        answer = command(cast, name, token=token_document(), location_id="LOC1")

        assert (answer.status_code, get_code(answer)) == (200, 2001)
        assert "START_SESSION" in answer.json()["status_message"]
        assert cast.cpo.seen == []

    def test_anothers_token_is_in_no_command_of_its_own_either(self, cast: Cast):  # CMD-12, CMD-16
        stolen = command(cast, "FOO", token=token_document(owner="IT*MSX"))
        own = command(cast, "FOO", token=token_document())
        other_meaning = command(cast, "FOO", token="abc")

        assert [get_code(answer) for answer in (stolen, own, other_meaning)] == [2001, 1000, 1000]
        assert len(cast.cpo.seen) == 2

    def test_does_not_judge_whether_a_token_is_valid(self, cast: Cast):  # CMD-12
        assert get_code(start(cast, token=token_document(valid=False))) == 1000
        assert len(cast.cpo.seen) == 1

    def test_a_refusal_with_data_passes_as_it_is(self, cast: Cast):  # CMD-10
        cast.cpo.answer_with({**REJECTED, "status_code": 2003})

        assert command(cast, "UNLOCK_CONNECTOR", location_id="L", evse_uid="E", connector_id="1").json() == {
            **REJECTED,
            "status_code": 2003,
        }

    def test_a_command_of_its_own_goes_to_a_named_receiver_only(self, cast: Cast):  # CMD-16
        named = command(cast, "FOO", response_url=None)
        with_url = command(cast, "FOO", x=1)
        unnamed = command(cast, "FOO", to=None)

        assert [get_code(answer) for answer in (named, with_url, unnamed)] == [1000, 1000, 4001]
        assert json.loads(cast.cpo.seen[0].body) == {}
        assert get_alias(cast.cpo).startswith(cast.hub.url)

    def test_only_post_is_offered(self, cast: Cast):  # CMD-01, CMD-17
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = cast.emsp.call(method, "commands", "START_SESSION", body={}, to="NL*CPO")
            assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        unknown = cast.cpo.call(
            "POST", "commands", "START_SESSION/xyz", interface="sender", body={"result": "ACCEPTED"}
        )
        assert unknown.status_code == 404

    def test_is_sent_once_and_never_again(self, cast: Cast):  # CMD-19, ROUTE-20
        cast.cpo.behave = answer_late

        with override_settings(HUB_COMMAND_TIMEOUT=0.3, HUB_FORWARD_TIMEOUT=8.0):
            answer = start(cast)
        cast.cpo.behave = hang_up
        broken = start(cast)

        assert (get_code(answer), get_code(broken)) == (4002, 4003)
        assert "data" not in answer.json()
        assert len(cast.cpo.seen) == 2

    def test_a_cpo_without_commands(self, cast: Cast, new_partner: Any):  # ROUTE-18
        new_partner(("BE*NOC", "CPO"), offers=("locations",))
        make_agreement("BE*NOC", "FR*MSP")
        cast.hub.settle()

        answer = start(cast, to="BE*NOC")

        assert (get_code(answer), "data" in answer.json()) == (4000, False)

    def test_both_legs_are_in_the_log(self, cast: Cast):
        start(cast)

        assert list(CallLog.objects.order_by("leg").values_list("leg", "module", "object_id", "status_code")) == [
            ("in", "commands", "START_SESSION", 1000),
            ("out", "commands", "START_SESSION", 1000),
        ]


class TestResult:
    def test_reaches_the_url_of_the_requester(self, cast: Cast):  # CMD-03, CMD-06, CMD-07
        start(cast)
        alias, body = get_alias(cast.cpo), b'{"result": "ACCEPTED",  "message":[]}'
        cast.emsp.answer_with({"status_code": 1000, "timestamp": AT, "status_message": "thanks"})

        answer = cast.cpo.call_url("POST", alias, body=body, headers={"X-Request-ID": "r-1", "X-Correlation-ID": "c-1"})

        (seen,) = cast.emsp.seen
        assert answer.json() == {"status_code": 1000, "timestamp": AT, "status_message": "thanks"}
        assert answer.headers["OCPI-from-party-id"] == "MSP"
        assert (seen.method, seen.path, seen.body) == ("POST", "/results/7?a=b", body)
        assert seen.headers["authorization"] == "Token " + base64.b64encode(cast.emsp.token_out.encode()).decode()
        assert seen.headers["x-correlation-id"] == "c-1"
        assert seen.headers["x-request-id"] != "r-1"
        assert (seen.headers["ocpi-from-party-id"], seen.headers["ocpi-to-party-id"]) == ("CPO", "MSP")
        legs = CallLog.objects.filter(correlation_id="c-1").order_by("leg").values_list("leg", "decision", "sender")
        assert list(legs) == [("in", "response_url", "nlcpo"), ("out", "response_url", "nlcpo")]

    def test_needs_no_routing_headers_but_believes_no_false_ones(self, cast: Cast):  # CMD-06, E2
        start(cast)
        alias = get_alias(cast.cpo)
        none = {"OCPI-from-country-code": "", "OCPI-from-party-id": ""}

        plain = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"}, headers=none)
        false = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"}, sender="DE*CPX")

        assert (get_code(plain), false.status_code) == (1000, 403)
        assert [seen.headers["ocpi-from-party-id"] for seen in cast.emsp.seen] == ["CPO"]

    def test_is_taken_from_the_platform_that_was_asked_alone(self, cast: Cast):  # CMD-05
        start(cast)
        alias = get_alias(cast.cpo)

        for stranger in (cast.other_cpo, cast.emsp, cast.other_emsp):
            assert stranger.call_url("POST", alias, body={"result": "ACCEPTED"}).status_code == 404
        assert cast.cpo.call_url("POST", alias[:-1] + "~", body={"result": "ACCEPTED"}).status_code == 404
        assert cast.hub.request("POST", alias, data=b"{}").status_code == 401
        assert cast.emsp.seen == []

    def test_is_taken_by_post_and_as_json_alone(self, cast: Cast):
        start(cast)
        alias = get_alias(cast.cpo)

        assert cast.cpo.call_url("GET", alias).status_code == 405
        assert cast.cpo.call_url("PUT", alias, body={}).status_code == 405
        assert cast.cpo.call_url("POST", alias, body=b"<x>").status_code == 400
        assert cast.emsp.seen == []

    def test_may_come_late_and_again(self, cast: Cast):  # CMD-08
        reserve(cast)
        alias = get_alias(cast.cpo)

        for result in ("ACCEPTED", "ACCEPTED", "CANCELED_RESERVATION"):
            assert get_code(cast.cpo.call_url("POST", alias, body={"result": result})) == 1000
        assert [json.loads(seen.body)["result"] for seen in cast.emsp.seen] == [
            "ACCEPTED",
            "ACCEPTED",
            "CANCELED_RESERVATION",
        ]

    def test_outlives_the_timeout_and_the_reservation(self, cast: Cast):  # CMD-08
        cast.cpo.answer_with({"status_code": 1000, "data": {"result": "ACCEPTED", "timeout": 20 * 86400}})
        start(cast)
        reserve(cast, expiry_date=(now() + timedelta(days=30)).isoformat())
        reserve(cast, expiry_date="9999-12-31T23:59:59Z")
        reserve(cast, expiry_date="tomorrow")

        lives = [(alias.expires_at - now()).days for alias in Alias.objects.order_by("created_at")]
        assert lives == [20, 30, 400, 20]

    def test_is_not_taken_after_that(self, cast: Cast):
        start(cast)
        Alias.objects.update(expires_at=now())

        assert cast.cpo.call_url("POST", get_alias(cast.cpo), body={"result": "ACCEPTED"}).status_code == 404

    def test_failures_are_told_to_the_cpo_and_not_mended(self, cast: Cast):  # CMD-09
        start(cast)
        alias = get_alias(cast.cpo)
        cast.emsp.behave = hang_up
        down = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"})
        cast.emsp.behave = say_nothing
        with override_settings(HUB_COMMAND_TIMEOUT=0.3):
            silent = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"})
        cast.hub.deliver()

        assert (get_code(down), get_code(silent)) == (4003, 4002)
        assert len(cast.emsp.seen) == 2

    def test_of_a_requester_that_is_away_or_gone(self, cast: Cast):  # ROUTE-17, ROUTE-22
        start(cast)
        alias = get_alias(cast.cpo)
        Agreement.objects.filter(provider_party="CPO").update(valid_until=now())
        cast.hub.settle()

        answer = cast.cpo.call_url("POST", alias, body={"result": "ACCEPTED"})

        assert get_code(answer) == 4003
        assert cast.emsp.seen == []

    def test_of_a_suspended_requester(self, cast: Cast):
        start(cast)
        Platform.objects.filter(pk=cast.emsp.platform.pk).update(state="SUSPENDED")
        cast.hub.settle()

        assert get_code(cast.cpo.call_url("POST", get_alias(cast.cpo), body={"result": "ACCEPTED"})) == 4003
        assert cast.emsp.seen == []


class TestOpenRouting:
    @pytest.mark.parametrize("to", [None, "NL*HUB"])
    def test_by_location(self, cast: Cast, to: str | None):  # table 2a, ROUTE-31
        _put_location(cast.cpo)

        known = start(cast, to=to)
        unlocked = command(cast, "UNLOCK_CONNECTOR", location_id="loc1", evse_uid="E", connector_id="1", to=to)
        unknown = start(cast, location_id="LOC9", to=to)
        missing = start(cast, location_id=None, to=to)

        assert [get_code(answer) for answer in (known, unlocked, unknown, missing)] == [1000, 1000, 4001, 2001]
        assert known.headers["OCPI-from-party-id"] == "CPO"
        assert [seen.headers["ocpi-to-party-id"] for seen in cast.cpo.seen] == ["CPO", "CPO"]
        assert "data" not in unknown.json()

    def test_by_location_of_two_owners(self, cast: Cast):  # ROUTE-37
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        _put_location(cast.cpo)
        _put_location(cast.other_cpo, evses=[{**location_document()["evses"][0], "uid": "OTHER"}])
        cast.cpo.seen.clear()
        cast.other_cpo.seen.clear()

        both = start(cast, to=None)
        one = start(cast, to=None, evse_uid="other")

        assert (get_code(both), get_code(one)) == (4001, 1000)
        assert (len(cast.cpo.seen), len(cast.other_cpo.seen)) == (0, 1)

    def test_never_by_a_strangers_location(self, cast: Cast):
        _put_location(cast.other_cpo)

        assert get_code(start(cast, to=None)) == 4001
        assert cast.other_cpo.seen == []

    def test_by_session_of_an_own_token(self, cast: Cast):  # CMD-14
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        _put_session(cast.cpo, "S1", "FR*MSP")
        _put_session(cast.cpo, "S2", "IT*MSX")
        cast.cpo.seen.clear()

        mine = command(cast, "STOP_SESSION", session_id="s1", to=None)
        others = command(cast, "STOP_SESSION", session_id="S2", to=None)
        unknown = command(cast, "STOP_SESSION", session_id="S9", to=None)
        missing = command(cast, "STOP_SESSION", to=None)

        assert [get_code(answer) for answer in (mine, others, unknown, missing)] == [1000, 4001, 4001, 2001]
        assert len(cast.cpo.seen) == 1
        assert sorted(json.loads(cast.cpo.seen[0].body)) == ["response_url", "session_id"]

    def test_by_session_of_two_cpos(self, cast: Cast):  # SESS-13
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        _put_session(cast.cpo, "S1", "FR*MSP")
        _put_session(cast.other_cpo, "S1", "FR*MSP")

        assert get_code(command(cast, "STOP_SESSION", session_id="S1", to=None)) == 4001

    def test_by_reservation(self, cast: Cast):  # CMD-13
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        reserve(cast, id="R1")

        mine = command(cast, "CANCEL_RESERVATION", reservation_id="r1", to=None)
        others = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None, caller=cast.other_emsp)
        unknown = command(cast, "CANCEL_RESERVATION", reservation_id="R9", to=None)

        assert [get_code(answer) for answer in (mine, others, unknown)] == [1000, 4001, 4001]
        assert [seen.path.rsplit("/", 1)[1] for seen in cast.cpo.seen] == ["RESERVE_NOW", "CANCEL_RESERVATION"]

    def test_by_the_reservation_that_holds(self, cast: Cast):
        make_agreement("DE*CPX", "FR*MSP")
        cast.hub.settle()
        reserve(cast, to="DE*CPX")
        reserve(cast, to="NL*CPO")
        ambiguous = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)
        alias = next(json.loads(seen.body)["response_url"] for seen in cast.other_cpo.seen)

        cast.other_cpo.call_url("POST", alias, body={"result": "CANCELED_RESERVATION"})
        clear = command(cast, "CANCEL_RESERVATION", reservation_id="R1", to=None)

        assert (get_code(ambiguous), get_code(clear)) == (4001, 1000)
        assert clear.headers["OCPI-from-party-id"] == "CPO"

    @pytest.mark.parametrize("answer", [REJECTED, {**ACCEPTED, "status_code": 2001}])
    def test_not_by_one_that_was_refused(self, cast: Cast, answer: dict[str, Any]):
        cast.cpo.answer_with(answer)
        reserve(cast)

        assert Reservation.objects.get().closed_at is not None

    def test_by_one_whose_answer_was_lost_or_accepted(self, cast: Cast):
        cast.cpo.behave = hang_up
        reserve(cast)
        cast.cpo.answer_with(ACCEPTED)
        reserve(cast)

        assert Reservation.objects.filter(closed_at=None).count() == 2

    def test_a_reservation_without_usable_id_goes_nowhere(self, cast: Cast):
        for id in (None, "", "x" * 37, "é"):
            assert get_code(reserve(cast, id=id)) == 2001
        assert cast.cpo.seen == []


def _put_location(partner: Partner, **changes: Any) -> None:
    owner = str(partner.parties[0])
    body = as_json(location_document(owner=owner, **changes))
    assert get_code(partner.call("PUT", "locations", f"{owner.replace('*', '/')}/LOC1", body=body, to="NL*HUB")) == 1000


def _put_session(partner: Partner, id: str, token_owner: str) -> None:
    owner = str(partner.parties[0])
    body = as_json(session_document(owner=owner, id=id, token_owner=token_owner))
    path = f"{owner.replace('*', '/')}/{id}"
    assert get_code(partner.call("PUT", "sessions", path, body=body, to=token_owner)) == 1000
