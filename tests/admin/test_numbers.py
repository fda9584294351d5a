"""Pages show numbers as people write them, without the zeros that their columns add."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from reconciliation.models import Rating
from settlement.models import ExchangeRate, FeeLine, Line
from tests.management.cast import make_staff
from tests.reconciliation.disputed import make_dispute, store_disputed
from tests.reconciliation.stored import store_cdr
from tests.settlement.settled import IN_NOVEMBER, close_month, store_ready

pytestmark = pytest.mark.django_db


def get_list(client: Client, model: str) -> str:
    return client.get(reverse(f"admin:{model}_changelist")).content.decode()


def get_page(client: Client, model: str, pk: int) -> str:
    return client.get(reverse(f"admin:{model}_change", args=[pk])).content.decode()


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


def get_cells(page: str, field: str) -> list[str]:
    """Of one column of a list."""
    return [cell.strip() for cell in re.findall(rf'class="[^"]*field-{field}[^"]*"[^>]*>([^<]*)<', page)]


class TestNumbers:
    def test_of_amounts_have_the_decimals_of_their_currency_and_hide_none(self, staff):
        store_cdr("c1", total_cost=Decimal("4.20"))
        store_cdr("c2", total_cost=Decimal("4.2035"))
        store_cdr("c3", total_cost=Decimal(500), currency="JPY")
        store_cdr("c4", total_cost=Decimal(500), currency="HUF")
        store_cdr("c5", total_cost=Decimal("4.1"), currency="kwd")
        store_cdr("c6", total_cost=None)
        make_dispute(amount=Decimal("4.20"))

        cells = get_cells(get_list(staff, "cdrs_cdr"), "show_cost")

        assert sorted(cells) == sorted(["4.20", "4.2035", "500", "500.00", "4.100", "-"])
        assert get_cells(get_list(staff, "reconciliation_dispute"), "show_amount") == ["4.20"]

    def test_of_cdrs_and_sessions(self, staff):
        cdr = store_disputed()

        pages = [get_list(staff, "cdrs_cdr"), get_page(staff, "cdrs_cdr", cdr.pk)]
        pages += [get_list(staff, "charging_sessions_session")]

        assert all(">12.345<" in page.replace("\n", "").replace(" ", "") for page in pages)
        assert not any("12.345000" in page or "4.200000" in page for page in pages)

    def test_of_disputes_and_judged_cdrs(self, staff):
        cdr = store_disputed()
        dispute = make_dispute()
        Rating.objects.create(
            owner=cdr.owner, cdr_key=cdr.object_key, verdict="match", engine_version="1", policy="default",
            claimed_excl_vat=Decimal("4.20"), computed_excl_vat=Decimal("4.2035"), changed_at=cdr.changed_at,
            rated_at=cdr.changed_at,
        )  # fmt: skip

        pages = [get_list(staff, "reconciliation_dispute"), get_page(staff, "reconciliation_dispute", dispute.pk)]
        pages += [get_list(staff, "reconciliation_rating")]

        assert "4.2035" in pages[-1]
        assert not any("4.200000" in page or "4.203500" in page for page in pages)

    def test_of_what_a_price_is_made_of(self, staff):
        cdr = store_disputed()

        page = staff.get(reverse("admin:reconciliation_rating_cdr", args=[cdr.pk])).content.decode()

        assert ">12.345<" in page
        assert ">12.3450<" not in page

    def test_of_statements(self, staff):
        store_ready("c1")
        (statement,) = close_month(fee_per_session=Decimal("0.25"))
        line, fee = Line.objects.get(), FeeLine.objects.get()
        rate = ExchangeRate.objects.create(date=IN_NOVEMBER.date(), currency="USD", rate=Decimal("1.1"))

        pages = [get_page(staff, "settlement_statement", statement.pk)]
        pages += [get_list(staff, "settlement_line"), get_page(staff, "settlement_line", line.pk)]
        pages += [get_list(staff, "settlement_feeline"), get_page(staff, "settlement_feeline", fee.pk)]
        pages += [get_list(staff, "settlement_exchangerate"), get_page(staff, "settlement_exchangerate", rate.pk)]
        pages += [get_list(staff, "settlement_vatrate")]

        assert all("12.345" in page for page in pages[:3])
        assert "0.25" in pages[3]
        assert not any(text in page for page in pages for text in ("12.345000", "5.080000", "0.250000", "1.10000000"))
        assert "21.00" not in pages[-1]
