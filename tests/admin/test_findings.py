"""Findings are judged in the admin, with a note; objects show there what is odd about them."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from cdrs.models import Cdr
from reconciliation.models import Finding
from tests.management.cast import make_finding
from tests.reconciliation.stored import store_cdr

pytestmark = pytest.mark.django_db


def press(client: Client, finding: Finding, button: str, **data: str) -> str:
    answer = client.post(reverse(f"admin:reconciliation_finding_{button}", args=[finding.pk]), data, follow=True)
    return answer.content.decode()


def get_offered(client: Client, finding: Finding) -> set[str]:
    page = client.get(reverse("admin:reconciliation_finding_change", args=[finding.pk])).content.decode()
    buttons = ("accept", "explain", "dispute", "open_dispute", "reopen")
    links = {button: reverse(f"admin:reconciliation_finding_{button}", args=[finding.pk]) for button in buttons}
    return {button for button, link in links.items() if f'"{link}"' in page}


class TestFindings:
    @pytest.mark.parametrize(
        ("button", "state", "is_closed"),
        [("accept", "accepted", True), ("explain", "closed", True), ("dispute", "disputed", False)],
    )
    def test_are_judged_with_a_note(self, staff, button, state, is_closed):
        finding = make_finding()

        page = press(staff, finding, button, note="agreed by telephone")

        finding.refresh_from_db()
        assert (finding.state, finding.note, finding.closed_at is not None) == (state, "agreed by telephone", is_closed)
        assert "agreed by telephone" in page
        assert "agreed by telephone" in LogEntry.objects.get().change_message

    @pytest.mark.parametrize(
        ("state", "offered"),
        [("open", {"accept", "explain", "dispute", "open_dispute"}), ("closed", {"reopen"})],
    )
    def test_offer_what_may_become_of_them(self, staff, state, offered):
        store_cdr("cdr1")
        finding = make_finding(state=state, closed_at=None if state == "open" else "2026-11-20T12:00:00Z")

        assert get_offered(staff, finding) == offered

    @pytest.mark.parametrize(
        "columns", [{"kind": "session_without_cdr", "cdr_key": "", "cdr_id": ""}, {"kind": "unknown_to_cpo"}]
    )
    def test_offer_no_dispute_without_a_cdr(self, staff, columns):
        finding = make_finding(**columns)

        assert get_offered(staff, finding) == {"accept", "explain", "dispute"}

    def test_are_not_judged_without_one(self, staff):
        finding = make_finding()

        press(staff, finding, "accept", note="")

        finding.refresh_from_db()
        assert finding.state == "open"

    def test_open_again(self, staff):
        finding = make_finding()
        press(staff, finding, "accept", note="fine")

        press(staff, finding, "reopen", note="not fine")

        finding.refresh_from_db()
        assert (finding.state, finding.note, finding.closed_at) == ("open", "not fine", None)

    def test_are_for_those_who_may(self, client):
        viewer = User.objects.create(username="viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_finding"))
        client.force_login(viewer)
        finding = make_finding()

        answer = client.post(reverse("admin:reconciliation_finding_accept", args=[finding.pk]), {"note": "x"})

        assert answer.status_code == 403


def test_flags_are_on_the_page_of_their_object(staff):
    cdr: Cdr = store_cdr(flags="total_cost: is negative\nend_date_time: is unknown")

    page = staff.get(reverse("admin:cdrs_cdr_change", args=[cdr.pk])).content.decode()

    assert "total_cost: is negative" in page
    assert "end_date_time: is unknown" in page
