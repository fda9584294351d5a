"""Platforms in the admin: planned, changed, and every button, the handshake with the partner faked."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from ocpi.errors import UnableToUseClientApi
from parties import handshake
from parties.models import Party, Platform
from parties.secrets import token_digest
from tests.admin.browser import read_form, select
from tests.management.cast import make_platform, make_staff

pytestmark = pytest.mark.django_db

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
