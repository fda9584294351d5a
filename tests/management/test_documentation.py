from __future__ import annotations

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.management.cast import make_client, make_staff

pytestmark = pytest.mark.django_db


class TestDocumentation:
    def test_is_complete_and_without_warnings(self, tmp_path):
        file = tmp_path / "schema.yaml"

        call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))

        assert "/api/dead-letters/{id}/resend/" in file.read_text()

    def test_is_served_from_our_own_files(self):
        """Nothing is fetched from elsewhere: staff may sit behind a closed network."""
        page = APIClient().get("/api/docs/").content.decode()

        assert "swagger-ui" in page
        assert "//cdn" not in page

    @pytest.mark.parametrize("format", ["", "?format=json"])
    def test_is_built_once(self, monkeypatch, format):
        """It costs much, and anybody may ask for it."""

        def build(*args: object, **terms: object) -> dict[str, object]:
            raise AssertionError

        first = APIClient().get(f"/api/schema/{format}")
        monkeypatch.setattr(SchemaGenerator, "get_schema", build)
        second = APIClient().get(f"/api/schema/{format}")

        assert first.status_code == 200
        assert "/api/dead-letters/{id}/resend/" in first.content.decode()
        assert (second.content, second.headers["Content-Type"]) == (first.content, first.headers["Content-Type"])


class TestProblems:
    """Whatever goes wrong below /api/ is said in one shape (docs/partner-api.md), a URL that is none included."""

    @pytest.mark.parametrize("path", ["/api/nope/", "/api/partner/nope/", "/api/partner/findings/abc/"])
    def test_of_urls_are_json(self, path):
        answer = APIClient().get(path)

        assert answer.status_code == 404
        assert set(answer.json()) == {"detail", "what_to_do"}

    def test_of_pages_are_pages(self):
        answer = APIClient().get("/nope/")

        assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/html")

    def test_of_the_hub_itself_are_json(self, monkeypatch):
        monkeypatch.setattr("management.views.agreements.AgreementViewSet.list", lambda *a, **k: 1 / 0)
        client = make_client()
        client.raise_request_exception = False

        answer = client.get("/api/agreements/")

        assert answer.status_code == 500
        assert "log" in answer.json()["what_to_do"]

    def test_of_a_missing_slash_keep_method_and_body(self):
        client = make_client()
        terms = {"provider": "NL*CPO", "consumer": "FR*MSP", "modules": ["cdrs"]}

        refused = client.post("/api/agreements", terms, format="json")
        followed = client.post("/api/agreements", terms, format="json", follow=True)

        assert (refused.status_code, refused["Location"]) == (308, "/api/agreements/")
        assert refused.json()["what_to_do"] == "Send the same to /api/agreements/."
        assert followed.status_code == 201

    @pytest.mark.parametrize(
        ("path", "named"),
        [
            ("agreements/?provider=NL*CPO", "provider"),
            ("call-log/?object=S1", "object"),
            ("findings/?stat=open", "stat"),
            ("invoices/blocked/?party=NL*CPO", "party"),
            ("nettings/?last_day=2026-11-01", "last_day"),
            ("journeys/?id=corr-1&objectid=S1", "objectid"),
            ("lanes/platforms/?platform=1", "platform"),
        ],
    )
    def test_of_filters_name_those_there_are(self, path, named):
        answer = make_client().get(f"/api/{path}")

        assert answer.status_code == 400
        assert answer.json()["fields"][named][0].startswith("There is no such filter; there are ")
        assert "stored" not in answer.json()["what_to_do"]

    @pytest.mark.parametrize(
        "path",
        [
            "agreements/?party=NL*CPO&in_force=true&delivery=relay&page=1&page_size=5&format=json",
            "call-log/?from=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00Z&limit=5",
            "invoices/?issue_date_after=2026-11-01&issue_date_before=2026-11-30&format=csv",
            "nettings/?last_day_after=2026-11-01&party=NL*CPO",
            "lanes/?platform=&needs_resync=true",
        ],
    )
    def test_of_filters_are_none_with_those_there_are(self, path):
        assert make_client().get(f"/api/{path}").status_code == 200

    @pytest.mark.parametrize(
        ("path", "named"),
        [
            ("agreements/?in_force=yes", "in_force"),
            ("disputes/?is_holding=2", "is_holding"),
            ("lanes/?needs_resync=None", "needs_resync"),
            ("nettings/?is_correcting=no", "is_correcting"),
        ],
    )
    def test_of_filters_that_are_neither_true_nor_false_say_so(self, path, named):
        answer = make_client().get(f"/api/{path}")

        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == [named]

    def test_of_a_format_name_those_there_are(self):
        answer = make_client().get("/api/invoices/?format=xml")

        assert answer.status_code == 406
        assert answer.json()["detail"] == "There is no format xml; there are json, csv."

    @pytest.mark.parametrize("path", ["agreements/?page=99", "call-log/?cursor=x"])
    def test_of_a_page_say_how_to_find_it(self, path):
        answer = make_client().get(f"/api/{path}")

        assert answer.status_code == 404
        assert "first page" in answer.json()["what_to_do"]

    def test_of_no_field_name_none(self):
        terms = {"provider": "NL*CPO", "consumer": "NL*CPO", "modules": ["cdrs"]}

        answer = make_client().post("/api/agreements/", terms, format="json")

        assert "same party" in answer.json()["detail"]
        assert set(answer.json()) == {"detail", "what_to_do"}


class TestRoot:
    def test_leads_to_the_dashboard(self, client):
        client.force_login(make_staff())

        assert client.get("/", follow=True).status_code == 200
