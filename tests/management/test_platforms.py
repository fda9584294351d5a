from __future__ import annotations

import pytest

from ocpi.errors import UnableToUseClientApi
from parties import handshake
from parties.models import Platform
from parties.quirk_notes import QuirkNotes, record_quirks
from parties.quirks import Quirk
from parties.secrets import token_digest
from tests.management.cast import NOW, OUR_TOKEN, log_call, make_client, make_platform

pytestmark = pytest.mark.django_db

CPO = {"country_code": "NL", "party_id": "CPO", "role": "CPO", "name": "Charge Co"}
BELGIAN = {"country_code": "BE", "party_id": "BEC", "role": "CPO", "name": "Charge Co Belgium"}


def create(client, *, name="Charge Co", parties=(CPO,)):
    return client.post("/api/platforms/", {"name": name, "parties": list(parties)}, format="json")


class TestCreate:
    def test_plans_a_partner_and_shows_its_token_a(self, settings):
        response = create(make_client(), parties=[CPO, BELGIAN])

        assert response.status_code == 201
        made = response.json()
        platform = Platform.objects.get(pk=made["id"])
        assert set(made) == {"id", "token_a", "versions_url"}
        assert platform.token_a_digest == token_digest(made["token_a"])
        assert made["versions_url"] == f"{settings.HUB_PUBLIC_URL}/ocpi/versions"
        assert platform.state == Platform.State.PLANNED
        assert sorted(str(party) for party in platform.parties.all()) == ["BE*BEC CPO", "NL*CPO CPO"]

    def test_shows_the_token_once(self):
        client = make_client()
        made = create(client).json()

        again = client.get(f"/api/platforms/{made['id']}/").content.decode()

        assert made["token_a"] not in again
        assert made["token_a"] not in str(Platform.objects.values().get())

    @pytest.mark.parametrize(
        ("parties", "field", "says"),
        [
            ([CPO | {"country_code": "NLD"}], "parties.0.country_code", "does not match"),
            ([CPO | {"role": "KING"}], "parties.0.role", "KING"),
            ([CPO | {"role": "HUB", "party_id": "HUB"}], "parties", "the hub itself"),
            ([CPO, CPO | {"party_id": "cpo"}], "parties", "twice"),
            ([CPO | {"party_id": "HUB"}], "parties", "the hub itself"),
        ],
    )
    def test_refuses_parties_that_make_no_sense(self, parties, field, says):
        response = create(make_client(), parties=parties)

        problem = response.json()
        assert response.status_code == 400
        assert says in problem["fields"][field][0]
        assert set(problem) == {"detail", "what_to_do", "fields"}
        assert not Platform.objects.exists()

    def test_refuses_a_party_of_another_platform(self):
        make_platform("Old Co", party="nl*cpo")

        response = create(make_client())

        assert response.status_code == 400
        assert "Old Co" in response.json()["detail"]

    def test_refuses_a_name_that_is_taken(self):
        make_platform("Charge Co", party="DE*CPX")

        assert "already" in create(make_client()).json()["fields"]["name"][0]


