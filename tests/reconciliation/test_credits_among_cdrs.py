"""Credits beside the CDRs that they take back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cdrs.models import Cdr
from reconciliation.models import Finding
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import NOW, get_open, store_cdr, store_credit, store_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("way")]
LATER = NOW + timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
NO_MIRRORS = [  # of 4.20 EUR, with VAT 5.08
    {"total_cost": Decimal("-0.01"), "total_cost_incl": Decimal("-5.08")},
    {"total_cost_incl": Decimal("-0.01")},
    {"total_cost_incl": None},
    {"total_cost_incl": Decimal("-5.08"), "currency": "CHF"},
]


class TestCredits:
    def test_of_an_unknown_cdr_are_named_when_the_grace_is_over(self):
        store_credit("c1-c", of="c1", received_at=NOW - 2 * MINUTE)
        reconcile_pending(now=NOW)
        assert get_open() == []

        reconcile_pending(now=LATER)

        assert get_open() == [("credit_reference_unknown", "C1-C")]
        assert Finding.objects.get().expected == "c1"

    def test_of_a_cdr_that_comes_after_them_are_known(self):
        store_session()
        store_credit("c1-c", of="c1")
        reconcile_pending(now=NOW)

        store_cdr("c1", session_key="other", received_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == []

    def test_of_another_cpos_cdr_are_of_an_unknown_one(self):
        store_session(owner="decpo")
        store_cdr("c1", owner="decpo")
        store_credit("c1-c", of="c1")

        reconcile_pending(now=NOW)

        assert get_open() == [("credit_reference_unknown", "C1-C")]

    @pytest.mark.parametrize(
        ("credit", "told"),
        [
            ({"total_cost": Decimal("-4.21")}, ("-4.2 EUR", "-4.21 EUR")),
            ({"total_cost": Decimal("4.20")}, ("-4.2 EUR", "4.2 EUR")),
            ({"currency": "CHF"}, ("-4.2 EUR", "-4.2 CHF")),
        ],
    )
    def test_take_back_exactly_what_was_billed(self, credit, told):
        store_session()
        store_cdr("c1")
        store_credit("c1-c", of="c1", **credit)

        reconcile_pending(now=NOW)

        assert get_open() == [("credit_total_not_mirror", "C1-C")]
        finding = Finding.objects.get()
        assert (finding.expected, finding.actual) == told

    @pytest.mark.parametrize(
        ("billed", "taken_back", "told"),
        [
            ("5.08", None, ("-5.08 EUR", "no amount")),
            ("5.08", "0", ("-5.08 EUR", "0 EUR")),
            ("5.08", "5.08", ("-5.08 EUR", "5.08 EUR")),
            (None, "-5.08", ("no amount", "-5.08 EUR")),
        ],
    )
    def test_take_back_the_vat_as_well(self, billed, taken_back, told):
        """CDR-06: all amounts of total_cost are negated."""
        store_session()
        store_cdr("c1", total_cost_incl=billed)
        store_credit("c1-c", of="c1", total_cost_incl=taken_back)

        reconcile_pending(now=NOW)

        assert get_open() == [("credit_total_not_mirror", "C1-C")]
        finding = Finding.objects.get()
        assert (finding.path, finding.severity) == ("/total_cost/incl_vat", "hold")
        assert (finding.expected, finding.actual) == told

    @pytest.mark.parametrize("wrong", NO_MIRRORS)
    def test_that_are_no_mirror_settle_nothing(self, wrong):
        store_session(kwh=Decimal(1))
        store_cdr("c1", total_cost_incl=Decimal("5.08"))
        store_cdr("c2", total_energy=Decimal(1))
        store_credit("c1-c", of="c1", **wrong)

        reconcile_pending(now=NOW)

        assert {("energy_differs", "C1"), ("session_billed_twice", "C2")} <= set(get_open())

    @pytest.mark.parametrize("wrong", NO_MIRRORS)
    def test_do_not_stand_in_the_way_of_the_mirror_that_follows(self, wrong):
        store_session(kwh=Decimal(1))
        store_cdr("c1", total_cost_incl=Decimal("5.08"))
        store_credit("c1-c", of="c1", **wrong)
        reconcile_pending(now=NOW)

        store_credit("c1-d", of="c1", total_cost_incl=Decimal("-5.08"), received_at=NOW)
        reconcile_pending(now=LATER)

        assert set(get_open()) == {("credit_total_not_mirror", "C1-C")}

    def test_mirror_a_total_that_was_replaced(self):
        store_session(total_cost=None)
        store_cdr("c1", total_cost=Decimal("4.30"))
        store_credit("c1-c", of="c1")
        reconcile_pending(now=NOW)
        assert get_open() == [("credit_total_not_mirror", "C1-C")]

        Cdr.objects.filter(object_key="c1").update(total_cost=Decimal("4.20"), changed_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == []

    def test_are_one_for_each_cdr(self):
        store_session()
        store_cdr("c1")
        store_credit("c1-c", of="c1")
        store_credit("c1-d", of="c1")

        reconcile_pending(now=NOW)

        assert get_open() == [("credited_twice", "C1-D")]
        assert Finding.objects.get().expected == "C1-C"

    def test_give_back_to_nobody_but_who_was_billed(self):
        store_session(kwh=Decimal(1))
        store_cdr("c1")
        store_credit("c1-c", of="c1", token_owner="itmsp")

        reconcile_pending(now=NOW)

        assert get_open() == [("credit_token_owner_differs", "C1-C"), ("energy_differs", "C1")]
        finding = Finding.objects.get(kind="credit_token_owner_differs")
        assert (finding.severity, finding.path) == ("hold", "/cdr_token")
        assert finding.message == "CDR C1-C gives back to itmsp what was billed to frmsp: it is never settled."

    def test_of_a_credit_are_named_and_change_nothing(self):
        """A credit refers to the CDR that billed (CDR-06)."""
        store_session(kwh=Decimal(1))
        store_cdr("c1")
        store_credit("c1-c", of="c1")
        store_credit("c1-d", of="c1-c", total_cost=Decimal("4.20"))
        store_credit("c1-e", of="c1-c", total_cost=Decimal("4.20"))

        reconcile_pending(now=NOW)

        assert get_open() == [("credit_of_credit", "C1-D"), ("credit_of_credit", "C1-E")]
        finding = Finding.objects.get(cdr_key="c1-d")
        assert (finding.severity, finding.path, finding.expected) == ("hold", "/credit_reference_id", "C1-C")
        assert "takes back CDR C1-C, which is a credit:" in finding.message

    def test_settle_a_cdr_without_session(self):
        store_cdr("c1", session_key="")
        store_credit("c1-c", of="c1", session_key="")

        reconcile_pending(now=NOW)

        assert get_open() == []
