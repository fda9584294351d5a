from __future__ import annotations

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.management.cast import make_staff

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


class TestRoot:
    def test_leads_to_the_dashboard(self, client):
        client.force_login(make_staff())

        assert client.get("/", follow=True).status_code == 200
