"""Disputes and findings as partners work on them: each side's rights, and nothing for strangers."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from parties.models import Party, Platform
from reconciliation.models import Dispute, Finding
from tests.management.cast import NOW, make_client, make_finding, make_partner_client, make_platform
from tests.reconciliation.disputed import make_dispute, store_credit_of_c1, store_disputed

pytestmark = pytest.mark.django_db

URL = "/api/partner/disputes/"
BY_HAND = {"owner": "NL*CPO", "cdr_id": "C1", "reason": "too much"}


@pytest.fixture
def cpo() -> APIClient:
    return make_partner_client(make_platform())


@pytest.fixture
def emsp() -> APIClient:
    return make_partner_client(make_platform("Mobility Co", party="FR*MSP", role="EMSP"))


@pytest.fixture
def stranger() -> APIClient:
    return make_partner_client(make_platform("Somebody else", party="DE*CPX"))


@pytest.fixture
def both() -> APIClient:
    platform = make_platform("Both", party="NL*CPO")
    Party.objects.create(platform=platform, country_code="FR", party_id="MSP", role="EMSP", name="Both", changed_at=NOW)
    return make_partner_client(platform)


def post(client: APIClient, url: str, **body: Any) -> Any:
    return client.post(url, body, format="json")


class TestOpening:
    def test_is_done_by_hand_from_either_side(self, cpo, emsp):
        store_disputed()

        answer = post(emsp, URL, **BY_HAND)

        assert answer.status_code == 201
        dispute = answer.json()
        assert (dispute["state"], dispute["opener"], dispute["owner"], dispute["amount"]) == (
            "open",
            "emsp",
            "NL*CPO",
            "4.200000",
        )
        assert {one["kind"] for one in dispute["evidence"]} == {"cdr", "session", "history", "price"}
        assert [row["id"] for row in cpo.get(URL).json()["results"]] == [dispute["id"]]

    def test_is_done_from_a_finding(self, emsp):
        store_disputed()
        finding = make_finding(cdr_key="c1")

        answer = post(emsp, URL, finding=finding.pk, reason="too much")

        finding.refresh_from_db()
        assert (answer.status_code, answer.json()["finding"], finding.state) == (201, finding.pk, "disputed")

    def test_is_refused_twice(self, cpo, emsp):
        store_disputed()
        first = post(emsp, URL, **BY_HAND).json()["id"]

        answer = post(cpo, URL, **BY_HAND)

        assert answer.status_code == 409
        assert answer.json()["detail"].endswith(f"already: write into that one, number {first}.")

    def test_is_refused_where_there_is_no_cdr(self, emsp):
        finding = make_finding(cdr_key="", kind="session_without_cdr")

        answer = post(emsp, URL, finding=finding.pk, reason="x")

        assert answer.status_code == 409
        assert "Explain" in answer.json()["what_to_do"]

    def test_says_nothing_of_others_findings(self, stranger):
        ids = make_finding(cdr_key="", kind="session_without_cdr").pk, make_finding().pk, 999_999

        answers = [post(stranger, URL, finding=id, reason="x") for id in ids]

        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({answer.content for answer in answers}) == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"reason": "x"},
            {"finding": 1, "cdr_id": "C1", "reason": "x"},
            {"cdr_id": "C1", "reason": "x"},
            {"owner": "NL*CPO", "cdr_id": "C1"},
            {"owner": "nobody at all"[:8], "cdr_id": "C1", "reason": "x"},
            BY_HAND | {"side": "hub"},
            BY_HAND | {"side": "cpo"},
            BY_HAND | {"colour": "red"},
        ],
    )
    def test_needs_a_proper_request(self, emsp, body):
        store_disputed()

        assert post(emsp, URL, **body).status_code == 400
        assert not Dispute.objects.exists()

    def test_needs_a_side_from_who_stands_on_both(self, both):
        store_disputed()

        assert "side" in post(both, URL, **BY_HAND).json()["fields"]
        assert post(both, URL, **BY_HAND, side="cpo").json()["opener"] == "cpo"

    def test_finds_nothing_for_a_stranger(self, stranger):
        store_disputed()
        finding = make_finding(cdr_key="c1")

        assert post(stranger, URL, **BY_HAND).status_code == 404
        assert post(stranger, URL, finding=finding.pk, reason="x").status_code == 404
        assert not Dispute.objects.exists()


class TestSteps:
    @pytest.mark.parametrize(
        ("who", "step", "status", "state"),
        [
            ("emsp", "message", 200, "open"),
            ("cpo", "message", 200, "open"),
            ("cpo", "accept", 200, "accepted"),
            ("emsp", "accept", 409, "open"),
            ("emsp", "withdraw", 200, "withdrawn"),
            ("cpo", "withdraw", 409, "open"),
            ("emsp", "escalate", 200, "escalated"),
            ("cpo", "escalate", 200, "escalated"),
            ("stranger", "message", 404, "open"),
            ("stranger", "accept", 404, "open"),
            ("stranger", "withdraw", 404, "open"),
            ("stranger", "escalate", 404, "open"),
        ],
    )
    def test_are_each_sides_own(self, request, who, step, status, state):
        client = request.getfixturevalue(who)
        dispute = make_dispute()

        answer = post(client, f"{URL}{dispute.pk}/{step}/", text="so it is")

        dispute.refresh_from_db()
        assert (answer.status_code, dispute.state) == (status, state)
        assert dispute.entries.count() == (1 if status == 200 else 0)
        if status == 409:
            assert "only the" in answer.json()["detail"]

    def test_are_signed_with_the_tokens_name(self, cpo):
        answer = post(cpo, f"{URL}{make_dispute().pk}/message/", text="hello").json()

        assert answer["entries"] == [
            {
                "at": answer["entries"][0]["at"],
                "side": "cpo",
                "by": "of Charge Co",
                "action": "message",
                "text": "hello",
            }
        ]

    def test_need_words(self, cpo):
        assert post(cpo, f"{URL}{make_dispute().pk}/message/").status_code == 400

    def test_of_the_hub_are_not_there(self, cpo):
        for step in ("decide", "extend"):
            assert post(cpo, f"{URL}{make_dispute(cdr_key=step).pk}/{step}/", text="x").status_code == 404


class TestLists:
    @pytest.mark.parametrize(
        "query",
        ["state=escalated", "is_holding=true&state=escalated", "cdr_id=C2", "party=it*msx", "opened_to=2026-11-20"],
    )
    def test_are_filtered(self, cpo, query):
        make_dispute()
        other = make_dispute(
            cdr_id="C2", cdr_key="c2", token_owner="itmsx", state="escalated", opened_at="2026-11-01T00:00:00Z"
        )

        assert [row["id"] for row in cpo.get(f"{URL}?{query}").json()["results"]] == [other.pk]

    def test_come_as_csv(self, emsp):
        make_dispute(reason="=cmd()")

        text = b"".join(emsp.get(f"{URL}?format=csv")).decode()

        assert text.splitlines()[0].startswith("id,state,outcome")
        assert ",'=cmd()," in text

    def test_are_empty_for_a_stranger(self, stranger):
        dispute = make_dispute()

        assert stranger.get(URL).json()["results"] == []
        assert stranger.get(f"{URL}{dispute.pk}/").status_code == 404
        assert b"C1" not in b"".join(stranger.get(f"{URL}?format=csv"))

    def test_go_with_a_party_that_moves(self, cpo, stranger):
        make_dispute()
        Party.objects.filter(party_id="CPO").update(platform=Platform.objects.get(name="Somebody else"))

        assert cpo.get(URL).json()["count"] == 0
        assert stranger.get(URL).json()["count"] == 1


class TestFindings:
    def url(self, finding: Finding, step: str) -> str:
        return f"/api/partner/findings/{finding.pk}/{step}/"

    def test_are_explained_and_stay_open(self, cpo):
        finding = make_finding()

        answer = post(cpo, self.url(finding, "explain"), note="meter exchanged").json()

        assert (answer["state"], answer["note"]) == ("open", "meter exchanged")
        assert [(one["side"], one["after"], one["note"]) for one in answer["history"]] == [
            ("cpo", "open", "meter exchanged")
        ]

    def test_are_accepted_by_who_bears_the_cost(self, cpo, emsp):
        finding = make_finding()

        refused = post(cpo, self.url(finding, "accept"), note="fine for us")
        taken = post(emsp, self.url(finding, "accept"), note="we pay")

        assert (refused.status_code, taken.json()["state"]) == (409, "accepted")
        assert [one["side"] for one in taken.json()["history"]] == ["emsp"]

    def test_without_a_cdr_are_the_cpos_to_accept(self, cpo, emsp):
        finding = make_finding(cdr_key="", kind="session_without_cdr")

        assert post(emsp, self.url(finding, "accept"), note="x").status_code == 409
        assert post(cpo, self.url(finding, "accept"), note="not billed").status_code == 200

    def test_are_not_accepted_twice(self, emsp):
        finding = make_finding(state="accepted", closed_at=NOW)

        assert post(emsp, self.url(finding, "accept"), note="x").status_code == 409

    def test_are_disputed(self, emsp):
        store_disputed()
        finding = make_finding(cdr_key="c1")

        answer = post(emsp, self.url(finding, "dispute"), note="too much")

        assert (answer.status_code, answer.json()["finding"]) == (201, finding.pk)

    def test_are_disputed_with_both_scopes_only(self):
        client = make_partner_client(make_platform(), "findings:write", "findings:read")

        assert post(client, self.url(make_finding(), "dispute"), note="x").status_code == 403

    @pytest.mark.parametrize("step", ["explain", "accept", "dispute"])
    def test_are_nothing_to_a_stranger(self, stranger, step):
        store_disputed()
        finding = make_finding(cdr_key="c1")

        assert post(stranger, self.url(finding, step), note="x").status_code == 404
        finding.refresh_from_db()
        assert (finding.state, finding.note, Dispute.objects.count()) == ("open", "", 0)

    @pytest.mark.parametrize("step", ["explain", "accept", "dispute"])
    def test_need_a_note(self, emsp, step):
        assert post(emsp, self.url(make_finding(), step)).status_code == 400


class TestStaff:
    def test_opens_for_a_side_or_for_the_hub(self):
        store_disputed()

        answer = post(make_client(), "/api/disputes/", **BY_HAND)

        assert (answer.status_code, answer.json()["opener"]) == (201, "hub")
        assert answer.json()["entries"][0]["by"] == "tests"

    def test_decides_what_was_escalated(self):
        dispute = make_dispute(state="escalated", escalated_at=NOW)

        answer = post(make_client(), f"/api/disputes/{dispute.pk}/decide/", outcome="stands", text="the meter is right")

        assert (answer.json()["state"], answer.json()["is_holding"]) == ("decided", False)

    @pytest.mark.parametrize(
        ("step", "body", "status"),
        [
            ("message", {"text": "hello"}, 200),
            ("escalate", {"text": "now"}, 200),
            ("extend", {"due_at": "2099-01-01T00:00:00Z"}, 200),
            ("extend", {"due_at": "2020-01-01T00:00:00Z"}, 409),
            ("decide", {"outcome": "stands", "text": "x"}, 409),
            ("decide", {"outcome": "", "text": "x"}, 400),
            ("decide", {"outcome": "stands"}, 400),
            ("withdraw", {"text": "x"}, 409),
        ],
    )
    def test_steps(self, step, body, status):
        dispute = make_dispute()

        assert post(make_client(), f"/api/disputes/{dispute.pk}/{step}/", **body).status_code == status

    def test_cannot_judge_a_finding_in_dispute(self):
        finding = make_finding(state="disputed")
        make_dispute(finding=finding)

        answer = post(make_client(), f"/api/findings/{finding.pk}/judge/", state="closed")

        assert answer.status_code == 409

    def test_sees_who_judged(self):
        finding = make_finding()
        client = make_client()
        post(client, f"/api/findings/{finding.pk}/judge/", state="accepted", note="agreed")

        history = client.get(f"/api/findings/{finding.pk}/").json()["history"]

        assert [(one["by"], one["before"], one["after"]) for one in history] == [("tests", "open", "accepted")]


class TestRunByStaff:
    def test_finds_the_credit_that_came(self):
        store_disputed()
        dispute = make_dispute()
        store_credit_of_c1()

        answer = post(make_client(), "/api/disputes/run/")

        assert answer.json() == {"credited": 1, "replaced": 0, "reminded": 0, "escalated": 0}
        dispute.refresh_from_db()
        assert (dispute.state, dispute.credit_cdr_id) == ("credited", "C1-CREDIT")

    def test_is_not_for_readers(self):
        assert post(make_client("findings:read"), "/api/disputes/run/").status_code == 403
