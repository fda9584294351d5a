"""Tokens at the running hub: uid and type together, never deleted, never answered for (TOK-01 to TOK-14)."""

from __future__ import annotations

import pytest

from tests.conftest import Cast
from tests.documents import as_json, token_document
from tests.live.partner import get_code
from tokens.models import Token

LATER = "2026-11-20T11:00:00Z"


def put(cast: Cast, query: str = "", **changes):
    return cast.emsp.call(
        "PUT", "tokens", f"FR/MSP/TOKEN1{query}", body=as_json(token_document(**changes)), to="NL*HUB"
    )


def get(cast: Cast, query: str = "", *, uid: str = "TOKEN1"):
    return cast.emsp.call("GET", "tokens", f"FR/MSP/{uid}{query}", to="NL*HUB")


def invalidate(cast: Cast, query: str = "", *, uid: str = "TOKEN1"):
    return cast.emsp.call(
        "PATCH", "tokens", f"FR/MSP/{uid}{query}", body={"valid": False, "last_updated": LATER}, to="NL*HUB"
    )


class TestType:
    def test_of_the_body_counts_where_the_url_has_none(self, cast: Cast):  # TOK-03
        put(cast, type="APP_USER")

        assert Token.objects.get().type == "APP_USER"
        assert get(cast, "?type=APP_USER").json()["data"]["type"] == "APP_USER"

    def test_of_the_body_must_be_that_of_the_url(self, cast: Cast):  # AMB-59
        assert get_code(put(cast, "?type=RFID", type="APP_USER")) == 2001

    @pytest.mark.parametrize("to", ["NL*HUB", "NL*CPO"])
    def test_is_never_changed(self, cast: Cast, to: str):  # TOK-03, AMB-59
        put(cast, type="APP_USER")

        answer = cast.emsp.call(
            "PATCH", "tokens", "FR/MSP/TOKEN1?type=APP_USER", body={"type": "RFID", "last_updated": LATER}, to=to
        )

        assert get_code(answer) == 2001
        assert get(cast, "?type=APP_USER").json()["data"]["type"] == "APP_USER"

    def test_is_found_where_only_one_token_has_the_uid(self, cast: Cast):  # TOK-03
        put(cast, type="APP_USER")

        patched = invalidate(cast, uid="token1")
        found = get(cast, uid="token1")

        assert get_code(patched) == 1000
        assert found.json()["data"]["type"] == "APP_USER"
        assert found.json()["data"]["valid"] is False
        assert Token.objects.count() == 1

    def test_is_rfid_where_several_tokens_have_the_uid(self, cast: Cast):  # TOK-03
        put(cast, type="APP_USER")
        put(cast)

        invalidate(cast)

        assert get(cast).json()["data"]["type"] == "RFID"
        assert dict(Token.objects.values_list("type", "valid")) == {"APP_USER": True, "RFID": False}

    def test_is_not_guessed_where_none_is_rfid(self, cast: Cast):  # TOK-03
        put(cast, type="APP_USER")
        put(cast, type="OTHER")

        assert get(cast).status_code == 404
        assert invalidate(cast).status_code == 404

    def test_that_is_asked_for_is_not_replaced_by_another(self, cast: Cast):  # TOK-03
        put(cast, type="APP_USER")

        assert get(cast, "?type=RFID").status_code == 404

    @pytest.mark.parametrize("field", ["type", "whitelist"])
    def test_must_be_one_the_hub_knows(self, cast: Cast, field: str):  # TRANS-44
        answer = put(cast, **{field: "SOMETHING"})

        assert get_code(answer) == 2001
        assert field in answer.json()["status_message"]


class TestLife:
    def test_ends_by_being_invalid(self, cast: Cast):  # TOK-04, TOK-13
        put(cast)
        invalidate(cast)
        cast.hub.deliver()

        (listed,) = cast.cpo.call("GET", "tokens", interface="sender", to="NL*HUB").json()["data"]
        assert listed["valid"] is False
        assert cast.other_emsp.seen == []
        assert [seen.method for seen in cast.cpo.seen][-1] in ("PATCH", "PUT")

    @pytest.mark.parametrize(("method", "interface", "path", "allowed"), [
        ("DELETE", "receiver", "FR/MSP/TOKEN1", "GET, PATCH, PUT"),
        ("POST", "receiver", "FR/MSP/TOKEN1", "GET, PATCH, PUT"),
        ("PUT", "sender", "TOKEN1", ""),
        ("GET", "sender", "TOKEN1/authorize", "POST"),
    ])  # fmt: skip
    def test_has_no_other_methods(  # TOK-01, TOK-02
        self, cast: Cast, method: str, interface: str, path: str, allowed: str
    ):
        answer = cast.emsp.call(method, "tokens", path, interface=interface, body={})

        assert (answer.status_code, get_code(answer)) == (405, 2000)
        assert answer.headers["Allow"] == allowed

    def test_begins_with_a_uid_of_at_most_36(self, cast: Cast):  # TRANS-41
        uid = "U" * 37
        answer = cast.emsp.call("PUT", "tokens", f"FR/MSP/{uid}", body=as_json(token_document(uid=uid)), to="NL*HUB")

        assert get_code(answer) == 2001
        assert "uid" in answer.json()["status_message"]

    def test_may_have_a_longer_uid_where_one_receiver_judges_it(self, cast: Cast):  # AMB-12, TRANS-41
        uids = ["U" * 37, "U" * 39, "U" * 38 + "V"]

        answers = [
            cast.emsp.call("PUT", "tokens", f"FR/MSP/{uid}", body=as_json(token_document(uid=uid)), to="NL*CPO")
            for uid in uids
        ]

        assert [get_code(answer) for answer in answers] == [1000] * 3
        assert len(cast.cpo.seen) == 3
        assert set(Token.objects.values_list("uid_key", flat=True)) == {uid.lower() for uid in uids}

    def test_may_begin_odd_where_one_receiver_judges_it(self, cast: Cast):  # AMB-12, TRANS-41
        odd = as_json(token_document(whitelist="SOMETIMES"))

        answer = cast.emsp.call("PUT", "tokens", "FR/MSP/TOKEN1", body=odd, to="NL*CPO")

        assert get_code(answer) == 1000
        assert cast.cpo.seen[-1].body == odd
        assert not Token.objects.get().is_verified
