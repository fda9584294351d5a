"""What a person sees when a page is not there, not allowed or failed: a reason and a way on, without the database."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse


class TestErrorPages:
    @pytest.mark.parametrize("name", ["403.html", "404.html", "500.html", "503.html"])
    def test_need_no_database(self, name: str):
        """No test database is allowed here: a query would raise."""
        page = render_to_string(name)

        assert reverse("admin:index") in page or "/readyz" in page

    @pytest.mark.django_db
    def test_lead_on(self, client: Client):
        client.force_login(User.objects.create_user("looker", is_staff=True))

        forbidden = client.get(reverse("admin:settlement_statement_changelist"))
        missing = client.get("/nothing/")

        assert (forbidden.status_code, missing.status_code) == (403, 404)
        assert "lacks the right" in forbidden.content.decode()
        assert "There is nothing here" in missing.content.decode()
