"""What the hub found odd with partners, and applies when staff say so."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from parties.models import DetectedQuirk, Platform
from parties.quirks import Quirk
from tests.admin.browser import select
from tests.management.cast import NOW, make_platform

pytestmark = pytest.mark.django_db


class TestQuirks:
    def find(self, platform, quirk):
        return DetectedQuirk.objects.create(
            platform=platform, quirk=quirk, count=2, example="PUT locations", first_seen_at=NOW, last_seen_at=NOW
        )

    def test_are_listed_and_applied(self, staff):
        platform = make_platform()
        slash, null = self.find(platform, Quirk.TRAILING_SLASH), self.find(platform, Quirk.NULL_FOR_ABSENT)

        page = staff.get(reverse("admin:parties_detectedquirk_changelist")).content.decode()
        select(staff, "parties_detectedquirk", "apply_selected", slash, null)

        assert "can be applied" in page
        assert "taken from everybody" in page
        assert Platform.objects.get().quirks == {Quirk.TRAILING_SLASH}

    def test_are_not_applied_by_those_who_may_only_look(self, client):
        viewer = User.objects.create(username="viewer", is_staff=True)
        names = ("view_detectedquirk", "change_detectedquirk", "view_platform")
        viewer.user_permissions.add(*Permission.objects.filter(codename__in=names))
        client.force_login(viewer)
        slash = self.find(make_platform(), Quirk.TRAILING_SLASH)

        select(client, "parties_detectedquirk", "apply_selected", slash)

        assert not Platform.objects.get().quirks
