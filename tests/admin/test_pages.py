"""Every registered page answers, to staff only; what is read-only stays so."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from tests.admin.every_page import ALL, EDITABLE, READ_ONLY, SEARCHES, WITHOUT_SEARCH, url_of

pytestmark = pytest.mark.django_db


class TestEveryPage:
    def test_is_listed_here(self):
        registered = {f"{m._meta.app_label}_{m._meta.model_name}" for m in admin.site._registry}

        assert registered == READ_ONLY | EDITABLE

    @pytest.mark.parametrize("name", ALL)
    def test_lists(self, staff, rows, name):
        page = staff.get(url_of(name, "changelist"))

        assert page.status_code == 200
        assert page.context["cl"].result_count >= 1

    @pytest.mark.parametrize("name", ALL)
    def test_shows_one(self, staff, rows, name):
        assert staff.get(url_of(name, "change", rows[name])).status_code == 200

    @pytest.mark.parametrize("name", sorted(set(ALL) - WITHOUT_SEARCH))
    def test_finds_what_is_searched_and_nothing_else(self, staff, rows, name):
        def search(text):
            return staff.get(url_of(name, "changelist"), {"q": text}).context["cl"].result_count

        assert search(SEARCHES[name]) == 1
        assert search("nothing-of-this-name") == 0

    @pytest.mark.parametrize("name", ALL)
    def test_is_closed_to_anonymous_people(self, client, rows, name):
        for url in (url_of(name, "changelist"), url_of(name, "change", rows[name])):
            answer = client.get(url)

            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/admin/login/")

    @pytest.mark.parametrize("name", ALL)
    def test_is_closed_to_staff_without_permission(self, client, rows, name):
        client.force_login(User.objects.create_user("intern", is_staff=True))

        assert client.get(url_of(name, "changelist")).status_code == 403

    @pytest.mark.parametrize("name", sorted(READ_ONLY))
    def test_can_only_be_looked_at(self, staff, rows, name):
        assert staff.get(url_of(name, "add")).status_code == 403
        assert staff.post(url_of(name, "change", rows[name]), {"note": "x"}).status_code == 403
        assert staff.post(url_of(name, "delete", rows[name]), {"post": "yes"}).status_code == 403
        assert not LogEntry.objects.exists()

    def test_of_a_platform_cannot_be_deleted(self, staff, rows):
        assert staff.post(url_of("parties_platform", "delete", rows["parties_platform"])).status_code == 403
