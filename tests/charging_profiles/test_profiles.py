"""Charging profiles through the running hub: there, their results back, updates from the CPO (CP-01 to CP-13)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from charging_profiles.models import Setting
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, session_document
from tests.live.partner import Partner, get_code

AT = "2026-11-20T10:00:00Z"
PROFILE = {
    "start_date_time": AT,
    "charging_rate_unit": "W",
    "min_charging_rate": 8.1,
    "charging_profile_period": [{"start_period": 0, "limit": 11000.0}],
}
ACTIVE = {"start_date_time": AT, "charging_profile": PROFILE}
ACCEPTED = {"status_code": 1000, "timestamp": AT, "data": {"result": "ACCEPTED", "timeout": 30}}
TOO_OFTEN = {"status_code": 1000, "timestamp": AT, "data": {"result": "TOO_OFTEN", "timeout": 30}}


def put(
    cast: Cast, session: str = "S1", *, caller: Partner | None = None, to: str | None = "NL*CPO", **body: Any
) -> requests.Response:
    caller = caller or cast.emsp
    given = {"charging_profile": PROFILE, "response_url": f"{caller.peer.url}/results/put", **body}
    return caller.call("PUT", "chargingprofiles", session, body=as_json(given), to=to)


def ask(cast: Cast, method: str, query: str, *, session: str = "S1", to: str | None = "NL*CPO") -> requests.Response:
    return cast.emsp.call(method, "chargingprofiles", f"{session}?{query}", to=to)


def get_asked_url(partner: Partner) -> str:
    """The response_url in the last query that reached the partner."""
    return parse_qs(urlsplit(partner.seen[-1].path).query)["response_url"][0]


def get_told_url(partner: Partner) -> str:
    return str(json.loads(partner.seen[-1].body)["response_url"])


def update(cast: Cast, *, to: str | None = None, session: str = "S1") -> requests.Response:
    return cast.cpo.call("PUT", "chargingprofiles", session, interface="sender", body=ACTIVE, to=to)


class TestRequest:
    def test_put_has_the_hubs_url_in_its_body(self, cast: Cast):  # CP-02, CP-04, CP-10, CP-11
        cast.cpo.answer_with(ACCEPTED)

        answer = put(cast, session="S%2F1")

        seen = cast.cpo.seen[0]
        assert answer.json() == ACCEPTED
        assert (seen.method, seen.path) == ("PUT", "/receiver/chargingprofiles/S%2F1")
        assert get_told_url(cast.cpo).startswith(f"{cast.hub.url}/ocpi/2.2.1/alias/")
        assert json.loads(seen.body)["charging_profile"] == PROFILE

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    @pytest.mark.parametrize("encoded", [True, False])
    def test_others_have_it_in_the_query(self, cast: Cast, method: str, encoded: bool):  # CP-04, CP-05, AMB-65
        url = f"{cast.emsp.peer.url}/results?request_id=5&k=2"

        ask(cast, method, "duration=900&response_url=" + (quote(url, safe="") if encoded else url))
        query = urlsplit(cast.cpo.seen[0].path).query
        answer = cast.cpo.call_url("POST", get_asked_url(cast.cpo), body={"result": "ACCEPTED"})

        assert query == f"duration=900&response_url={quote(get_asked_url(cast.cpo), safe='')}"
        assert get_asked_url(cast.cpo).startswith(f"{cast.hub.url}/ocpi/2.2.1/alias/")
        assert get_code(answer) == 1000
        assert cast.emsp.seen[0].path == "/results?request_id=5&k=2"

    def test_without_a_usable_response_url_goes_nowhere(self, cast: Cast):  # CP-01, CMD-04
        answers = [
            ask(cast, "GET", "duration=900"),
            ask(cast, "DELETE", ""),
            ask(cast, "DELETE", "response_url=https%3A%2F%2F10.0.0.1%2F"),
            ask(cast, "GET", "response_url=http://127.0.0.1/&response_url=http://127.0.0.1/2"),
            put(cast, response_url=None),
            put(cast, response_url="http://elsewhere.example/1"),
        ]

        assert [get_code(answer) for answer in answers] == [2001] * 6
        assert all("response_url" in answer.json()["status_message"] for answer in answers)
        assert cast.cpo.seen == []

    def test_methods(self, cast: Cast):  # CP-01, CP-07
        for method, interface in (("POST", "receiver"), ("PATCH", "receiver"), ("GET", "sender"), ("DELETE", "sender")):
            answer = cast.emsp.call(method, "chargingprofiles", "S1", interface=interface, body={}, to="NL*CPO")
            assert answer.status_code == 405

    def test_the_results_reach_the_requester_as_they_are(self, cast: Cast):  # CP-03, CP-06
        for method, result in (("GET", {"result": "ACCEPTED", "profile": ACTIVE}), ("DELETE", {"result": "UNKNOWN"})):
            ask(cast, method, f"duration=900&response_url={quote(cast.emsp.peer.url + '/r', safe='')}")
            answer = cast.cpo.call_url("POST", get_asked_url(cast.cpo), body=result)
            assert json.loads(cast.emsp.seen[-1].body) == result
            assert "data" not in answer.json()
        put(cast)
        cast.cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "REJECTED"})
        assert (cast.emsp.seen[-1].path, json.loads(cast.emsp.seen[-1].body)) == (
            "/results/put",
            {"result": "REJECTED"},
        )

    def test_strangers_cannot_answer(self, cast: Cast):  # CMD-05
        put(cast)

        assert cast.other_cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "ACCEPTED"}).status_code == 404
        assert cast.emsp.seen == []

    def test_an_emsp_may_be_asked_too(self, cast: Cast, new_partner: Any):  # CP-09, CP-13
        scsp = new_partner(("SE*SCP", "SCSP"))
        make_agreement("FR*MSP", "SE*SCP")
        cast.hub.settle()

        answer = put(cast, session="15", caller=scsp, to="FR*MSP")
        cast.emsp.call_url("POST", get_told_url(cast.emsp), body={"result": "ACCEPTED"})
        stranger = put(cast, session="15", caller=scsp)

        assert (get_code(answer), get_code(stranger)) == (1000, 4003)
        assert cast.emsp.seen[0].path == "/receiver/chargingprofiles/15"
        assert scsp.seen[0].path == "/results/put"
        assert cast.cpo.seen == []


class TestOpenRouting:
    @pytest.mark.parametrize("to", [None, "NL*HUB"])
    def test_requests_go_by_the_session_of_an_own_token(self, cast: Cast, to: str | None):  # table 2a, ROUTE-31
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        for id, owner in (("S1", "FR*MSP"), ("S2", "IT*MSX")):
            body = as_json(session_document(id=id, token_owner=owner))
            assert get_code(cast.cpo.call("PUT", "sessions", f"NL/CPO/{id}", body=body, to=owner)) == 1000
        url = quote(f"{cast.emsp.peer.url}/r", safe="")

        mine = [put(cast, to=to), ask(cast, "GET", f"duration=9&response_url={url}", to=to)]
        others = [put(cast, "S2", to=to), ask(cast, "GET", f"duration=9&response_url={url}", session="S2", to=to)]

        assert [get_code(answer) for answer in mine] == [1000, 1000]
        assert [get_code(answer) for answer in others] == [4001, 4001]
        assert len(cast.cpo.seen) == 2

    def test_updates_go_to_who_set_the_profile(self, cast: Cast, new_partner: Any):  # CP-07, CP-08, ROUTE-36
        scsp = new_partner(("SE*SCP", "SCSP"))
        make_agreement("NL*CPO", "SE*SCP")
        cast.hub.settle()
        nobody = update(cast)
        put(cast, caller=scsp)
        cast.cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "ACCEPTED"})
        put(cast)  # accepted at once, refused later
        cast.cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "REJECTED"})
        cast.cpo.answer_with(TOO_OFTEN)
        put(cast)
        scsp.seen.clear()
        cast.emsp.seen.clear()

        answer = update(cast)

        assert (get_code(nobody), get_code(answer)) == (4001, 1000)
        assert answer.headers["OCPI-from-party-id"] == "SCP"
        assert "data" not in answer.json()
        assert (scsp.seen[0].path, json.loads(scsp.seen[0].body)) == ("/sender/chargingprofiles/S1", ACTIVE)
        assert scsp.seen[0].headers["ocpi-to-party-id"] == "SCP"
        assert cast.emsp.seen == []

    def test_the_last_who_succeeded_counts(self, cast: Cast, new_partner: Any):  # CP-08, CP-12
        scsp = new_partner(("SE*SCP", "SCSP"))
        make_agreement("NL*CPO", "SE*SCP")
        cast.hub.settle()
        for caller in (scsp, cast.emsp):
            put(cast, caller=caller)
            cast.cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "ACCEPTED"})

        assert update(cast).headers["OCPI-from-party-id"] == "MSP"
        assert get_code(update(cast, session="S2")) == 4001
        other = cast.other_cpo.call("PUT", "chargingprofiles", "S1", interface="sender", body=ACTIVE)
        assert get_code(other) == 4001

    def test_one_whose_result_is_not_known_counts_if_there_is_no_other(self, cast: Cast):
        put(cast)

        assert update(cast).headers["OCPI-from-party-id"] == "MSP"

    def test_one_that_was_refused_does_not_count(self, cast: Cast):  # CP-08
        cast.cpo.answer_with(TOO_OFTEN)
        put(cast)
        cast.cpo.answer_with(ACCEPTED)
        put(cast)
        cast.cpo.call_url("POST", get_told_url(cast.cpo), body={"result": "REJECTED"})

        assert get_code(update(cast)) == 4001

    def test_an_addressed_update_is_delivered(self, cast: Cast):  # CP-07
        assert get_code(update(cast, to="FR*MSP", session="15")) == 1000
        assert cast.emsp.seen[0].path == "/sender/chargingprofiles/15"

    def test_one_that_never_arrived_does_not_count(self, cast: Cast, unused_port: int):
        from parties.models import Endpoint

        Endpoint.objects.filter(platform=cast.cpo.platform, module="chargingprofiles").update(
            url=f"http://127.0.0.1:{unused_port}/x"
        )
        cast.hub.settle()

        assert get_code(put(cast)) == 4003
        assert Setting.objects.get().refused_at is not None

    def test_an_id_the_hub_cannot_keep(self, cast: Cast):
        assert get_code(put(cast, "x" * 37)) == 2001
        assert cast.cpo.seen == []


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
