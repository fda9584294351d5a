from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from invoicing import gather
from invoicing.issue import issue_for
from settlement.models import Statement
from tests.invoicing.issued import NOW, bill_fees, make_companies
from tests.settlement.settled import CONSUMER, close_month, store_company, store_ready

pytestmark = pytest.mark.django_db


def make_fees(**terms: Any) -> Statement:
    """What the hub takes for two sessions of 4.20 each, of November."""
    make_companies(domestic=False)
    store_company("nlhub", legal_name="Hub Operations B.V.", vat_number="NL004495445B01")
    store_ready("one")
    store_ready("two")
    close_month(**terms)
    return bill_fees()


class TestIssueForFees:
    def test_is_the_hubs_own_invoice(self):
        invoice = issue_for(make_fees(fee_per_session=Decimal("0.35")), now=NOW)

        document = invoice.get_document()
        assert (invoice.kind, invoice.issuer, invoice.recipient) == ("fee_invoice", "nlhub", CONSUMER)
        assert invoice.number == "NLHUB2027-000001"
        assert (document.seller.name, document.issued_by, document.notes) == ("Hub Operations B.V.", "", ())

    def test_has_a_line_per_rule(self):
        statement = make_fees(
            fee_per_session=Decimal("0.35"), fee_percentage=Decimal("2.5"), fee_minimum=Decimal("5.00")
        )

        document = issue_for(statement, now=NOW).get_document()

        assert sorted(line.net for line in document.lines) == [Decimal("0.21"), Decimal("0.70"), Decimal("4.09")]
        assert document.due == statement.gross == Decimal("5.00")

    def test_charges_the_hubs_vat_at_home(self):
        statement = make_fees(fee_per_session=Decimal("0.35"), fee_payer="provider")

        document = issue_for(statement, now=NOW).get_document()

        (group,) = document.vat
        assert (group.category.value, group.rate, group.amount) == ("S", Decimal(21), Decimal("0.15"))
        assert document.due == statement.gross

    def test_sums_up_by_rule_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(gather, "MOST_FEES", 1)
        store_ready("three", owner="decpx")
        close_month(provider="decpx", fee_per_session=Decimal("0.35"))

        document = issue_for(make_fees(fee_per_session=Decimal("0.35")), now=NOW).get_document()

        (line,) = document.lines
        assert (line.net, line.quantity, line.detail) == (Decimal("1.05"), Decimal(3), "2 paires de partenaires")
