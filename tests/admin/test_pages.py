"""Every registered page answers, to staff only; what is read-only stays so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse

from alerts.models import Alert
from charging_profiles.models import Setting
from commands.models import Reservation
from forwarding.models import DeadLetter, Lane
from journal.models import PullRequest
from management.models import LogCall, LogEvent, StaffToken
from parties.models import DetectedQuirk, Endpoint, Party
from reconciliation.models import Rating
from tests.admin.stored import CONTRACT, store_one_of_each
from tests.invoicing.issued import store_invoiced
from tests.management.cast import (
    NOW,
    OUR_TOKEN,
    UID,
    log_call,
    log_event,
    make_agreement,
    make_behind,
    make_clock,
    make_dead_letter,
    make_finding,
    make_lane,
    make_mandate,
    make_partner_token,
    make_platform,
)
from tests.reconciliation.disputed import make_dispute
from tests.settlement.settled import store_settled

pytestmark = pytest.mark.django_db

READ_ONLY = {
    "agreements_agreement",
    "agreements_mandate",
    "alerts_alert",
    "cdrs_cdr",
    "charging_profiles_setting",
    "charging_sessions_session",
    "commands_reservation",
    "forwarding_deadletter",
    "forwarding_lane",
    "invoicing_blocked",
    "invoicing_invoice",
    "journal_pullrequest",
    "locations_location",
    "management_logcall",
    "management_logevent",
    "parties_detectedquirk",
    "parties_endpoint",
    "reconciliation_dispute",
    "reconciliation_finding",
    "reconciliation_rating",
    "settlement_closing",
    "settlement_exchangerate",
    "settlement_feeline",
    "settlement_line",
    "settlement_statement",
    "tariffs_tariff",
    "tokens_token",
}
EDITABLE = {
    "auth_group",
    "auth_user",
    "invoicing_issuer",
    "management_partnertoken",
    "management_stafftoken",
    "parties_party",
    "parties_partybehind",
    "parties_platform",
    "reconciliation_cdrclock",
    "settlement_company",
    "settlement_terms",
    "settlement_vatrate",
}
ALL = sorted(READ_ONLY | EDITABLE)
WITHOUT_SEARCH = {"parties_detectedquirk"}  # a handful of rows, with filters
SEARCHES = {
    "agreements_agreement": "fr*msp",
    "agreements_mandate": "fr*msp",
    "alerts_alert": "did not take",
    "cdrs_cdr": "NL*CPO cdr1",
    "reconciliation_rating": "NL*CPO cdr1",
    "charging_profiles_setting": "s1",
    "charging_sessions_session": "S1",
    "commands_reservation": "r1",
    "forwarding_deadletter": "corr-1",
    "forwarding_lane": "Charge",
    "invoicing_blocked": "decpx-itmsp-nl-eur-2026-11",
    "invoicing_invoice": "DE*CPX decpx2027-000001",
    "invoicing_issuer": "DE*CPX",
    "journal_pullrequest": "nlcpo",
    "locations_location": "NL*CPO utrecht",
    "management_logcall": "req-1",
    "management_logevent": "corr-1",
    "management_partnertoken": "partner",
    "management_stafftoken": "tests",
    "parties_endpoint": "locations",
    "parties_party": "CPO",
    "parties_partybehind": "R4E",
    "parties_platform": "CPO",
    "reconciliation_cdrclock": "nlcpo",
    "reconciliation_dispute": "C1 NL*CPO",
    "reconciliation_finding": "CDR1 NL*CPO",
    "settlement_closing": "decpx",
    "settlement_company": "NL*CPO",
    "settlement_exchangerate": "usd",
    "settlement_feeline": "DE*CPX IT*MSP",
    "settlement_line": "SETTLED1",
    "settlement_statement": "decpx-itmsp-nl-eur-2026-11",
    "settlement_terms": "NL*CPO FR*MSP",
    "settlement_vatrate": "mt",
    "tariffs_tariff": "tar1",
    "tokens_token": UID,
    "auth_user": "root",
    "auth_group": "staff",
}


def url_of(name: str, page: str, *args: object) -> str:
    return reverse(f"admin:{name}_{page}", args=args)


@pytest.fixture
def rows() -> dict[str, Any]:
    """The key of one row of every registered model."""
    platform = make_platform()
    token, _ = StaffToken.issue(name="tests", scopes=["all"], now=NOW)
    return {name: obj.pk for name, obj in store_one_of_each().items()} | {
        "agreements_agreement": make_agreement().pk,
        "agreements_mandate": make_mandate().pk,
        "alerts_alert": Alert.objects.create(
            kind="dead_letters",
            severity="warning",
            title="it did not take 1 object",
            first_seen_at=NOW,
            last_seen_at=NOW,
            opened_at=NOW,
        ).pk,
        "charging_profiles_setting": Setting.objects.create(
            token="t1", receiver="nlcpo", session_key="s1", sender="frmsp", asked_at=NOW
        ).pk,
        "commands_reservation": Reservation.objects.create(
            token="t1", requester="frmsp", reservation_key="r1", receiver="nlcpo", asked_at=NOW
        ).pk,
        "reconciliation_rating": Rating.objects.create(
            owner="nlcpo",
            cdr_key="cdr1",
            verdict="match",
            engine_version="1",
            policy="12345678",
            changed_at=NOW,
            rated_at=NOW,
        ).pk,
        "parties_detectedquirk": DetectedQuirk.objects.create(
            platform=platform, quirk="no_patch", count=1, first_seen_at=NOW, last_seen_at=NOW, example="PATCH: 405"
        ).pk,
        "auth_group": Group.objects.create(name="staff").pk,
        "auth_user": User.objects.create_user("somebody").pk,
        "forwarding_deadletter": make_dead_letter(platform).pk,
        "forwarding_lane": make_lane(platform).pk,
        "journal_pullrequest": PullRequest.objects.create(
            platform=platform.pk, party="nlcpo", module="locations", reason="STAFF", requested_at=NOW, due_at=NOW
        ).pk,
        "management_logcall": log_call(platform=platform.pk),
        "management_logevent": log_event(),
        "management_partnertoken": make_partner_token(platform, name="partner")[0].pk,
        "management_stafftoken": token.pk,
        "parties_endpoint": Endpoint.objects.get().pk,
        "parties_party": Party.objects.get().pk,
        "parties_partybehind": make_behind(platform).pk,
        "parties_platform": platform.pk,
        "reconciliation_cdrclock": make_clock().pk,
        "reconciliation_dispute": make_dispute().pk,
        "reconciliation_finding": make_finding().pk,
        **(settled := store_settled()),
        **store_invoiced(settled["settlement_statement"]),
    }


class TestEveryPage:
    def test_is_listed_here(self):
        registered = {f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry}

        assert registered == READ_ONLY | EDITABLE

    @pytest.mark.parametrize("name", ALL)
    def test_lists(self, staff, rows, name):
        page = staff.get(url_of(name, "changelist"))

        assert page.status_code == 200
        assert page.context["cl"].result_count >= 1

    @pytest.mark.parametrize("name", ALL)
    def test_shows_one(self, staff, rows, name):
        assert staff.get(url_of(name, "change", rows[name])).status_code == 200

    @pytest.mark.parametrize("name", sorted(set(ALL) - WITHOUT_SEARCH))
    def test_finds_what_is_searched_and_nothing_else(self, staff, rows, name):
        def search(text):
            return staff.get(url_of(name, "changelist"), {"q": text}).context["cl"].result_count

        assert search(SEARCHES[name]) == 1
        assert search("nothing-of-this-name") == 0

    @pytest.mark.parametrize("name", ALL)
    def test_is_closed_to_anonymous_people(self, client, rows, name):
        for url in (url_of(name, "changelist"), url_of(name, "change", rows[name])):
            answer = client.get(url)

            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("name", ALL)
    def test_is_closed_to_staff_without_permission(self, client, rows, name):
        client.force_login(User.objects.create_user("intern", is_staff=True))

        assert client.get(url_of(name, "changelist")).status_code == 403

    @pytest.mark.parametrize("name", sorted(READ_ONLY))
    def test_can_only_be_looked_at(self, staff, rows, name):
        assert staff.get(url_of(name, "add")).status_code == 403
        assert staff.post(url_of(name, "change", rows[name]), {"note": "x"}).status_code == 403
        assert staff.post(url_of(name, "delete", rows[name]), {"post": "yes"}).status_code == 403
        assert not LogEntry.objects.exists()

    def test_of_a_platform_cannot_be_deleted(self, staff, rows):
        assert staff.post(url_of("parties_platform", "delete", rows["parties_platform"])).status_code == 403


class TestSecrets:
    def test_are_on_no_page_of_a_platform(self, staff, rows):
        platform = Party.objects.get().platform
        platform.token_a_digest = "a-digest-that-must-not-be-shown"
        platform.save()

        for url in (url_of("parties_platform", "changelist"), url_of("parties_platform", "change", platform.pk)):
            text = staff.get(url).content.decode()
            assert OUR_TOKEN not in text
            assert platform.token_in_digest not in text
            assert platform.token_a_digest not in text

    def test_are_on_no_page_of_a_staff_token(self, staff, rows):
        token = StaffToken.objects.get()

        text = staff.get(url_of("management_stafftoken", "change", token.pk)).content.decode()

        assert token.digest not in text


class TestPersonalData:
    @pytest.mark.parametrize("name", ["tokens_token", "forwarding_deadletter", "management_logevent"])
    def test_is_masked_in_lists(self, staff, rows, name):
        text = staff.get(url_of(name, "changelist")).content.decode()

        assert UID not in text
        assert UID.lower() not in text
        assert CONTRACT not in text
        assert "…L89" in text

    def test_is_found_by_the_whole_of_it_only(self, staff, rows):
        def search(text):
            return staff.get(url_of("tokens_token", "changelist"), {"q": text}).context["cl"].result_count

        assert (search(UID.lower()), search(CONTRACT), search(UID[:-1])) == (1, 1, 0)


class TestDocuments:
    @pytest.mark.parametrize(
        ("name", "text"), [("cdrs_cdr", "12.3450"), ("tariffs_tariff", "0.250"), ("management_logevent", "1.500")]
    )
    def test_keep_the_text_of_their_numbers(self, staff, rows, name, text):
        assert text in staff.get(url_of(name, "change", rows[name])).content.decode()

    def test_cannot_smuggle_markup(self, staff, rows):
        location = store_script()

        text = staff.get(url_of("locations_location", "change", location)).content.decode()

        assert "<script>alert(1)" not in text

    def test_that_were_deleted_are_out_of_the_list(self, staff, rows):
        from locations.models import Location

        Location.objects.update(deleted_at=NOW)
        url = url_of("locations_location", "changelist")

        assert staff.get(url).context["cl"].result_count == 0
        assert staff.get(url, {"deleted": "yes"}).context["cl"].result_count == 1


def store_script() -> int:
    from locations.models import Location

    location = Location.objects.get()
    location.pk = None
    location.object_key = "loc2"
    location.document = '{"name":"<script>alert(1)</script>"}'
    location.save()
    return location.pk


class TestLogs:
    @pytest.mark.parametrize(("name", "model"), [("management_logcall", LogCall), ("management_logevent", LogEvent)])
    def test_are_never_counted_when_they_are_huge(
        self, staff, rows, name, model, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr("parties.paging._get_estimate", lambda table: 987_654_321)

        with django_assert_max_num_queries(12) as captured:
            page = staff.get(url_of(name, "changelist"))

        assert page.context["cl"].result_count == 987_654_321
        assert not [
            query
            for query in captured.captured_queries
            if f'COUNT(*) AS "__count" FROM "{model._meta.db_table}"' in query["sql"]
        ]

    def test_calls_name_both_ends_and_the_object_in_few_columns(self, staff, rows):
        long_id = "a-very-long-id-that-would-push-others-out-of-sight"
        LogCall.objects.update(object_id=long_id)

        text = staff.get(url_of("management_logcall", "changelist")).content.decode()

        assert "NL*CPO → FR*MSP" in text
        assert re.search(rf'journey/\?id=corr-1"[^>]*><span class="hub-short" title="PUT locations/{long_id}">', text)
        assert 'in <span class="hub-short" title="Charge Co">' in text

    @pytest.mark.parametrize("name", ["management_logcall", "management_logevent"])
    def test_offer_no_order_but_that_of_time(self, staff, rows, name):
        text = staff.get(url_of(name, "changelist")).content.decode()

        assert re.findall(r"sortable column-(\w+)", text) == ["at"]

    @pytest.mark.parametrize(
        "query", [{"outcome": "accepted"}, {"module": "locations"}, {"leg__exact": "in"}, {"q": "NL*CPO"}]
    )
    def test_calls_are_filtered(self, staff, rows, query):
        log_call(status_code=2001, module="tariffs", leg="out", sender="decpx", receiver="itmsx")

        page = staff.get(url_of("management_logcall", "changelist"), query)

        assert page.context["cl"].result_count == 1

    @pytest.mark.parametrize(
        ("name", "text"), [("management_logcall", "loc1"), ("management_logevent", f"tokens:frmsp:{UID}")]
    )
    def test_are_searched_for_an_object_without_case(self, staff, rows, name, text):
        """TRANS-40."""
        assert staff.get(url_of(name, "changelist"), {"q": text}).context["cl"].result_count == 1

    def test_calls_are_filtered_by_date(self, staff, rows):
        url = url_of("management_logcall", "changelist")

        def count(day):
            return staff.get(url, {"at_from_0": day}).context["cl"].result_count

        assert (count("2026-11-20"), count("2026-11-21")) == (1, 0)


class TestPermissions:
    def test_to_look_is_not_to_act(self, client, rows):
        """Somebody who may view platforms gets no button that changes one."""
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        client.force_login(viewer)
        platform, agreement = rows["parties_platform"], rows["agreements_agreement"]

        assert client.get(url_of("parties_platform", "change", platform)).status_code == 200
        for action in ("issue_token_a", "register_now", "rotate_tokens", "update_connection", "suspend_platform"):
            assert client.post(reverse(f"admin:parties_platform_{action}", args=[platform])).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_end_now", args=[agreement])).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_enter")).status_code == 403
        assert client.post(reverse("admin:agreements_agreement_import_csv")).status_code == 403
        token = rows["management_stafftoken"]
        assert client.post(reverse("admin:management_stafftoken_revoke", args=[token])).status_code == 403
        assert client.get(reverse("admin:management_stafftoken_add")).status_code == 403
        Lane.objects.update(retry_at=NOW)
        for name, deed in (("forwarding_lane", "retry_now"), ("forwarding_deadletter", "close_selected")):
            client.post(url_of(name, "changelist"), {"action": deed, "_selected_action": [rows[name]]})
        assert not LogEntry.objects.exists()
        assert StaffToken.objects.get().revoked_at is None
        assert Lane.objects.get().retry_at == NOW
        assert DeadLetter.objects.get().closed_at is None

    def test_of_looking_alone_leads_to_no_deed_in_any_list(self, rf):
        viewer = User.objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        request = rf.get("/admin/")
        request.user = viewer

        offered = {model.__name__: list(page.get_actions(request)) for model, page in admin.site._registry.items()}

        assert {name: deeds for name, deeds in offered.items() if deeds} == {}
