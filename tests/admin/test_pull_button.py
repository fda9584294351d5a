from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse

from journal.models import PullRequest
from parties.models import Platform
from tests.management.cast import make_platform

pytestmark = pytest.mark.django_db


def url_of(platform: Platform) -> str:
    return reverse("admin:parties_platform_pull_lists", args=[platform.pk])


class TestPullButton:
    def test_asks_first(self, staff):
        page = staff.get(url_of(make_platform()))

        assert page.status_code == 200
        assert not PullRequest.objects.exists()

    def test_asks_for_the_lists_and_shows_them(self, staff):
        platform = make_platform()

        answer = staff.post(url_of(platform), {"lists": ["locations"], "full": "on"}, follow=True)

        assert answer.status_code == 200
        pull = PullRequest.objects.get()
        assert (pull.platform, pull.module, pull.is_full, pull.reason) == (platform.pk, "locations", True, "STAFF")
        assert "asked for locations" in LogEntry.objects.get().change_message

    def test_does_nothing_at_a_platform_without_lists(self, staff):
        platform = make_platform(state=Platform.State.SUSPENDED)

        answer = staff.post(url_of(platform), {"lists": ["locations"]}, follow=True)

        assert "not registered" in answer.content.decode()
        assert not PullRequest.objects.exists()

    def test_is_for_staff_with_permission_only(self, client):
        client.force_login(User.objects.create(username="looker", is_staff=True))

        assert client.post(url_of(make_platform()), {"lists": ["locations"]}).status_code in (302, 403)
        assert not PullRequest.objects.exists()
