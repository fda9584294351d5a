"""Staff tokens in the admin: shown once, and revoked."""

from __future__ import annotations

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from management.models import StaffToken
from parties.secrets import token_digest
from tests.management.cast import NOW

pytestmark = pytest.mark.django_db


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
