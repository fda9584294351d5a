"""Staff says who is behind which hub, before the hub does; and ends it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from ocpi.times import SENTINEL
from parties.models import PartyBehind, Platform
from tests.management.cast import make_behind, make_platform

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub() -> Platform:
    return make_platform("Other hub", party="SE*HU2", role="HUB")


def add(staff: Client, platform: Platform, party: str = "DK*R4E", **changes: Any) -> Any:
    country_code, party_id = party.split("*")
    named = {"platform": platform.pk, "country_code": country_code, "party_id": party_id, "role": "EMSP"}
    return staff.post(reverse("admin:parties_partybehind_add"), named | changes)


class TestPlanning:
    def test_makes_a_planned_party_that_any_word_of_the_hub_overrules(self, staff: Client, hub: Platform):
        assert add(staff, hub).status_code == 302

        row = PartyBehind.objects.get()
        assert (str(row.id_pair), row.status, row.last_updated) == ("DK*R4E", "PLANNED", SENTINEL)

    @pytest.mark.parametrize("party", ["NL*HUB", "NL*CPO", "SE*HU2", "D1*R4E", "DK*HLD"])
    def test_refuses_who_is_elsewhere(self, staff: Client, hub: Platform, party: str):
        make_platform()
        make_behind(make_platform("Third hub", party="FI*HU3", role="HUB"), "DK*HLD")

        assert add(staff, hub, party).status_code == 200  # the form again, with its errors
        assert not PartyBehind.objects.filter(platform=hub).exists()

    def test_is_for_hubs(self, staff: Client, hub: Platform):
        assert add(staff, make_platform()).status_code == 200
        assert not PartyBehind.objects.exists()


class TestAnnounced:
    def test_are_shown_on_the_page_of_their_hub(self, staff: Client, hub: Platform):
        make_behind(hub, "DK*R4Q")

        page = staff.get(reverse("admin:parties_platform_change", args=[hub.pk])).content.decode()

        assert "R4Q" in page

    def test_are_ended_by_staff(self, staff: Client, hub: Platform):
        row = make_behind(hub)

        staff.post(
            reverse("admin:parties_partybehind_changelist"), {"action": "end_selected", "_selected_action": [row.pk]}
        )

        row.refresh_from_db()
        assert row.status == "SUSPENDED"
        assert row.changed_at > row.last_updated
        assert LogEntry.objects.get().get_change_message() == "ended"

    def test_are_not_edited(self, staff: Client, hub: Platform):
        row = make_behind(hub)

        staff.post(reverse("admin:parties_partybehind_change", args=[row.pk]), {"status": "SUSPENDED", "role": "CPO"})

        row.refresh_from_db()
        assert (row.status, row.role) == ("CONNECTED", "EMSP")
