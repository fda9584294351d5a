"""Charging preferences, from an eMSP to the CPO of its session, and to nobody that is only guessed (SESS-11 to 13)."""

from __future__ import annotations

import pytest

from tests.conftest import Cast, make_agreement
from tests.documents import as_json, session_document
from tests.live.partner import Partner, get_code

AT = "2026-11-20T10:00:00Z"

nowhere = pytest.mark.parametrize("to", [None, "NL*HUB"], ids=["no receiver", "the hub"])


class TestChargingPreferences:
    def put_session(self, cpo: Partner, token_owner: str, *, id: str = "101"):
        party = cpo.parties[0]
        document = session_document(owner=str(party), id=id, token_owner=token_owner)
        path = f"{party.country_code}/{party.party_id}/{id}"
        assert get_code(cpo.call("PUT", "sessions", path, body=as_json(document), to="NL*HUB")) == 1000

    def prefer(self, emsp: Partner, *, to: str | None = None):
        return emsp.call(
            "PUT", "sessions", "101/charging_preferences", interface="sender", to=to, body={"profile_type": "CHEAP"}
        )

    @nowhere
    def test_go_to_the_cpo_of_the_callers_own_session(self, both: Cast, to: str | None):  # SESS-11, SESS-13
        make_agreement("DE*CPX", "FR*MSP")
        both.hub.settle()
        self.put_session(both.cpo, "FR*MSP")
        self.put_session(both.other_cpo, "IT*MSX")
        both.cpo.answer_with({"status_code": 1000, "data": "ACCEPTED", "timestamp": AT})

        answer = self.prefer(both.emsp, to=to)

        (seen,) = both.cpo.seen
        assert answer.json()["data"] == "ACCEPTED"
        assert answer.headers["OCPI-from-party-id"] == "CPO"
        assert (seen.method, seen.path) == ("PUT", "/sender/sessions/101/charging_preferences")
        assert both.other_cpo.seen == []

    def test_are_not_guessed_between_two_sessions(self, both: Cast):  # SESS-13, AMB-52
        make_agreement("DE*CPX", "FR*MSP")
        both.hub.settle()
        self.put_session(both.cpo, "FR*MSP")
        self.put_session(both.other_cpo, "FR*MSP")

        answer = self.prefer(both.emsp)

        assert (answer.status_code, get_code(answer)) == (200, 4001)
        assert both.cpo.seen == both.other_cpo.seen == []

    def test_are_not_for_sessions_of_others_tokens(self, both: Cast):  # table 2a
        self.put_session(both.cpo, "FR*MSP")

        assert get_code(self.prefer(both.other_emsp)) == 4001
        assert both.cpo.seen == []

    def test_that_are_not_possible_are_told_as_the_cpo_tells_it(self, cast: Cast):  # SESS-12
        cast.cpo.answer_with({"status_code": 2001, "timestamp": AT}, status=404)

        answer = self.prefer(cast.emsp, to="NL*CPO")

        assert (answer.status_code, get_code(answer)) == (404, 2001)

    @pytest.mark.parametrize(("method", "path", "status"), [
        ("PUT", "101", 404),
        ("PATCH", "101/charging_preferences", 405),
        ("POST", "", 405),
        ("GET", "101", 404),
    ])  # fmt: skip
    def test_have_no_neighbours(self, cast: Cast, method: str, path: str, status: int):  # SESS-01
        assert cast.emsp.call(method, "sessions", path, interface="sender", body={}).status_code == status
