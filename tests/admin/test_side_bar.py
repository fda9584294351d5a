"""The side bar lights one entry: that of the page."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.text import capfirst

from tests.management.cast import log_call, make_behind, make_platform, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


def get_lit(staff: Client, url: str) -> list[str]:
    groups = staff.get(url).context["sidebar_navigation"]
    return [item["title"] for group in groups for item in group["items"] if item["active"]]


class TestSideBar:
    def test_leads_to_every_list(self, staff: Client):
        groups = staff.get(reverse("admin:index")).context["sidebar_navigation"]
        links = {str(item["link"]) for group in groups for item in group["items"]}

        lists = (f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist" for m in admin.site._registry)

        assert {name for name in lists if reverse(name) not in links} == set()

    def test_calls_every_list_what_its_own_pages_call_it(self, staff: Client):
        groups = staff.get(reverse("admin:index")).context["sidebar_navigation"]
        titles = {str(item["link"]): item["title"] for group in groups for item in group["items"]}

        metas = [model._meta for model in admin.site._registry]
        lists = {reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"): meta for meta in metas}

        assert {url: capfirst(meta.verbose_name_plural) for url, meta in lists.items()} == {u: titles[u] for u in lists}

    def test_lights_one_entry_where_one_address_begins_another(self, staff: Client):
        assert get_lit(staff, reverse("admin:management_journeys")) == ["Find a message"]
        assert get_lit(staff, reverse("admin:management_logcall_changelist")) == ["Call log"]

    def test_lights_the_search_on_the_page_of_what_it_finds(self, staff: Client):
        assert get_lit(staff, reverse("admin:management_journey")) == ["Find a message"]

    def test_lights_the_list_of_an_object(self, staff: Client):
        platform = make_platform()

        assert get_lit(staff, reverse("admin:parties_platform_change", args=[platform.pk])) == ["Platforms"]
        assert get_lit(staff, reverse("admin:management_logcall_change", args=[log_call()])) == ["Call log"]

    def test_does_not_take_one_list_for_another_with_a_longer_name(self, staff: Client):
        row = make_behind(make_platform("Hub", party="SE*HU2", role="HUB"))

        page = reverse("admin:parties_partybehind_change", args=[row.pk])

        assert get_lit(staff, page) == ["Parties behind hubs"]

    def test_lights_the_dashboard_on_its_own_page_only(self, staff: Client):
        assert get_lit(staff, reverse("admin:index")) == ["Dashboard"]
        assert get_lit(staff, reverse("admin:app_list", args=["parties"])) == []
