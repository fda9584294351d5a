from __future__ import annotations

import pytest

from agreements.models import Agreement
from tests.management.cast import NOW, make_agreement, make_client

pytestmark = pytest.mark.django_db

TERMS = {
    "provider": "NL*CPO",
    "consumer": "FR*MSP",
    "modules": ["locations", "sessions", "cdrs"],
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": None,
    "delivery": "store_and_forward",
    "delivery_by_module": {"locations": "relay"},
}
CSV = """provider,consumer,modules,valid_from,valid_until,delivery
NL*CPO,FR*MSP,locations cdrs,2026-01-01T00:00:00Z,,relay
DE*CPX,FR*MSP,locations,2026-01-01,2027-01-01,store_and_forward
"""


def create(**changes):
    return make_client().post("/api/agreements/", TERMS | changes, format="json")


class TestCreate:
    def test_enters_an_agreement(self):
        response = create()

        assert response.status_code == 201
        agreement = Agreement.objects.get()
        assert response.json() | {"created_at": 0, "changed_at": 0} == TERMS | {
            "id": agreement.pk,
            "is_in_force": True,
            "commands": None,
            "cdr_control": {},
            "note": "",
            "warnings": ["NL*CPO is not a party of any platform yet.", "FR*MSP is not a party of any platform yet."],
            "created_at": 0,
            "changed_at": 0,
        }
        assert (str(agreement.provider), agreement.delivery) == ("NL*CPO", "store_and_forward")

    def test_refuses_what_another_says_already(self):
        client = make_client()
        known = client.post("/api/agreements/", TERMS, format="json").json()["id"]

        response = client.post("/api/agreements/", TERMS, format="json")

        assert response.status_code == 409
        assert response.json()["detail"].startswith(f"agreement {known} says the same already")
        assert Agreement.objects.count() == 1

    def test_enters_what_the_two_say_about_cdr_control(self):
        response = create(cdr_control={"refuse": True, "tolerances": {"total": 0.5}})

        assert response.json()["cdr_control"] == {"refuse": True, "tolerances": {"total": "0.5"}}

    def test_names_what_makes_no_sense_in_it(self):
        response = create(cdr_control={"severities": {"cdr_late": "error"}})

        assert response.status_code == 400
        assert "cdr_control: severities.cdr_late" in str(response.json())

    def test_holds_from_now_on_where_nothing_is_said(self):
        client = make_client()

        response = client.post(
            "/api/agreements/", {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["cdrs"]}, format="json"
        )

        assert response.status_code == 201
        assert response.json()["is_in_force"]
        assert response.json()["delivery"] == "relay"

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"provider": "Netherlands"}, "provider"),
            ({"modules": []}, "modules"),
            ({"modules": ["weather"]}, "weather"),
            ({"delivery": "pigeon"}, "pigeon"),
            ({"delivery_by_module": {"cdrs": "pigeon"}}, "pigeon"),
            ({"consumer": "NL*CPO"}, "same party"),
            ({"valid_until": "2025-01-01T00:00:00Z"}, "valid_until"),
        ],
    )
    def test_names_what_makes_no_sense(self, changes, says):
        response = create(**changes)

        assert response.status_code == 400
        assert says in str(response.json())
        assert not Agreement.objects.exists()


class TestRead:
    def test_finds_by_party_and_force(self):
        make_agreement()
        make_agreement("DE*CPX", "IT*MSX", valid_until=NOW)
        client = make_client()

        def find(query):
            return [found["provider"] for found in client.get(f"/api/agreements/?{query}").json()["results"]]

        assert find("party=fr*msp") == ["NL*CPO"]
        assert find("party=IT*MSX") == ["DE*CPX"]
        assert find("in_force=true") == ["NL*CPO"]
        assert find("in_force=false") == ["DE*CPX"]

    def test_says_what_a_party_looks_like(self):
        response = make_client().get("/api/agreements/?party=x")

        assert response.status_code == 400
        assert "party" in response.json()["fields"]


class TestEnd:
    def test_ends_now(self):
        agreement = make_agreement()

        response = make_client().post(f"/api/agreements/{agreement.pk}/end/")

        assert response.json()["is_in_force"] is False
        assert Agreement.objects.get().valid_until is not None

    def test_stays_when_it_was(self):
        agreement = make_agreement()
        client = make_client()
        ended = client.post(f"/api/agreements/{agreement.pk}/end/").json()["valid_until"]

        response = client.post(f"/api/agreements/{agreement.pk}/end/")

        assert response.status_code == 409
        assert response.json()["detail"].startswith("It ended on 2")
        assert client.get(f"/api/agreements/{agreement.pk}/").json()["valid_until"] == ended

    def test_names_the_agreements_that_go_on(self):
        agreement, other = make_agreement(), make_agreement(delivery="store_and_forward")

        response = make_client().post(f"/api/agreements/{agreement.pk}/end/")

        assert f"#{other.pk}" in response.json()["warnings"][-1]

    def test_cannot_be_rewritten_or_deleted(self):
        agreement = make_agreement()
        client = make_client()

        for method in (client.put, client.patch, client.delete):
            assert method(f"/api/agreements/{agreement.pk}/", {}, format="json").status_code == 405


class TestImport:
    def send(self, text, content_type="text/csv"):
        return make_client().post("/api/agreements/import/", text, content_type=content_type)

    def test_enters_every_line(self):
        response = self.send("\ufeff" + CSV)

        assert (response.status_code, response.json()) == (
            201,
            {
                "imported": 2,
                "warnings": [
                    f"{party} is not a party of any platform yet." for party in ("NL*CPO", "FR*MSP", "DE*CPX")
                ],
            },
        )
        assert sorted(str(found.provider) for found in Agreement.objects.all()) == ["DE*CPX", "NL*CPO"]

    def test_enters_nothing_when_a_line_is_wrong_and_names_every_wrong_line(self):
        response = self.send(CSV + "NL*CPO,nobody at all,locations,soon,,relay\nNL*CPO,IT*MSX,weather,2026-01-01,,\n")

        problem = response.json()
        assert response.status_code == 400
        assert "line 4" in problem["fields"]
        assert not Agreement.objects.exists()

    @pytest.mark.parametrize(
        ("column", "cell", "says"),
        [
            ("valid_until", "0001-01-01T00:00:00+14:00", "is not a time"),
            ("valid_until", "9999-12-31T23:59:59-14:00", "is not a time"),
            ("note", "a\x00b", "NUL"),
            ("cdr_control", "9" * 5000, "not JSON"),
            ("cdr_control", "[" * 5000, "not JSON"),
            ("cdr_control", "1e99999999999999999999", "not JSON"),
        ],
    )
    def test_names_what_no_agreement_can_hold(self, column, cell, says):
        response = self.send(
            f"provider,consumer,modules,valid_from,{column}\nNL*CPO,FR*MSP,locations,2026-01-01,{cell}\n"
        )

        assert response.status_code == 400
        assert says in response.json()["fields"]["line 2"][0]

    def test_says_what_an_empty_file_lacks(self):
        response = self.send("")

        assert response.status_code == 400
        assert "the column provider is missing" in response.json()["fields"]["line 1"]

    def test_takes_csv_only(self):
        assert self.send("{}", content_type="application/json").status_code == 415

    def test_takes_utf8_only(self):
        response = make_client().post("/api/agreements/import/", b"\xff\xfe", content_type="text/csv")

        assert response.status_code == 400
        assert "UTF-8" in response.json()["detail"]
