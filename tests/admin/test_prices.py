"""Claimed and computed side by side, in the admin."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from reconciliation.models import Rating
from reconciliation.rate import rate_pending
from tests.documents import cdr_document
from tests.reconciliation.stored import NOW, store_cdr, text

pytestmark = pytest.mark.django_db


class TestPage:
    def test_is_reached_from_the_cdr(self, staff):
        cdr = store_cdr(document=text(cdr_document()))

        page = staff.get(reverse("admin:cdrs_cdr_change", args=[cdr.pk])).content.decode()
        action = reverse("admin:cdrs_cdr_price", args=[cdr.pk])
        answer = staff.get(action)

        assert action in page
        assert answer["Location"] == reverse("admin:reconciliation_rating_cdr", args=[cdr.pk])

    def test_shows_claimed_computed_lines_and_findings(self, staff):
        wrong = cdr_document(total_cost={"excl_vat": Decimal("9.20"), "incl_vat": Decimal("11.13")})
        cdr = store_cdr(document=text(wrong))

        page = staff.get(reverse("admin:reconciliation_rating_cdr", args=[cdr.pk])).content.decode()

        for shown in (
            "9.2",
            "4.2035",
            "4.9965",
            "11.13",
            "5.0862",
            ">total cost mismatch<",
            "ENERGY",
            ">12.345<",
            "3.7035",
        ):
            assert shown in page
        assert not Rating.objects.exists()

    def test_is_that_of_a_rating_too(self, staff):
        store_cdr(document=text(cdr_document()))
        rate_pending(now=NOW)

        page = staff.get(reverse("admin:reconciliation_rating_change", args=[Rating.objects.get().pk]))

        assert "4.2035" in page.content.decode()

    def test_bears_a_cdr_that_cannot_be_read(self, staff):
        cdr = store_cdr(document="<b>nonsense</b>")

        page = staff.get(reverse("admin:reconciliation_rating_cdr", args=[cdr.pk]))

        assert page.status_code == 200
        assert "No price could be computed" in page.content.decode()

    def test_escapes_what_a_partner_wrote(self, staff):
        cdr = store_cdr(document=text(cdr_document() | {"<script>alert(1)</script>": 1}))

        page = staff.get(reverse("admin:reconciliation_rating_cdr", args=[cdr.pk])).content.decode()

        assert ">unknown field<" in page
        assert "<script>alert(1)" not in page

    def test_is_not_for_those_who_may_not_see_it(self, client):
        cdr = store_cdr(document=text(cdr_document()))
        client.force_login(User.objects.create_user("clerk", is_staff=True))

        assert client.get(reverse("admin:reconciliation_rating_cdr", args=[cdr.pk])).status_code == 403
