"""Commands on their way to the CPO (CMD-01 to CMD-19)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import override_settings

from journal.models import CallLog
from tests.commands.asked import ACCEPTED, REJECTED, answer_late, command, get_alias, hang_up, reserve, start
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, token_document
from tests.live.partner import get_code


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
