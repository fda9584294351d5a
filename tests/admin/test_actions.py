"""What staff can do from the admin: every button and every action, the handshake with the partner faked."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from lxml import html
from rest_framework.test import APIClient

from agreements.models import Agreement
from forwarding import resend as resending
from forwarding.models import DeadLetter
from management.models import StaffToken
from ocpi.errors import UnableToUseClientApi
from parties import handshake
from parties.models import DetectedQuirk, Party, Platform
from parties.quirks import Quirk
from parties.secrets import token_digest
from tests.management.cast import NOW, make_agreement, make_dead_letter, make_lane, make_platform, make_staff

pytestmark = pytest.mark.django_db

NO_PARTIES = {"parties-TOTAL_FORMS": "0", "parties-INITIAL_FORMS": "0"}
CPO = {
    "parties-TOTAL_FORMS": "1",
    "parties-INITIAL_FORMS": "0",
    "parties-0-country_code": "NL",
    "parties-0-party_id": "CPO",
    "parties-0-role": "CPO",
    "parties-0-name": "Charge Co",
    "parties-0-is_active": "on",
}
ENDPOINTS = {"endpoints-TOTAL_FORMS": "0", "endpoints-INITIAL_FORMS": "0"}


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


def press(client, platform, button, **data):
    return client.post(reverse(f"admin:parties_platform_{button}", args=[platform.pk]), data)


def add_platform(client, **changes):
    form = {"name": "Charge Co", "max_in_flight": "64"} | CPO | changes
    return client.post(reverse("admin:parties_platform_add"), form)


class TestNewPartner:
    def test_gets_a_token_a_that_is_shown_once(self, staff, settings):
        answer = add_platform(staff)

        platform = Platform.objects.get()
        token_a = dict(answer.context["secrets"])["Token A"]
        text = answer.content.decode()
        assert platform.token_a_digest == token_digest(token_a)
        assert token_a in text
        assert f"{settings.HUB_PUBLIC_URL}/ocpi/versions" in text
        assert "no-store" in answer.headers["Cache-Control"]
        assert str(platform.parties.get()) == "NL*CPO CPO"
        assert token_a not in staff.get(reverse("admin:parties_platform_change", args=[platform.pk])).content.decode()
        assert token_a not in str(Platform.objects.values().get()) + str(list(LogEntry.objects.values()))

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"parties-0-party_id": "C-O"}, "is not a party"),
            ({"parties-0-party_id": "HUB"}, "the hub itself"),
            ({"name": "Old Co"}, "already exists"),
        ],
    )
    def test_must_make_sense(self, staff, changes, says):
        make_platform("Old Co", party="DE*CPX")

        answer = add_platform(staff, **changes)

        assert says in answer.content.decode()
        assert Platform.objects.count() == 1

    def test_cannot_take_a_party_of_another_platform(self, staff):
        make_platform("Old Co", party="nl*cpo")

        answer = add_platform(staff)

        assert answer.status_code == 200
        assert Platform.objects.count() == 1

    def test_cannot_name_a_party_twice(self, staff):
        twice = {name.replace("-0-", "-1-"): value for name, value in CPO.items() if "-0-" in name}

        answer = add_platform(staff, **twice, **{"parties-TOTAL_FORMS": "2"})

        assert "named twice" in answer.content.decode()
        assert not Platform.objects.exists()


class TestPlatformButtons:
    def test_ask_before_they_act(self, staff):
        platform = make_platform(state=Platform.State.PLANNED)
        before = Platform.objects.values().get()

        for button in ("issue_token_a", "register_now", "suspend_platform"):
            page = staff.get(reverse(f"admin:parties_platform_{button}", args=[platform.pk]))
            assert page.status_code == 200
            assert "csrfmiddlewaretoken" in page.content.decode()

        assert Platform.objects.values().get() == before

    def test_refuse_forged_posts(self):
        platform = make_platform()
        client = Client(enforce_csrf_checks=True)
        client.force_login(make_staff())

        assert press(client, platform, "suspend_platform").status_code == 403
        assert Platform.objects.get().state == Platform.State.REGISTERED

    def test_issue_a_fresh_token_a(self, staff):
        platform = make_platform(state=Platform.State.SUSPENDED, token_a_digest="old")

        answer = press(staff, platform, "issue_token_a")

        token_a = dict(answer.context["secrets"])["Token A"]
        assert Platform.objects.get().token_a_digest == token_digest(token_a)

    def test_issue_one_to_a_registered_platform_that_keeps_its_tokens_meanwhile(self, staff):  # CRED-06
        platform = make_platform()

        press(staff, platform, "issue_token_a")

        fresh = Platform.objects.get()
        assert fresh.token_a_digest != ""
        assert (fresh.state, fresh.token_in_digest) == (Platform.State.REGISTERED, platform.token_in_digest)

    def test_update_the_connection(self, staff, monkeypatch):  # CRED-26, VERS-10
        calls = []
        monkeypatch.setattr(handshake, "rotate", lambda platform, **terms: calls.append(platform.pk))
        platform = make_platform()

        page = staff.get(reverse("admin:parties_platform_update_connection", args=[platform.pk]))
        asked = list(calls)
        press(staff, platform, "update_connection")
        select(staff, "parties_platform", "update_selected", platform)

        assert "csrfmiddlewaretoken" in page.content.decode()
        assert asked == []
        assert calls == [platform.pk] * 2

    def test_register_now(self, staff, monkeypatch):
        calls = []
        monkeypatch.setattr(handshake, "register_at", lambda platform, **terms: calls.append(terms))
        platform = make_platform(state=Platform.State.PLANNED)

        answer = press(
            staff, platform, "register_now", versions_url="https://cpo.example.com/versions", token_a="their-a"
        )

        assert answer.status_code == 302
        assert (calls[0]["versions_url"], calls[0]["token_a"]) == ("https://cpo.example.com/versions", "their-a")
        assert "their-a" not in str(list(LogEntry.objects.values()))

    def test_tell_why_registration_failed(self, staff, monkeypatch):
        def fail(platform, **terms):
            raise UnableToUseClientApi("GET versions answered 404")

        monkeypatch.setattr(handshake, "register_at", fail)

        answer = press(
            staff, make_platform(), "register_now", versions_url="https://cpo.example.com/versions", token_a="their-a"
        )

        assert "GET versions answered 404" in answer.content.decode()
        assert "their-a" not in answer.content.decode()

    @pytest.mark.parametrize(("data", "compromised"), [({}, False), ({"compromised": "on"}, True)])
    def test_rotate(self, staff, monkeypatch, data, compromised):
        calls = []
        monkeypatch.setattr(handshake, "rotate", lambda platform, **terms: calls.append(terms["compromised"]))

        answer = press(staff, make_platform(), "rotate_tokens", **data)

        assert answer.status_code == 302
        assert calls == [compromised]

    def test_suspend(self, staff):
        platform = make_platform()

        press(staff, platform, "suspend_platform", confirmed="yes")

        platform = Platform.objects.get()
        assert platform.state == Platform.State.SUSPENDED
        assert platform.token_in_digest == ""
        assert "suspended" in LogEntry.objects.get().get_change_message()


class TestChangingAPlatform:
    def test_keeps_what_the_handshake_stored_meanwhile(self, staff):
        platform = make_platform()
        party = platform.parties.get()
        form = {"name": "New name", "max_in_flight": "5", "is_online": "", "state": "SUSPENDED"} | ENDPOINTS
        form |= {"pull_schedule": "{}", "pull_full_hours": "168"}
        form |= {name.replace("is_active", "is_active"): value for name, value in CPO.items()}
        form |= {"parties-INITIAL_FORMS": "1", "parties-0-id": str(party.pk), "parties-0-platform": str(platform.pk)}
        form |= {"endpoints-TOTAL_FORMS": "1", "endpoints-INITIAL_FORMS": "1"}
        form |= {"endpoints-0-id": str(platform.endpoints.get().pk), "endpoints-0-platform": str(platform.pk)}

        answer = staff.post(reverse("admin:parties_platform_change", args=[platform.pk]), form)

        changed = Platform.objects.get()
        assert answer.status_code == 302
        assert (changed.name, changed.max_in_flight) == ("New name", 5)
        assert (changed.state, changed.is_online) == (Platform.State.REGISTERED, True)
        assert changed.token_in_digest == platform.token_in_digest

    def test_writes_only_what_was_changed_on_the_page(self, staff):
        """Two people have it open, and the partner goes on: nobody undoes what the others did."""
        platform = make_platform()
        url = reverse("admin:parties_platform_change", args=[platform.pk])
        early = read_form(staff.get(url))
        Platform.objects.filter(pk=platform.pk).update(rate_limit=50, takes_no_patch=True)
        Party.objects.update(is_active=False)

        answer = staff.post(url, early | {"max_in_flight": "32", "parties-0-name": "Renamed"})

        assert answer.status_code == 302
        changed, party = Platform.objects.get(), Party.objects.get()
        assert (changed.max_in_flight, changed.rate_limit, changed.takes_no_patch) == (32, 50, True)
        assert (party.name, party.is_active) == ("Renamed", False)

    def test_leaves_a_party_alone_that_was_moved_meanwhile(self, staff):
        platform, other = make_platform(), make_platform("Other", party="NL*OTH")
        url = reverse("admin:parties_party_change", args=[platform.parties.get().pk])
        early = read_form(staff.get(url))
        Party.objects.filter(platform=platform).update(platform=other)

        staff.post(url, early | {"name": "Renamed"})

        assert Party.objects.get(name="Renamed").platform == other


def read_form(page) -> dict[str, str]:
    """What a browser would send of it, untouched."""
    (form,) = [one for one in html.fromstring(page.content).forms if one.get("id", "").endswith("_form")]
    return {name: value for name, value in form.form_values() if not name.startswith("_")}


class TestAgreements:
    FORM = {
        "provider": "NL*CPO",
        "consumer": "fr-msp",
        "modules": ["locations", "cdrs"],
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
        "delivery": "relay",
        "delivery_cdrs": "store_and_forward",
    }

    def enter(self, client, **changes):
        return client.post(reverse("admin:agreements_agreement_enter"), self.FORM | changes)

    def test_are_entered(self, staff):
        answer = self.enter(staff)

        agreement = Agreement.objects.get()
        assert answer.status_code == 302
        assert (str(agreement.provider), agreement.consumer.key) == ("NL*CPO", "frmsp")
        assert agreement.delivery_by_module == {"cdrs": "store_and_forward"}

    def test_are_asked_for_with_an_example_of_each_side(self, staff):
        page = staff.get(reverse("admin:agreements_agreement_enter")).content.decode()

        assert 'placeholder="NL*CPO"' in page
        assert 'placeholder="FR*MSP"' in page

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"provider": "x"}, "is not a party"),
            ({"consumer": "NL*CPO"}, "same party"),
            ({"modules": []}, "required"),
            ({"delivery_tariffs": "relay"}, "tariffs"),
        ],
    )
    def test_must_make_sense(self, staff, changes, says):
        answer = self.enter(staff, **changes)

        assert says in answer.content.decode()
        assert not Agreement.objects.exists()

    def send(self, client, text):
        file = BytesIO(text if isinstance(text, bytes) else text.encode())
        file.name = "agreements.csv"
        return client.post(reverse("admin:agreements_agreement_import_csv"), {"file": file})

    def test_are_imported(self, staff):
        answer = self.send(staff, "provider,consumer,modules,valid_from\nNL*CPO,FR*MSP,locations cdrs,2026-01-01\n")

        assert answer.status_code == 302
        assert Agreement.objects.get().modules == ["locations", "cdrs"]

    def test_are_imported_all_or_none_with_the_line_named(self, staff):
        lines = "NL*CPO,FR*MSP,locations,2026-01-01\nNL*CPO,FR*MSP,locations,soon\n"

        answer = self.send(staff, "provider,consumer,modules,valid_from\n" + lines)

        assert "Line 3" in answer.content.decode()
        assert not Agreement.objects.exists()

    def test_are_imported_from_utf8_only(self, staff):
        assert "UTF-8" in self.send(staff, b"\xff\xfe").content.decode()

    def test_are_ended(self, staff):
        agreement = make_agreement()

        staff.post(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]), {"confirmed": "yes"})

        assert Agreement.objects.get().valid_until is not None

    def test_are_ended_once(self, staff):
        agreement = make_agreement(valid_until=NOW)

        answer = staff.post(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]), follow=True)

        assert "nothing was changed. It ended on 2026-11-20 12:00:00 UTC." in answer.content.decode()
        assert Agreement.objects.get().valid_until == NOW

    def test_say_before_they_are_ended_which_others_go_on(self, staff):
        agreement, other = make_agreement(), make_agreement(delivery="store_and_forward")

        page = staff.get(reverse("admin:agreements_agreement_end_now", args=[agreement.pk])).content.decode()

        assert f"covers modules of this one, too: #{other.pk}" in page

    def test_are_entered_once(self, staff):
        self.enter(staff)

        answer = self.enter(staff)

        assert "says the same already" in answer.content.decode()
        assert Agreement.objects.count() == 1

    def test_are_entered_with_what_may_be_a_slip_said(self, staff):
        answer = staff.post(reverse("admin:agreements_agreement_enter"), self.FORM, follow=True)

        assert "NL*CPO is not a party of any platform yet." in answer.content.decode()

    def test_are_not_ended_by_looking(self, staff):
        agreement = make_agreement()

        staff.get(reverse("admin:agreements_agreement_end_now", args=[agreement.pk]))

        assert Agreement.objects.get().valid_until is None


def select(client, name, deed, *rows):
    data = {"action": deed, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(f"admin:{name}_changelist"), data, follow=True)


class TestDeliveries:
    def test_lanes_are_retried(self, staff):
        lane = make_lane(make_platform(), retry_at=NOW, failures=3)

        select(staff, "forwarding_lane", "retry_now", lane)

        lane.refresh_from_db()
        assert lane.retry_at is None
        assert LogEntry.objects.get().get_change_message() == "retried"

    def test_selected_dead_letters_are_resent(self, staff, monkeypatch):
        sent: list[int] = []

        def resend_these(letters, *, clock):
            sent.extend(letter.pk for letter in letters)
            return resending.Resent(sent=len(sent))

        monkeypatch.setattr(resending, "resend_these", resend_these)
        platform = make_platform()
        one, other = make_dead_letter(platform, event=1), make_dead_letter(platform, event=2)
        make_dead_letter(platform, event=3)

        select(staff, "forwarding_deadletter", "resend_selected", one, other)

        assert sorted(sent) == [one.pk, other.pk]

    def test_dead_letters_are_closed(self, staff):
        letter = make_dead_letter(make_platform())

        for _ in range(2):
            select(staff, "forwarding_deadletter", "close_selected", letter)

        assert DeadLetter.objects.get().closed_at is not None
        assert LogEntry.objects.get().get_change_message() == "closed"


class TestStaffTokens:
    def create(self, client, **changes):
        form = {"name": "monitor", "scopes": ["traffic:read", "findings:read"]} | changes
        return client.post(reverse("admin:management_stafftoken_add"), form)

    def test_are_created_and_shown_once(self, staff):
        answer = self.create(staff)

        text = dict(answer.context["secrets"])["Staff token"]
        token = StaffToken.objects.get()
        assert "no-store" in answer.headers["Cache-Control"]
        assert token.digest == token_digest(text)
        assert APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/me/").json()["scopes"] == token.scopes
        assert text not in staff.get(reverse("admin:management_stafftoken_change", args=[token.pk])).content.decode()

    def test_need_a_scope(self, staff):
        assert self.create(staff, scopes=[]).status_code == 200
        assert not StaffToken.objects.exists()

    def test_are_revoked(self, staff):
        token, _ = StaffToken.issue(name="x", scopes=["all"], now=NOW)

        staff.post(reverse("admin:management_stafftoken_revoke", args=[token.pk]), {"confirmed": "yes"})

        assert StaffToken.objects.get().revoked_at is not None


class TestQuirks:
    def find(self, platform, quirk):
        return DetectedQuirk.objects.create(
            platform=platform, quirk=quirk, count=2, example="PUT locations", first_seen_at=NOW, last_seen_at=NOW
        )

    def test_are_listed_and_applied(self, staff):
        platform = make_platform()
        slash, null = self.find(platform, Quirk.TRAILING_SLASH), self.find(platform, Quirk.NULL_FOR_ABSENT)

        page = staff.get(reverse("admin:parties_detectedquirk_changelist")).content.decode()
        select(staff, "parties_detectedquirk", "apply_selected", slash, null)

        assert "can be applied" in page
        assert "taken from everybody" in page
        assert Platform.objects.get().quirks == {Quirk.TRAILING_SLASH}

    def test_are_not_applied_by_those_who_may_only_look(self, client):
        viewer = User.objects.create(username="viewer", is_staff=True)
        names = ("view_detectedquirk", "change_detectedquirk", "view_platform")
        viewer.user_permissions.add(*Permission.objects.filter(codename__in=names))
        client.force_login(viewer)
        slash = self.find(make_platform(), Quirk.TRAILING_SLASH)

        select(client, "parties_detectedquirk", "apply_selected", slash)

        assert not Platform.objects.get().quirks
