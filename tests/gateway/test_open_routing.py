"""Calls that name no receiver, or the hub: who gets them, and what is never guessed (table 2a, ROUTE-36 to 38)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from journal.models import CallLog
from parties.models import Endpoint, Platform
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, token_document
from tests.live.partner import Partner, get_code
from tests.parties.http_peer import Handler
from tokens.models import Token

AT = "2026-11-20T10:00:00Z"
UNKNOWN = {"status_code": 2004, "status_message": "unknown token", "timestamp": AT}
ALLOWED = {"status_code": 1000, "data": {"allowed": "ALLOWED"}, "timestamp": AT}

nowhere = pytest.mark.parametrize("to", [None, "NL*HUB"], ids=["no receiver", "the hub"])


def authorize(cast: Cast, uid: str = "TOKEN1", query: str = "", *, to: str | None = None, body: Any = None):
    return cast.cpo.call("POST", "tokens", f"{uid}/authorize{query}", interface="sender", to=to, body=body)


def about(token: dict[str, Any], *, allowed: str = "ALLOWED") -> dict[str, Any]:
    return {"status_code": 1000, "data": {"allowed": allowed, "token": token}, "timestamp": AT}


def put_token(emsp: Partner, **changes: Any) -> None:
    document = token_document(owner=str(emsp.parties[0]), **changes)
    party = emsp.parties[0]
    path = f"{party.country_code}/{party.party_id}/{document['uid']}"
    assert emsp.call("PUT", "tokens", path, body=as_json(document), to="NL*HUB").status_code in (200, 201)


class TestAuthorize:
    @nowhere
    def test_reaches_the_owner_of_the_stored_token_alone(self, both: Cast, to: str | None):  # TOK-10, TOK-16, ROUTE-36
        put_token(both.emsp)
        both.emsp.answer_with(ALLOWED)

        answer = authorize(both, "token1", to=to, body={"location_id": "LOC1"})

        (seen,) = both.emsp.seen
        assert (answer.status_code, get_code(answer)) == (200, 1000)
        assert answer.json()["data"] == {"allowed": "ALLOWED"}
        assert answer.headers["OCPI-from-party-id"] == "MSP"
        assert answer.headers["OCPI-to-party-id"] == "CPO"
        assert (seen.headers["ocpi-to-party-id"], seen.headers["ocpi-from-party-id"]) == ("MSP", "CPO")
        assert seen.path == "/sender/tokens/token1/authorize"
        assert seen.body == b'{"location_id": "LOC1"}'
        assert both.other_emsp.seen == []

    @pytest.mark.parametrize("changes", [{"valid": False}, {"whitelist": "NEVER"}, {"whitelist": "ALWAYS"}])
    def test_is_never_answered_from_the_store(self, both: Cast, changes: dict[str, Any], settings):  # TOK-11, TOK-12
        settings.HUB_AUTHORIZE_TIMEOUT = 0.3
        put_token(both.emsp, **changes)
        both.emsp.answer_with(ALLOWED)
        first = authorize(both)
        both.emsp.behave = lambda handler: both.emsp.peer.released.wait(10)  # type: ignore[assignment]

        second = authorize(both)
        both.emsp.peer.released.set()

        assert len(both.emsp.seen) == 2
        assert get_code(first) == 1000
        assert get_code(second) == 4002
        assert "data" not in second.json()

    def test_of_a_token_of_another_type_asks_everybody(self, both: Cast):  # TOK-03
        put_token(both.emsp, type="APP_USER")
        both.other_emsp.answer_with(UNKNOWN, status=404)
        both.emsp.answer_with(UNKNOWN, status=404)

        authorize(both)
        authorize(both, query="?type=APP_USER")

        assert (len(both.emsp.seen), len(both.other_emsp.seen)) == (2, 1)
        assert both.emsp.seen[1].path == "/sender/tokens/TOKEN1/authorize?type=APP_USER"

    def test_of_a_token_for_another_cpo_alone_asks_everybody(self, both: Cast):  # ROUTE-41
        make_agreement("DE*CPX", "FR*MSP")
        both.hub.settle()
        body = as_json(token_document())
        assert get_code(both.emsp.call("PUT", "tokens", "FR/MSP/TOKEN1", body=body, to="DE*CPX")) == 1000
        for emsp in (both.emsp, both.other_emsp):
            emsp.answer_with(UNKNOWN, status=404)

        authorize(both)

        assert [len(emsp.seen) for emsp in (both.emsp, both.other_emsp)] == [1, 1]

    def test_of_a_stale_token_asks_everybody(self, both: Cast):  # TOK-05, AMB-60
        put_token(both.emsp)
        Token.objects.update(stale_at=both.emsp.platform.registered_at)
        for emsp in (both.emsp, both.other_emsp):
            emsp.answer_with(UNKNOWN, status=404)

        authorize(both)

        assert [len(emsp.seen) for emsp in (both.emsp, both.other_emsp)] == [1, 1]

    def test_of_an_unknown_token_asks_all_and_the_one_who_knows_answers(self, both: Cast):  # table 2a
        both.emsp.answer_with(UNKNOWN, status=404)
        both.other_emsp.answer_with(ALLOWED)

        answer = authorize(both)

        assert get_code(answer) == 1000
        assert answer.headers["OCPI-from-party-id"] == "MSX"
        assert [len(emsp.seen) for emsp in (both.emsp, both.other_emsp)] == [1, 1]
        assert both.other_emsp.seen[0].headers["ocpi-to-party-id"] == "MSX"
        assert both.emsp.seen[0].headers["x-request-id"] != both.other_emsp.seen[0].headers["x-request-id"]

    def test_of_a_token_two_own_asks_both(self, both: Cast):  # table 2a
        put_token(both.emsp)
        put_token(both.other_emsp)
        both.emsp.answer_with(UNKNOWN, status=404)
        both.other_emsp.answer_with(ALLOWED)

        assert authorize(both).headers["OCPI-from-party-id"] == "MSX"

    def test_does_not_wait_for_the_others_once_one_knows(self, both: Cast, settings):  # ROUTE-20
        settings.HUB_AUTHORIZE_TIMEOUT = 5.0
        both.emsp.behave = lambda handler: both.emsp.peer.released.wait(10)  # type: ignore[assignment]
        both.other_emsp.answer_with(ALLOWED)

        started = time.monotonic()
        answer = authorize(both)
        elapsed = time.monotonic() - started
        both.emsp.peer.released.set()

        assert get_code(answer) == 1000
        assert elapsed < 3
        messages = CallLog.objects.filter(leg="out").order_by("platform").values_list("message", flat=True)
        assert list(messages) == ["not waited for: another answered first", ""]

    @pytest.mark.parametrize(
        ("status", "body"),
        [(404, UNKNOWN), (200, UNKNOWN), (404, b""), (404, {"status_code": 2001, "timestamp": AT})],
        ids=["404 and 2004", "2004 alone", "a bare 404", "404 with another code"],
    )
    def test_that_all_say_is_unknown_is_unknown(self, both: Cast, status: int, body: Any):  # TOK-08, AMB-58
        for emsp in (both.emsp, both.other_emsp):
            emsp.answer_with(body, status=status)

        answer = authorize(both)

        assert (answer.status_code, get_code(answer)) == (404, 2004)
        assert answer.headers["OCPI-from-party-id"] == "HUB"
        assert "data" not in answer.json()

    @pytest.mark.parametrize(
        "body",
        [{"status_code": 2000, "timestamp": AT}, b"", b"<html>Method Not Allowed</html>"],
        ids=["enveloped", "bare", "a page"],
    )
    def test_counts_an_emsp_without_authorize_as_not_knowing(self, both: Cast, body: Any):  # TOK-16
        both.emsp.answer_with(body, status=405)
        both.other_emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(both)

        assert (answer.status_code, get_code(answer)) == (404, 2004)

    @pytest.mark.parametrize(
        ("status", "body"),
        [(502, b"<html>"), (200, {"status_code": 3000, "timestamp": AT}), (401, b"")],
        ids=["broken", "failing", "refusing the hub"],
    )
    def test_is_not_unknown_while_one_has_not_answered(self, both: Cast, status: int, body: Any):  # table 2a
        both.emsp.answer_with(body, status=status)
        both.other_emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(both)

        assert (answer.status_code, get_code(answer)) == (200, 4000)
        assert "data" not in answer.json()

    def test_is_not_unknown_while_one_is_silent(self, both: Cast, settings):  # TOK-11, ROUTE-20
        settings.HUB_AUTHORIZE_TIMEOUT = 0.3
        settings.HUB_FORWARD_TIMEOUT = 5.0
        both.emsp.behave = lambda handler: both.emsp.peer.released.wait(10)  # type: ignore[assignment]
        both.other_emsp.answer_with(UNKNOWN, status=404)

        started = time.monotonic()
        answer = authorize(both)
        elapsed = time.monotonic() - started
        both.emsp.peer.released.set()

        assert get_code(answer) == 4000
        assert elapsed < 1.5

    def test_is_not_unknown_while_one_is_offline(self, both: Cast):  # table 2a
        Platform.objects.filter(pk=both.emsp.platform.pk).update(is_online=False)
        _reload(both)
        both.other_emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(both)

        assert get_code(answer) == 4000
        assert both.emsp.seen == []

    def test_gives_a_wish_for_a_location_back_if_nobody_knows_better(self, both: Cast):  # TOK-09
        both.emsp.answer_with({"status_code": 2002, "timestamp": AT})
        both.other_emsp.answer_with(UNKNOWN, status=404)
        wish = authorize(both)
        both.other_emsp.answer_with(ALLOWED)
        known = authorize(both)

        assert (get_code(wish), wish.headers["OCPI-from-party-id"]) == (2002, "MSP")
        assert (get_code(known), known.headers["OCPI-from-party-id"]) == (1000, "MSX")

    @pytest.mark.parametrize("allowed", ["ALLOWED", "BLOCKED"])
    def test_does_not_believe_one_who_answers_for_anothers_token(self, both: Cast, allowed: str):  # TOK-16, TOK-07
        both.emsp.answer_with(UNKNOWN, status=404)
        both.other_emsp.answer_with(about(token_document(owner="FR*MSP"), allowed=allowed))

        answer = authorize(both)

        assert (answer.status_code, get_code(answer)) == (200, 4000)
        assert "data" not in answer.json()
        assert "IT*MSX" in CallLog.objects.get(leg="out", receiver="itmsx").message

    def test_waits_for_the_owner_whoever_claims_its_token(self, both: Cast):  # TOK-16
        both.other_emsp.answer_with(about(token_document(owner="FR*MSP")))

        def answer_later(handler: Handler) -> None:
            both.emsp.peer.released.wait(0.3)
            handler.answer(as_json(about(token_document(owner="fr*msp"))))

        both.emsp.behave = answer_later

        answer = authorize(both)

        assert (get_code(answer), answer.headers["OCPI-from-party-id"]) == (1000, "MSP")

    @pytest.mark.parametrize("allowed", ["NOT_ALLOWED", "BLOCKED"])
    def test_waits_for_one_who_allows_it_whoever_refuses_at_once(self, both: Cast, allowed: str):  # TOK-07
        """Some refuse every token there is, as one of theirs."""
        both.other_emsp.answer_with(about(token_document(owner="IT*MSX"), allowed=allowed))

        def answer_later(handler: Handler) -> None:
            both.emsp.peer.released.wait(0.3)
            handler.answer(as_json(about(token_document(owner="FR*MSP"))))

        both.emsp.behave = answer_later

        answer = authorize(both)

        assert (get_code(answer), answer.headers["OCPI-from-party-id"]) == (1000, "MSP")
        assert answer.json()["data"]["allowed"] == "ALLOWED"

    def test_gives_a_refusal_back_if_nobody_allows_it(self, both: Cast, settings):  # table 2a, ROUTE-20
        settings.HUB_AUTHORIZE_TIMEOUT = 0.3
        both.other_emsp.answer_with(about(token_document(owner="IT*MSX"), allowed="BLOCKED"))
        both.emsp.answer_with(UNKNOWN, status=404)
        by_one = authorize(both)
        both.emsp.behave = lambda handler: both.emsp.peer.released.wait(10)  # type: ignore[assignment]
        by_half = authorize(both)
        both.emsp.peer.released.set()

        for answer in (by_one, by_half):
            assert (get_code(answer), answer.headers["OCPI-from-party-id"]) == (1000, "MSX")
            assert answer.json()["data"]["allowed"] == "BLOCKED"

    @pytest.mark.parametrize("empty", [{}, {"data": None}, {"data": {}}, {"data": "OK"}])
    def test_waits_for_one_who_says_something_of_the_token(self, both: Cast, empty: dict[str, Any]):  # TOK-07
        both.emsp.answer_with({"status_code": 1000, "timestamp": AT, **empty})

        def answer_later(handler: Handler) -> None:
            both.other_emsp.peer.released.wait(0.3)
            handler.answer(as_json(ALLOWED))

        both.other_emsp.behave = answer_later

        answer = authorize(both)

        assert (get_code(answer), answer.headers["OCPI-from-party-id"]) == (1000, "MSX")
        assert answer.json()["data"] == {"allowed": "ALLOWED"}

    def test_gives_a_success_without_data_back_if_nobody_knows_better(self, both: Cast):  # ROUTE-12
        both.emsp.answer_with({"status_code": 1000, "timestamp": AT})
        both.other_emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(both)

        assert (get_code(answer), answer.headers["OCPI-from-party-id"]) == (1000, "MSP")

    def test_asks_nobody_without_an_agreement(self, cast: Cast):  # ROUTE-22
        put_token(cast.other_emsp)
        cast.emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(cast)

        assert answer.status_code == 404
        assert cast.other_emsp.seen == []

    def test_asks_nobody_who_does_not_offer_it(self, both: Cast):  # TOK-16
        Endpoint.objects.filter(platform=both.emsp.platform, module="tokens", interface="SENDER").delete()
        _reload(both)
        both.other_emsp.answer_with(UNKNOWN, status=404)

        answer = authorize(both)

        assert answer.status_code == 404
        assert both.emsp.seen == []

    def test_leaves_a_row_for_everybody_who_was_asked(self, both: Cast):
        both.emsp.answer_with(UNKNOWN, status=404)
        both.other_emsp.answer_with(UNKNOWN, status=404)

        authorize(both, "SECRET-UID-4711")

        rows = CallLog.objects.order_by("leg", "platform")
        assert [(row.leg, row.decision, row.status_code) for row in rows] == [
            ("in", "ask", 2004),
            ("out", "ask", 2004),
            ("out", "ask", 2004),
        ]
        assert {row.object_id for row in rows} == {"•••4711"}

    def test_passes_every_answer_of_an_addressed_emsp_on(self, cast: Cast):  # TOK-07, TOK-08, TOK-09
        told = []
        for status, code, data in ((404, 2004, None), (200, 2002, None), (200, 1000, {"allowed": "BLOCKED"})):
            cast.emsp.answer_with({"status_code": code, "data": data, "timestamp": AT}, status=status)
            answer = authorize(cast, to="FR*MSP")
            told.append((answer.status_code, get_code(answer), answer.json()["data"]))

        assert told == [(404, 2004, None), (200, 2002, None), (200, 1000, {"allowed": "BLOCKED"})]

    def test_of_a_silent_emsp_is_answered_within_its_own_limit(self, cast: Cast, settings):  # TOK-11, ROUTE-20
        settings.HUB_AUTHORIZE_TIMEOUT = 0.3
        settings.HUB_FORWARD_TIMEOUT = 5.0
        cast.emsp.behave = lambda handler: cast.emsp.peer.released.wait(10)  # type: ignore[assignment]

        started = time.monotonic()
        answer = authorize(cast, to="FR*MSP")
        elapsed = time.monotonic() - started
        cast.emsp.peer.released.set()

        assert get_code(answer) == 4002
        assert elapsed < 1.5

    def test_takes_null_for_no_body(self, cast: Cast):  # TOK-06, TRANS-42
        cast.emsp.answer_with(ALLOWED)

        answers = [authorize(cast, to=to, body=b"null") for to in ("FR*MSP", None)]

        assert [get_code(answer) for answer in answers] == [1000, 1000]
        assert [seen.body for seen in cast.emsp.seen] == [b"null", b"null"]

    def test_refuses_what_is_not_json(self, cast: Cast):  # TRANS-09
        answer = authorize(cast, to="FR*MSP", body=b"{")

        assert (answer.status_code, get_code(answer)) == (400, 2001)
        assert cast.emsp.seen == []


def _reload(cast: Cast) -> None:
    from parties.models import FactsVersion

    FactsVersion.objects.update(version=FactsVersion.objects.get().version + 1)
    cast.hub.settle()
