"""Results of commands on their way back to the eMSP (CMD-03 to CMD-09)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

from django.test import override_settings
from django.utils.timezone import now

from agreements.models import Agreement
from journal.models import Alias, CallLog
from parties.models import Platform
from tests.commands.asked import AT, get_alias, hang_up, reserve, say_nothing, start
from tests.conftest import Cast
from tests.live.partner import get_code


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
