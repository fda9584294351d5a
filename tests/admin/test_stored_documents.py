"""Stored documents are shown as they were told, and do nothing to the page."""

from __future__ import annotations

import pytest

from locations.models import Location
from tests.admin.every_page import url_of
from tests.management.cast import NOW

pytestmark = pytest.mark.django_db


class TestDocuments:
    @pytest.mark.parametrize(
        ("name", "text"), [("cdrs_cdr", "12.3450"), ("tariffs_tariff", "0.250"), ("management_logevent", "1.500")]
    )
    def test_keep_the_text_of_their_numbers(self, staff, rows, name, text):
        assert text in staff.get(url_of(name, "change", rows[name])).content.decode()

    def test_cannot_smuggle_markup(self, staff, rows):
        location = store_script()

        text = staff.get(url_of("locations_location", "change", location)).content.decode()

        assert "<script>alert(1)" not in text

    def test_that_were_deleted_are_out_of_the_list(self, staff, rows):
        Location.objects.update(deleted_at=NOW)
        url = url_of("locations_location", "changelist")

        assert staff.get(url).context["cl"].result_count == 0
        assert staff.get(url, {"deleted": "yes"}).context["cl"].result_count == 1


def store_script() -> int:
    location = Location.objects.get()
    location.pk = None
    location.object_key = "loc2"
    location.document = '{"name":"<script>alert(1)</script>"}'
    location.save()
    return location.pk
