"""Disputes in the admin: what is shown, each button, and who may press it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from management.attention import get_notices
from parties.side_names import Side
from reconciliation.disputes import Actor, open_dispute
from reconciliation.models import Dispute
from tests.management.cast import NOW, make_finding
from tests.reconciliation.disputed import make_dispute, store_disputed

pytestmark = pytest.mark.django_db


def press(client: Client, dispute: Dispute, button: str, **data: str) -> str:
    url = reverse(f"admin:reconciliation_dispute_{button}", args=[dispute.pk])
    return client.post(url, data, follow=True).content.decode()


class TestDispute:
    def test_shows_conversation_and_evidence(self, staff):
        dispute = open_dispute(store_disputed(), actor=Actor(Side.EMSP, "Ms <b>"), reason="too <i>much", now=NOW)

        page = staff.get(reverse("admin:reconciliation_dispute_change", args=[dispute.pk])).content.decode()

        assert "Ms &lt;b&gt;" in page
        assert "too &lt;i&gt;much" in page
        assert "price, line by line".replace("price", "The price") in page

    @pytest.mark.parametrize(
        ("state", "offered"),
        [
            ("open", {"write", "extend", "escalate", "withdraw"}),
            ("escalated", {"write", "decide", "withdraw"}),
            ("decided", {"write"}),
            ("credited", set()),
        ],
    )
    def test_offers_what_can_be_done_with_it(self, staff, state, offered):
        is_live = state in ("open", "escalated")
        dispute = make_dispute(state=state, is_holding=is_live, outcome="" if is_live else "stands")
        buttons = ("write", "decide", "extend", "escalate", "withdraw")

        page = staff.get(reverse("admin:reconciliation_dispute_change", args=[dispute.pk])).content.decode()

        links = {button: reverse(f"admin:reconciliation_dispute_{button}", args=[dispute.pk]) for button in buttons}
        assert {button for button, link in links.items() if link in page} == offered

    def test_leads_to_what_it_is_about(self, staff):
        cdr = store_disputed()
        dispute = open_dispute(cdr, actor=Actor(Side.EMSP, "one"), reason="too much", now=NOW)

        page = staff.get(reverse("admin:reconciliation_dispute_change", args=[dispute.pk])).content.decode()

        assert reverse("admin:cdrs_cdr_change", args=[cdr.pk]) in page
        assert reverse("admin:reconciliation_rating_cdr", args=[cdr.pk]) in page
        assert "/admin/charging_sessions/session/" in page.split("Look at")[1]

    @pytest.mark.parametrize(
        ("button", "data", "before", "after"),
        [
            ("write", {}, "open", "open"),
            ("escalate", {}, "open", "escalated"),
            ("decide", {"outcome": "stands"}, "escalated", "decided"),
            ("extend", {"due_at_0": "2099-01-01", "due_at_1": "00:00"}, "open", "open"),
        ],
    )
    def test_is_moved_by(self, staff, button, data, before, after):
        dispute = make_dispute(state=before)

        page = press(staff, dispute, button, text="for good reasons", **data)

        dispute.refresh_from_db()
        assert dispute.state == after
        assert dispute.entries.get().by == "root"
        assert "for good reasons" in page

    def test_says_why_not(self, staff):
        dispute = make_dispute()

        page = press(staff, dispute, "withdraw", text="x")

        dispute.refresh_from_db()
        assert dispute.state == "open"
        assert "only the eMSP can" in page

    def test_is_for_those_who_may(self, client):
        viewer = User.objects.create(username="viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_dispute"))
        client.force_login(viewer)

        url = reverse("admin:reconciliation_dispute_escalate", args=[make_dispute().pk])

        assert client.post(url, {"text": "x"}).status_code == 403


class TestFinding:
    def open_from(self, client: Client, finding: Any) -> str:
        url = reverse("admin:reconciliation_finding_open_dispute", args=[finding.pk])
        return client.post(url, {"side": "emsp", "text": "too much"}, follow=True).content.decode()

    def test_opens_a_dispute(self, staff):
        store_disputed()

        finding = make_finding(cdr_key="c1")

        self.open_from(staff, finding)

        finding.refresh_from_db()
        assert (finding.disputes.get().opener, finding.state) == ("emsp", "disputed")

    def test_opens_none_without_a_cdr(self, staff):
        finding = make_finding(cdr_key="")

        assert "nothing to dispute" in self.open_from(staff, finding)
        assert not Dispute.objects.exists()

    def test_says_so_before_anything_is_filled_in(self, staff):
        url = reverse("admin:reconciliation_finding_open_dispute", args=[make_finding(cdr_key="").pk])

        assert "nothing to dispute" in staff.get(url).content.decode()


class TestDashboard:
    def test_names_what_waits_for_the_hub_and_credits_that_are_owed(self):
        make_dispute(cdr_key="c1", state="escalated")
        make_dispute(cdr_key="c2", cdr_id="C2", state="accepted", outcome="falls", due_at=NOW)
        make_dispute(cdr_key="c3", cdr_id="C3", state="accepted", outcome="falls", due_at=NOW + timedelta(days=1))

        texts = [notice.text for notice in get_notices(may_see=lambda model: True, lags={}, now=NOW)]

        assert any("1 dispute waits" in text for text in texts)
        assert [text for text in texts if "not credited" in text] == [
            "CDR C2 fell in a dispute and is not credited: it was due 2026-11-20."
        ]
