"""Partner tokens in the admin: shown once, rotated, revoked."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from rest_framework.test import APIClient

from management.models import PartnerToken, StaffToken
from tests.management.cast import make_partner_token, make_platform

pytestmark = pytest.mark.django_db


def url_of(page: str, *args: object) -> str:
    return reverse(f"admin:management_partnertoken_{page}", args=args)


def opens(text: str) -> bool:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/partner/me/").status_code == 200


class TestPartnerTokens:
    def test_are_shown_once(self, staff):
        platform = make_platform()
        form = {"name": "accounts", "platform": platform.pk, "scopes": ["findings:read"]}

        answer = staff.post(url_of("add"), form)

        text = dict(answer.context["secrets"])["Partner token"]
        token = PartnerToken.objects.get()
        assert opens(text)
        assert (token.platform, token.scopes) == (platform, ["findings:read"])
        assert text not in staff.get(url_of("change", token.pk)).content.decode()
        assert token.digest not in staff.get(url_of("change", token.pk)).content.decode()

    @pytest.mark.parametrize("kind", ["stafftoken", "partnertoken"])
    def test_are_not_made_when_their_end_is_past(self, staff, kind):
        form = {"name": "accounts", "platform": make_platform().pk, "scopes": ["findings:read"]}
        form |= {"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}

        answer = staff.post(reverse(f"admin:management_{kind}_add"), form)

        assert "the token would open nothing" in answer.content.decode()
        assert not PartnerToken.objects.exists()
        assert not StaffToken.objects.exists()

    def test_are_rotated(self, staff):
        token, old = make_partner_token(make_platform())

        answer = staff.post(url_of("rotate", token.pk), {"confirmed": "yes"})

        assert opens(dict(answer.context["secrets"])["Partner token"])
        assert not opens(old)

    def test_are_revoked_for_good(self, staff):
        token, text = make_partner_token(make_platform())

        staff.post(url_of("revoke", token.pk), {"confirmed": "yes"})
        again = staff.post(url_of("rotate", token.pk), {"confirmed": "yes"})

        assert not opens(text)
        assert "create a new token" in again.content.decode()

    @pytest.mark.parametrize("button", ["rotate", "revoke"])
    def test_are_for_those_who_may(self, client, button):
        viewer = User.objects.create(username="viewer", is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_partnertoken"))
        client.force_login(viewer)
        token, text = make_partner_token(make_platform())

        assert client.post(url_of(button, token.pk)).status_code == 403
        assert opens(text)
