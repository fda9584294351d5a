from __future__ import annotations

import pytest

from reconciliation.models import Finding
from tests.management.cast import make_client, make_finding
from tests.reconciliation.stored import store_cdr, store_session

pytestmark = pytest.mark.django_db


class TestFindings:
    @pytest.mark.parametrize(
        "query",
        [
            "party=de*cpx",
            "kind=session_billed_twice",
            "state=closed",
            "cdr_id=CDR9",
            "session_id=s9",
            "severity=flag",
        ],
    )
    def test_are_found(self, query):
        make_finding()
        other = make_finding(
            owner="decpx",
            kind="session_billed_twice",
            severity="flag",
            cdr_id="CDR9",
            cdr_key="cdr9",
            session_key="s9",
            state="closed",
            closed_at="2026-11-20T12:00:00Z",
        )

        page = make_client().get(f"/api/findings/?{query}").json()

        assert [found["id"] for found in page["results"]] == [other.pk]

    def test_say_what_differs(self):
        found = make_client().get(f"/api/findings/{make_finding().pk}/").json()

        assert (found["owner"], found["token_owner"]) == ("NL*CPO", "FR*MSP")
        assert (found["expected"], found["actual"]) == ("12.345", "12.999")

    @pytest.mark.parametrize(("state", "is_closed"), [("accepted", True), ("disputed", False), ("closed", True)])
    def test_are_judged(self, state, is_closed):
        finding = make_finding()

        response = make_client().post(f"/api/findings/{finding.pk}/judge/", {"state": state}, format="json")

        assert response.json()["state"] == state
        assert (Finding.objects.get().closed_at is not None) is is_closed

    def test_are_explained_by_the_hub_only(self):
        finding = make_finding()

        response = make_client().post(f"/api/findings/{finding.pk}/judge/", {"state": "explained"}, format="json")

        assert response.status_code == 400


class TestReconciliation:
    def test_counts(self):
        make_finding()

        totals = make_client().get("/api/reconciliation/").json()

        assert (totals["reconciled"], totals["pending"]) == (0, 0)
        assert {"party": "NL*CPO", "cdrs": 0, "reconciled": 0, "findings": 1} in totals["by_party"]

    def test_runs_now(self):
        client = make_client()

        assert client.post("/api/reconciliation/run/", {}, format="json").json() == {
            "reconciled": 0,
            "sessions_without_cdr": None,
        }
        assert client.post("/api/reconciliation/run/", {"older_than_seconds": 0}, format="json").json() == {
            "reconciled": 0,
            "sessions_without_cdr": 0,
        }

    def test_looks_at_everything_again(self):
        store_session()
        store_cdr()
        client = make_client()
        client.post("/api/reconciliation/run/", {}, format="json")

        again = client.post("/api/reconciliation/run/", {}, format="json").json()
        anew = client.post("/api/reconciliation/run/", {"from_beginning": True}, format="json").json()

        assert (again["reconciled"], anew["reconciled"]) == (0, 1)
