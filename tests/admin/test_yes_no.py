"""Yes and no are words; only the answer that is a fault has a colour."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from cdrs.models import Cdr
from locations.models import Location
from tests.admin.stored import store_one_of_each
from tests.management.cast import make_lane, make_platform, make_staff

pytestmark = pytest.mark.django_db

FAULT = '<span class="hub-badge hub-is-bad">{}</span>'


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


class TestLists:
    def test_say_no_without_a_cross(self, staff: Client):
        store_one_of_each()
        Location.objects.update(publish=False)

        text = staff.get(reverse("admin:locations_location_changelist")).content.decode()

        assert "close_small" not in text
        assert re.findall(r"field-publish[^>]*>\s*(.*?)\s*</td>", text) == ["no"]


class TestPages:
    def test_mark_the_no_that_is_a_fault(self, staff: Client):
        location = store_one_of_each()["locations_location"]
        page = reverse("admin:locations_location_change", args=[location.pk])
        assert FAULT.format("no") not in staff.get(page).content.decode()

        Location.objects.update(is_verified=False, publish=False)

        assert staff.get(page).content.decode().count(FAULT.format("no")) == 1

    def test_mark_the_yes_that_is_a_fault(self, staff: Client):
        cdr = store_one_of_each()["cdrs_cdr"]
        page = reverse("admin:cdrs_cdr_change", args=[cdr.pk])
        assert "hub-is-bad" not in staff.get(page).content.decode()

        Cdr.objects.update(is_undelivered=True, is_credit=True)

        assert staff.get(page).content.decode().count(FAULT.format("yes")) == 1

    def test_of_a_lane_and_a_platform_mark_what_is_wrong_with_it(self, staff: Client):
        lane = make_lane(make_platform(is_online=False), needs_resync=True)

        of_lane = staff.get(reverse("admin:forwarding_lane_change", args=[lane.pk])).content.decode()
        of_platform = staff.get(reverse("admin:parties_platform_change", args=[lane.platform_id])).content.decode()

        assert FAULT.format("yes") in of_lane
        assert FAULT.format("no") in of_platform
