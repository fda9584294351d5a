"""Stored objects that are odd but were not refused can be found (TRANS-44, SESS-08, CDR-07)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cdrs.models import Cdr
from tests.admin.stored import store_one_of_each
from tests.management.cast import make_staff

pytestmark = pytest.mark.django_db

FLAG = "total_cost: is negative though the CDR is no credit"


def test_a_flag_is_shown_and_filtered_by(client: Client):
    cdr = store_one_of_each()["cdrs_cdr"]
    client.force_login(make_staff())
    url = reverse("admin:cdrs_cdr_changelist")

    before = client.get(url, {"flagged": "yes"}).content.decode()
    Cdr.objects.update(flags=FLAG)
    after = client.get(url, {"flagged": "yes"}).content.decode()
    page = client.get(reverse("admin:cdrs_cdr_change", args=[cdr.pk])).content.decode()

    assert "CDR1" not in before
    assert "CDR1" in after
    assert FLAG in page
