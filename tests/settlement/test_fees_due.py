"""The fees of the hub that are billed when periods are closed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from settlement.due import settle
from settlement.models import FeeLine, Line, Statement, VatRate
from tests.settlement.settled import (
    CONSUMER,
    NOW,
    PROVIDER,
    UNTIL_DECEMBER,
    get_references,
    store_company,
    store_ready,
    store_terms,
)

pytestmark = pytest.mark.django_db


class TestFees:
    @pytest.fixture(autouse=True)
    def _terms(self):
        store_terms(fee_per_session=Decimal("0.25"), fee_percentage=Decimal(2), fee_payer="both")
        store_company("nlhub", vat_number="NL004495445B01")
        store_company(PROVIDER)
        store_company(CONSUMER, vat_number="FR40303265045")
        store_ready("c1")
        store_ready("c2")

    def test_are_billed_to_each_payer_with_its_own_vat(self):
        settle(None, until=UNTIL_DECEMBER, now=NOW)

        fees = Statement.objects.filter(kind="fee").order_by("buyer")
        assert [(one.reference, one.net, one.vat, one.vat_treatment) for one in fees] == [
            ("NLHUB-FRMSP-FEES-EUR-2026-11", Decimal("0.67"), Decimal(0), "reverse_charge"),
            ("NLHUB-NLCPO-FEES-EUR-2026-11", Decimal("0.67"), Decimal("0.15"), "domestic"),
        ]
        lines = FeeLine.objects.filter(payer=PROVIDER).order_by("position")
        assert [(line.rule, line.quantity, line.net, line.vat) for line in lines] == [
            ("per_session", 2, Decimal("0.50"), Decimal("0.11")),
            ("percentage", Decimal("8.40"), Decimal("0.17"), Decimal("0.04")),
        ]
        assert fees[1].vat_totals == [{"category": "S", "rate": "21", "net": "0.67", "vat": "0.15"}]

    def test_of_a_pair_that_is_closed_late_are_billed_in_the_next_month(self):
        settle(None, until=UNTIL_DECEMBER, now=NOW)
        store_ready("c3", token_owner="itmsp")
        store_terms(consumer="itmsp", fee_per_session=Decimal(1), fee_payer="provider")

        settle(None, until=UNTIL_DECEMBER, now=NOW)
        assert FeeLine.objects.filter(statement=None).count() == 1
        settle(None, until=NOW, now=NOW)

        late = Statement.objects.get(kind="fee", last_day=date(2026, 12, 31))
        assert (late.buyer, late.net) == (PROVIDER, Decimal("1.00"))

    def test_are_billed_once(self):
        settle(None, until=UNTIL_DECEMBER, now=NOW)
        before = get_references()

        settle(None, until=UNTIL_DECEMBER, now=NOW)

        assert get_references() == before

    def test_wait_for_a_vat_rate(self):
        VatRate.objects.filter(country="NL").delete()

        report = settle(None, until=UNTIL_DECEMBER, now=NOW)

        assert "no VAT rate of NL" in report.failures["fees of NL*CPO"]
        assert {line.payer for line in FeeLine.objects.filter(statement=None)} == {PROVIDER}

    def test_have_a_minimum_for_no_month_before_the_first_cdr_came(self, settings):
        settings.HUB_FEE_MINIMUM = Decimal(10)
        store_ready("rtc", token_owner="itmsp", end_at=datetime(2000, 1, 1, tzinfo=UTC))

        settle(None, until=UNTIL_DECEMBER, now=NOW)

        assert Statement.objects.get(kind="fee", buyer="itmsp").net == Decimal("10.00")
        assert Line.objects.get(cdr_id_text="RTC").kind == "late"

    def test_have_a_minimum_in_a_month_without_cdrs(self):
        store_terms(consumer="itmsp", fee_minimum=Decimal(10), valid_from=datetime(2026, 11, 1, tzinfo=UTC))

        settle(None, until=UNTIL_DECEMBER, now=NOW)

        assert Statement.objects.get(kind="fee", buyer="itmsp").net == Decimal("10.00")
