"""What is told to a partner about a bill of its own says nothing of people and of bills that are not."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from reconciliation.models import Finding
from tests.management.cast import make_client, make_finding, make_partner_client, make_platform
from tests.reconciliation.disputed import make_dispute
from tests.reconciliation.stored import store_cdr

pytestmark = pytest.mark.django_db

FINDINGS, DISPUTES = "/api/partner/findings/", "/api/partner/disputes/"


@pytest.fixture
def cpo() -> APIClient:
    return make_partner_client(make_platform(), name="CPO's accounts")


@pytest.fixture
def emsp() -> APIClient:
    return make_partner_client(make_platform("Mobility Co", party="FR*MSP", role="EMSP"), name="eMSP's accounts")


def post(client: APIClient, url: str, **body: Any) -> Any:
    return client.post(url, body, format="json").json()


class TestNames:
    """Of accounts and tokens: each reads its own."""

    def test_in_a_conversation(self, cpo: APIClient, emsp: APIClient):
        dispute = make_dispute()
        post(cpo, f"{DISPUTES}{dispute.pk}/message/", text="hello")
        post(make_client(name="jane.doe"), f"/api/disputes/{dispute.pk}/message/", text="good morning")

        shown = post(emsp, f"{DISPUTES}{dispute.pk}/message/", text="hello")
        later = cpo.get(f"{DISPUTES}{dispute.pk}/").json()

        assert [(one["side"], one["by"]) for one in shown["entries"]] == [
            ("cpo", ""),
            ("hub", ""),
            ("emsp", "eMSP's accounts"),
        ]
        assert [one["by"] for one in later["entries"]] == ["CPO's accounts", "", ""]

    def test_in_a_findings_history(self, cpo: APIClient, emsp: APIClient):
        url = f"{FINDINGS}{make_finding().pk}/"
        post(make_client(name="jane.doe"), url.replace("/partner", "") + "judge/", state="closed", note="looked at")
        post(make_client(name="john.doe"), url.replace("/partner", "") + "judge/", state="open", note="looked at again")

        shown = post(emsp, f"{url}explain/", note="we are sorry")

        assert [one["by"] for one in shown["history"]] == ["", "", "eMSP's accounts"]
        assert [one["by"] for one in cpo.get(url).json()["history"]] == ["", "", ""]


class TestOtherCdr:
    """Of a finding that names two."""

    WORDS = "CDR C1 bills an EVSE at a time for which CDR {} billed it too."

    def overlap(self, *, with_one_of: str) -> Finding:
        store_cdr("c1")
        store_cdr("c2", token_owner=with_one_of)
        return make_finding(
            kind="overlaps_other_cdr_on_evse",
            severity="flag",
            path="/cdr_location/evse_uid",
            cdr_id="C1",
            cdr_key="c1",
            expected="C2",
            actual="C1",
            message=self.WORDS.format("C2"),
        )

    def read(self, client: APIClient) -> tuple[str, str]:
        (shown,) = client.get(FINDINGS).json()["results"]
        again = client.get(f"{FINDINGS}{shown['id']}/").json()
        assert (again["expected"], again["message"]) == (shown["expected"], shown["message"])
        return shown["expected"], shown["message"]

    def test_for_another_emsp_is_for_its_cpo_to_know(self, cpo: APIClient, emsp: APIClient):
        finding = self.overlap(with_one_of="itmsx")

        assert self.read(emsp) == ("", self.WORDS.format("(of another eMSP)"))
        assert self.read(cpo) == ("C2", self.WORDS.format("C2"))
        assert "C2" not in str(post(emsp, f"{FINDINGS}{finding.pk}/explain/", note="not ours"))
        assert b"C2" not in b"".join(emsp.get(f"{FINDINGS}?format=csv"))

    def test_for_the_same_emsp_is_named(self, emsp: APIClient):
        self.overlap(with_one_of="frmsp")

        assert self.read(emsp) == ("C2", self.WORDS.format("C2"))

    def test_that_finding_names_none_stays_as_it_is(self, emsp: APIClient):
        make_finding()

        assert self.read(emsp) == ("12.345", "The CDR bills 12.999 kWh, the session says 12.345.")
