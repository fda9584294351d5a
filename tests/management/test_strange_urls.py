"""What no name can have in it is refused, everywhere outside /ocpi."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.management.cast import make_client, make_staff

pytestmark = pytest.mark.django_db


class TestNul:
    @pytest.mark.parametrize("url", [
        "/api/journeys/%00/",
        "/api/journeys/?id=%00",
        "/api/journeys/?module=x%00",
        "/api/cdrs/NL*CPO/%00/price/",
        "/admin/management/logcall/journeys/?id=%00",
        "/admin/management/logcall/journey/?id=a%00b",
    ])  # fmt: skip
    @pytest.mark.parametrize("make", [make_client, Client])
    def test_in_a_url_is_refused(self, url: str, make: type[Client]):
        client = make()
        if url.startswith("/admin"):
            client.force_login(make_staff())

        answer = client.get(url)

        assert answer.status_code == 400
        assert "NUL" in answer.json()["detail"]

    def test_that_is_none_is_not(self):
        assert make_client().get("/api/journeys/?id=%2500").status_code == 200
