from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from agreements.models import Agreement, Mandate
from agreements.network import get_version, load_facts
from ocpi.calls import PartyId
from parties.models import Platform
from tests.management.cast import NOW, make_client, make_finding, make_mandate, make_staff

pytestmark = pytest.mark.django_db

PARTY = {"country_code": "NL", "party_id": "X", "role": "CPO", "name": "X"}
TERMS = {"agent": "DE*SCP", "principal": "FR*MSP", "modules": ["sessions"]}


def grant(**changes: Any) -> Any:
    return make_client().post("/api/mandates/", TERMS | changes, format="json")


class TestGrant:
    def test_is_in_force_at_once(self):
        version = get_version()

        answer = grant(note="by letter of 1 November")

        assert answer.status_code == 201
        assert answer.json()["is_in_force"] is True
        assert (answer.json()["agent"], answer.json()["note"]) == ("DE*SCP", "by letter of 1 November")
        assert get_version() > version
        mandate = Mandate.objects.get()
        network = load_facts().network
        agent = PartyId("DE", "SCP")
        assert network.get_principals(agent, module="sessions", at=mandate.created_at) == {"frmsp"}
        assert network.get_principals(agent, module="cdrs", at=mandate.created_at) == frozenset()

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"agent": "Somebody"}, "agent"),
            ({"agent": "FR*MSP"}, "same party"),
            ({"principal": "NL*HUB"}, "the hub itself"),
            ({"modules": []}, "modules"),
            ({"modules": ["tokens"]}, "tokens"),
            ({"valid_from": "2026-12-02T00:00:00Z", "valid_until": "2026-12-01T00:00:00Z"}, "before valid_from"),
            ({"valid_form": "2026-12-02T00:00:00Z"}, "valid_form"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, changes, says):
        answer = grant(**changes)

        assert answer.status_code == 400
        assert says in answer.content.decode()
        assert not Mandate.objects.exists()

    @pytest.mark.parametrize("changes", [{}, {"agent": "de*scp"}, {"valid_until": "2099-01-01T00:00:00Z"}])
    def test_refuses_what_another_allows_already(self, changes):
        client = make_client()
        known = client.post("/api/mandates/", TERMS, format="json").json()["id"]

        answer = client.post("/api/mandates/", TERMS | changes, format="json")

        assert answer.status_code == 409
        assert answer.json()["detail"].startswith(f"mandate {known} allows the same already")
        assert Mandate.objects.count() == 1

    @pytest.mark.parametrize(
        "changes", [{"agent": "DE*SC2"}, {"principal": "IT*MSX"}, {"modules": ["sessions", "cdrs"]}]
    )
    def test_enters_what_none_allows_yet(self, changes):
        make_mandate(valid_until=None)

        assert grant(**changes).status_code == 201

    def test_enters_what_is_to_hold_longer(self):
        make_mandate(valid_until=NOW + timedelta(days=30_000))

        assert grant().status_code == 201


class TestMandates:
    @pytest.mark.parametrize("query", ["party=de*scp", "party=FR*MSP", "in_force=true"])
    def test_are_found(self, query):
        mandate = make_mandate()
        make_mandate("DE*XYZ", "IT*ABC", valid_until=NOW)

        page = make_client().get(f"/api/mandates/?{query}").json()

        assert [found["id"] for found in page["results"]] == [mandate.pk]

    def test_end(self):
        mandate = make_mandate()
        version = get_version()

        answer = make_client().post(f"/api/mandates/{mandate.pk}/end/")

        assert answer.json()["is_in_force"] is False
        assert get_version() > version

    def test_end_once(self):
        mandate = make_mandate()
        client = make_client()
        ended = client.post(f"/api/mandates/{mandate.pk}/end/").json()["valid_until"]

        answer = client.post(f"/api/mandates/{mandate.pk}/end/")

        assert answer.status_code == 409
        assert client.get(f"/api/mandates/{mandate.pk}/").json()["valid_until"] == ended

    def test_end_once_in_the_admin(self, client):
        client.force_login(make_staff())
        mandate = make_mandate(valid_until=NOW)

        answer = client.post(reverse("admin:agreements_mandate_end_now", args=[mandate.pk]), follow=True)

        assert "nothing was changed. It ended on 2026-11-20 12:00:00 UTC." in answer.content.decode()
        assert Mandate.objects.get().valid_until == NOW

    def test_are_granted_and_ended_in_the_admin(self, client):
        client.force_login(make_staff())
        form = TERMS | {"valid_from_0": "2026-11-01", "valid_from_1": "00:00:00"}

        granted = client.post(reverse("admin:agreements_mandate_grant"), form)
        mandate = Mandate.objects.get()
        asked = client.get(reverse("admin:agreements_mandate_end_now", args=[mandate.pk]))
        client.post(reverse("admin:agreements_mandate_end_now", args=[mandate.pk]))
        wrong = client.post(reverse("admin:agreements_mandate_grant"), form | {"principal": "DE*SCP"})

        assert granted.status_code == 302
        assert (str(mandate.agent), str(mandate.principal), mandate.modules) == ("DE*SCP", "FR*MSP", ["sessions"])
        assert asked.status_code == 200
        assert Mandate.objects.get().valid_until is not None
        assert "are the same party" in wrong.content.decode()