class TestRead:
    def test_shows_platforms_with_parties_and_endpoints(self):
        make_platform()

        page = make_client().get("/api/platforms/").json()

        assert (page["count"], page["next"], page["previous"]) == (1, None, None)
        found = page["results"][0]
        assert found["status"] == "CONNECTED"
        assert found["heard_at"] == "2026-11-20T12:00:00Z"
        assert found["parties"][0]["party_id"] == "CPO"
        assert found["endpoints"] == [
            {"module": "locations", "interface": "SENDER", "url": "https://cpo.example.com/ocpi/2.2.1/locations"}
        ]

    def test_shows_no_secret(self):
        platform = make_platform()

        text = make_client().get(f"/api/platforms/{platform.pk}/").content.decode()

        assert OUR_TOKEN not in text
        assert platform.token_in_digest not in text
        assert "digest" not in text

    def test_lists_in_few_queries(self, django_assert_max_num_queries):
        client = make_client()
        client.get("/api/me/")
        for number in range(10):
            make_platform(f"Co {number}", party=f"NL*C{number}")

        with django_assert_max_num_queries(7):
            client.get("/api/platforms/")

    def test_pages(self):
        for number in range(3):
            make_platform(f"Co {number}", party=f"NL*C{number}")

        page = make_client().get("/api/platforms/?page_size=2").json()

        assert page["count"] == 3
        assert len(page["results"]) == 2
        assert "page=2" in page["next"]

    @pytest.mark.parametrize("url", ["/api/platforms/?page_size=1&page=2", "/api/call-log/?limit=1"])
    def test_links_to_the_public_address_whatever_host_was_asked_for(self, settings, url):
        settings.ALLOWED_HOSTS = ["*"]
        for number in range(3):
            make_platform(f"Co {number}", party=f"NL*C{number}")
            log_call()

        page = make_client().get(url, HTTP_HOST="evil.example.com").json()

        assert page["next"].startswith(settings.HUB_PUBLIC_URL + "/api/")
        assert "evil" not in str(page["next"]) + str(page["previous"])

    def test_finds_parties(self):
        make_platform()
        make_platform("Drive Co", party="FR*MSP", role="EMSP")

        found = make_client().get("/api/parties/?country_code=fr&role=EMSP").json()["results"]

        assert [party["party_id"] for party in found] == ["MSP"]

    def test_says_what_is_not_there(self):
        response = make_client().get("/api/platforms/99999/")

        assert response.status_code == 404
        assert response.json()["what_to_do"]


class TestRegister:
    URL = {"versions_url": "https://cpo.example.com/ocpi/versions", "token_a": "their-token-a"}

    def test_starts_the_handshake(self, monkeypatch):
        calls = []
        monkeypatch.setattr(handshake, "register_at", lambda platform, **terms: calls.append((platform.pk, terms)))
        platform = make_platform(state=Platform.State.PLANNED)

        response = make_client().post(f"/api/platforms/{platform.pk}/register/", self.URL, format="json")

        assert response.status_code == 200
        assert response.json()["id"] == platform.pk
        pk, terms = calls[0]
        assert (pk, terms["versions_url"], terms["token_a"]) == (platform.pk, *self.URL.values())

    def test_tells_what_the_partner_did_wrong(self, monkeypatch):
        def fail(platform, **terms):
            raise UnableToUseClientApi("GET versions answered 404")

        monkeypatch.setattr(handshake, "register_at", fail)
        platform = make_platform()

        response = make_client().post(f"/api/platforms/{platform.pk}/register/", self.URL, format="json")

        assert response.status_code == 502
        assert "GET versions answered 404" in response.json()["detail"]
        assert "token" in response.json()["what_to_do"]

    def test_needs_a_url_and_a_token(self):
        platform = make_platform()

        response = make_client().post(f"/api/platforms/{platform.pk}/register/", {"versions_url": "x"}, format="json")

        assert set(response.json()["fields"]) == {"versions_url", "token_a"}


