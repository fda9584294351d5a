"""The page of a statement: its lines, its files to the byte, and names as people write them."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from settlement import statement_page
from settlement.close_fees import close_fees
from settlement.models import Closing, Company, Statement
from tests.settlement.settled import NOW, close_month, store_ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def statement() -> Statement:
    for key in ("a<1", "b2"):
        store_ready(key)
    (statement,) = close_month()
    return statement


def open_page(client: Client, statement: Statement) -> str:
    return client.get(reverse("admin:settlement_statement_change", args=[statement.pk])).content.decode()


class TestTerms:
    def test_begin_with_the_zone_that_the_hub_settles_in(self, staff, settings):
        settings.HUB_SETTLEMENT_TIME_ZONE = "Europe/Lisbon"

        page = staff.get(reverse("admin:settlement_terms_add"))

        assert page.context["adminform"].form["time_zone"].value() == "Europe/Lisbon"


class TestStatement:
    def test_shows_its_lines_and_leads_to_their_cdrs(self, staff, statement):
        page = open_page(staff, statement)

        for line in statement.lines.all():
            assert reverse("admin:cdrs_cdr_change", args=[line.cdr_id]) in page
            assert f"{line.gross:.2f}" in page
        assert "a<1" not in page

    def test_shows_some_and_leads_to_all(self, staff, statement, monkeypatch):
        monkeypatch.setattr(statement_page, "SHOWN", 1)

        page = open_page(staff, statement)

        assert f"/admin/settlement/line/?q={statement.reference}" in page
        assert "all 2 lines" in page

    @pytest.mark.parametrize("kind", ["csv", "json"])
    def test_hands_out_the_sealed_bytes(self, staff, statement, kind):
        answer = staff.get(reverse("admin:settlement_statement_file", args=[statement.pk, kind]))

        assert sha256(answer.content).hexdigest() == getattr(statement, f"{kind}_sha256")
        assert f"{statement.reference}.{kind}" in answer["Content-Disposition"]

    def test_has_no_other_files(self, staff, statement):
        assert staff.get(reverse("admin:settlement_statement_file", args=[statement.pk, "exe"])).status_code == 404

    def test_hands_out_nothing_to_staff_who_may_not_see_it(self, client, statement):
        client.force_login(User.objects.create_user("clerk", is_staff=True))

        assert client.get(reverse("admin:settlement_statement_file", args=[statement.pk, "csv"])).status_code == 403

    def test_writes_names_as_the_trade_does(self, staff, statement):
        page = open_page(staff, statement)

        assert "VAT treatment" in page
        assert "CSV SHA-256" in page


class TestFees:
    def test_are_shown_line_by_line(self, staff):
        store_ready("c1")
        close_month(fee_per_session=Decimal("0.10"))
        (statement,) = close_fees(until=NOW, now=NOW)

        page = open_page(staff, statement)

        assert "0.10" in page.split("Quantity")[1]


class TestClosing:
    def test_says_its_days_where_its_parties_live(self, staff, statement):
        page = staff.get(reverse("admin:settlement_closing_changelist")).content.decode()

        assert "2026-11-01 – 2026-11-30 (Europe/Amsterdam)" in page

    def test_without_statements_says_its_moments(self, staff, statement):
        Closing.objects.create(provider="nlcpo", consumer="itmsp", period_start=NOW, period_end=NOW, closed_at=NOW)

        page = staff.get(reverse("admin:settlement_closing_changelist")).content.decode()

        assert "2027-01-04 03:00 – 2027-01-04 03:00 (UTC)" in page


class TestCompany:
    TYPED = {
        "party": "nlcpo",
        "legal_name": "Charge B.V.",
        "street": "Kade 1",
        "postal_code": "1",
        "city": "Utrecht",
        "country": "NL",
    }

    @pytest.mark.parametrize(
        ("name", "wrong"), [("vat_number", "NL12"), ("iban", "NL00"), ("bic", "x"), ("country", "ZZ")]
    )
    def test_of_a_wrong_form_is_told_with_what_was_typed(self, staff, name, wrong):
        answer = staff.post(reverse("admin:settlement_company_add"), self.TYPED | {name: wrong})

        assert answer.status_code == 200
        assert list(answer.context["adminform"].form.errors) == [name]
        assert "Charge B.V." in answer.content.decode()

    def test_keeps_numbers_compact(self, staff):
        numbers = {"vat_number": "nl 0044.95.445.B01", "iban": "nl02 abna 0123 4567 89", "bic": "abnanl2a"}

        staff.post(reverse("admin:settlement_company_add"), self.TYPED | numbers)

        company = Company.objects.get()
        assert (company.vat_number, company.iban, company.bic) == (
            "NL004495445B01",
            "NL02ABNA0123456789",
            "ABNANL2A",
        )