class TestCommands:  # CMD-15
    @pytest.mark.parametrize(
        ("commands", "kept"), [(["start_session", "STOP_SESSION"], ["START_SESSION", "STOP_SESSION"]), (None, None)]
    )
    def test_of_an_agreement_are_named(self, commands, kept):
        terms = {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["commands"], "commands": commands}

        answer = make_client().post("/api/agreements/", terms, format="json")

        assert answer.json()["commands"] == kept
        [permit] = load_facts().network.permits["frmsp", "nlcpo"]
        assert permit.allows("START_SESSION")
        assert permit.allows("UNLOCK_CONNECTOR") is (commands is None)

    @pytest.mark.parametrize(
        "changes", [{"commands": []}, {"commands": ["drop table"]}, {"modules": ["cdrs"], "commands": ["STOP_SESSION"]}]
    )
    def test_make_sense(self, changes):
        terms = {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["commands"]} | changes

        answer = make_client().post("/api/agreements/", terms, format="json")

        assert answer.status_code == 400
        assert "commands" in answer.json()["detail"]

    def test_are_read_from_csv(self):
        lines = "provider,consumer,modules,commands,valid_from\n"
        lines += (
            "NL*CPO,FR*MSP,cdrs commands,START_SESSION STOP_SESSION,2026-01-01\nNL*CPO,IT*MSX,commands,,2026-01-01\n"
        )

        answer = make_client().post("/api/agreements/import/", lines, content_type="text/csv")

        assert answer.status_code == 201
        found = Agreement.objects.order_by("id").values_list("commands", flat=True)
        assert list(found) == [["START_SESSION", "STOP_SESSION"], None]

    @pytest.mark.parametrize(
        ("typed", "kept"), [("START_SESSION, STOP_SESSION", ["START_SESSION", "STOP_SESSION"]), ("", None)]
    )
    def test_are_named_in_the_admin(self, client, typed, kept):
        client.force_login(make_staff())
        form = {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["commands"], "commands": typed}
        form |= {"valid_from_0": "2026-11-01", "valid_from_1": "00:00:00", "delivery": "relay"}

        client.post(reverse("admin:agreements_agreement_enter"), form)

        agreement = Agreement.objects.get()
        page = client.get(reverse("admin:agreements_agreement_change", args=[agreement.pk])).content.decode()
        assert agreement.commands == kept
        assert (", ".join(kept) if kept else "all") in page


class TestUnknownFields:
    """A misspelt field is refused by name: it would leave undone what was meant."""

    @pytest.mark.parametrize(
        ("path", "body", "named"),
        [
            ("platforms", {"name": "X", "parties": [], "party": []}, "party"),
            (
                "platforms",
                {
                    "name": "X",
                    "parties": [{"country_code": "NL", "party_id": "X", "role": "CPO", "name": "X", "nam": 1}],
                },
                "parties.0.nam",
            ),
            ("platforms/1/register", {"versions_url": "https://a.example/v", "token_a": "x", "token": 1}, "token"),
            ("platforms/1/rotate", {"compromized": True}, "compromized"),
            ("platforms/1/pull", {"modul": ["cdrs"]}, "modul"),
            ("agreements", {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["cdrs"], "until": 1}, "until"),
            ("mandates", TERMS | {"until": 1}, "until"),
            ("findings/1/judge", {"state": "closed", "why": "so"}, "why"),
            ("lanes/pause", {"platform": 1, "subline": 1}, "subline"),
            ("dead-letters/resend", {"platform": 1, "modul": "cdrs"}, "modul"),
            ("reconciliation/run", {"older_then_seconds": 1}, "older_then_seconds"),
        ],
    )
    def test_are_named(self, path, body, named):
        Platform.objects.create(id=1, name="P", state="REGISTERED", changed_at=NOW)
        make_finding(id=1)

        answer = make_client().post(f"/api/{path}/", body, format="json")

        assert answer.status_code == 400
        assert named in answer.json()["fields"]
        assert "There is no such field" in answer.content.decode()
        assert Platform.objects.count() == 1

    def test_of_settings_are_named(self):
        Platform.objects.create(id=1, name="P", state="REGISTERED", changed_at=NOW)

        answer = make_client().patch("/api/platforms/1/", {"max_inflight": 3}, format="json")

        assert answer.status_code == 400
        assert "max_inflight" in answer.json()["fields"]
