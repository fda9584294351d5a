"""Parties, platforms and objects are called in titles what they are called, with the capitals they have."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin.stored import store_one_of_each
from tests.management.cast import make_dead_letter, make_finding, make_platform, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


def read_trail(staff: Client, page: str, obj: Any) -> list[str]:
    """The words above the page: app, list, object."""
    text = staff.get(reverse(f"admin:{page}_change", args=[obj.pk])).content.decode()
    pieces = text.split("inline-block leading-5 min-w-0 truncate tracking-tight")[1:]
    return [piece.partition(">")[2].partition("<")[0].strip() for piece in pieces]


class TestTrail:
    def test_names_an_object_by_its_party_and_its_id(self, staff: Client):
        cdr = store_one_of_each()["cdrs_cdr"]

        assert read_trail(staff, "cdrs_cdr", cdr) == ["CDRs", "CDRs", "NL*CPO CDR1"]

    def test_keeps_the_small_letter_a_name_begins_with(self, staff: Client):
        platform = make_platform("eMobility Co")

        assert read_trail(staff, "parties_platform", platform)[1:] == ["Platforms", "eMobility Co"]
        assert read_trail(staff, "reconciliation_finding", make_finding())[-1] == "energy differs NL*CPO CDR1"

    def test_names_the_receiver_of_a_dead_letter(self, staff: Client):
        letter = make_dead_letter(make_platform(), module="locations", path="NL/CPO/LOC1", receiver="frmsp")

        assert read_trail(staff, "forwarding_deadletter", letter)[-1] == "PUT locations/NL/CPO/LOC1 to FR*MSP"

    def test_cannot_smuggle_markup(self, staff: Client):
        platform = make_platform("<script>alert(1)</script>")

        page = staff.get(reverse("admin:parties_platform_change", args=[platform.pk]))

        assert "<script>alert(1)" not in page.content.decode()