class TestTokens:
    def test_a_fresh_token_a_replaces_the_one_before(self):
        client = make_client()
        made = create(client).json()

        fresh = client.post(f"/api/platforms/{made['id']}/token-a/").json()

        platform = Platform.objects.get()
        assert fresh["token_a"] != made["token_a"]
        assert platform.token_a_digest == token_digest(fresh["token_a"])

    def test_a_registered_platform_keeps_its_tokens_until_it_has_registered_anew(self):  # CRED-06
        platform = make_platform()

        response = make_client().post(f"/api/platforms/{platform.pk}/token-a/")

        fresh = Platform.objects.get()
        assert fresh.token_a_digest == token_digest(response.json()["token_a"])
        assert (fresh.state, fresh.token_in_digest) == (Platform.State.REGISTERED, platform.token_in_digest)

    @pytest.mark.parametrize("compromised", [True, False])
    def test_rotates(self, monkeypatch, compromised):
        calls = []
        monkeypatch.setattr(handshake, "rotate", lambda platform, **terms: calls.append(terms))
        platform = make_platform()

        response = make_client().post(
            f"/api/platforms/{platform.pk}/rotate/", {"compromised": compromised}, format="json"
        )

        assert response.status_code == 200
        assert calls[0]["compromised"] is compromised

    def test_does_not_rotate_what_is_not_registered(self):
        platform = make_platform(state=Platform.State.PLANNED)

        assert make_client().post(f"/api/platforms/{platform.pk}/rotate/", {}, format="json").status_code == 409

    def test_updates_the_connection(self, monkeypatch):  # CRED-26, VERS-10
        calls = []
        monkeypatch.setattr(handshake, "rotate", lambda platform, **terms: calls.append(platform.pk))
        platform = make_platform()

        assert make_client().post(f"/api/platforms/{platform.pk}/update/").status_code == 200
        assert calls == [platform.pk]

    def test_disconnects(self, monkeypatch):  # CRED-15
        calls = []
        monkeypatch.setattr(handshake, "disconnect", lambda platform, **terms: calls.append(platform.pk))
        platform = make_platform()

        assert make_client().post(f"/api/platforms/{platform.pk}/disconnect/").status_code == 200
        assert calls == [platform.pk]

    def test_suspends(self):
        platform = make_platform()

        response = make_client().post(f"/api/platforms/{platform.pk}/suspend/")

        platform.refresh_from_db()
        assert response.json()["status"] == "SUSPENDED"
        assert (platform.token_in_digest, platform.token_out) == ("", "")
        assert platform.changed_at > NOW


class TestQuirks:
    def test_are_set(self):
        platform = make_platform()

        response = make_client().patch(f"/api/platforms/{platform.pk}/", {"takes_no_patch": True}, format="json")

        assert response.json()["takes_no_patch"] is True
        assert Platform.objects.get().quirks == {Quirk.NO_PATCH}

    @pytest.mark.parametrize("asked", [{"state": "SUSPENDED"}, {"token_out": "x"}, {"max_in_flight": 0}])
    def test_are_all_that_can_be_set(self, asked):
        platform = make_platform()
        before = Platform.objects.values().get()

        response = make_client().patch(f"/api/platforms/{platform.pk}/", asked, format="json")

        assert response.status_code == 400
        assert list(response.json()["fields"]) == list(asked)
        assert Platform.objects.values().get() == before

    def test_need_the_scope_to_write(self):
        platform = make_platform()

        response = make_client("platforms:read").patch(f"/api/platforms/{platform.pk}/", {}, format="json")

        assert response.status_code == 403

    def test_that_were_found_are_listed_with_their_setting(self):
        platform = make_platform(wants_trailing_slash=True)
        notes = QuirkNotes()
        notes.note(platform.pk, {Quirk.TRAILING_SLASH: "PUT locations: HTTP 301", Quirk.NULL_FOR_ABSENT: "a"})
        notes.note(platform.pk, {Quirk.NULL_FOR_ABSENT: "b"})
        notes.note(platform.pk + 999, {Quirk.NULL_FOR_ABSENT: "of a platform that is gone"})
        record_quirks(notes.take(), now=NOW)
        notes.note(platform.pk, {Quirk.NULL_FOR_ABSENT: "c"})
        record_quirks(notes.take(), now=NOW)

        found = make_client("platforms:read").get(f"/api/platforms/{platform.pk}/quirks/").json()

        assert [(one["quirk"], one["count"], one["example"], one["setting"], one["is_applied"]) for one in found] == [
            ("null_for_absent", 3, "a", "", False),
            ("trailing_slash", 1, "PUT locations: HTTP 301", "wants_trailing_slash", True),
        ]
