"""What becomes of the findings of CDR control, as CDRs are judged again or taken back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cdrs.control.terms import read_setting
from cdrs.models import Cdr
from reconciliation.models import Finding, Rating, State
from reconciliation.rate import rate_pending
from reconciliation.reconcile import reconcile_pending
from tests.documents import cdr_document
from tests.reconciliation.rated import WRONG, findings, store
from tests.reconciliation.stored import NOW, get_open, store_credit, store_session, text

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


class TestFindings:
    @pytest.mark.parametrize("state", [State.ACCEPTED, State.CLOSED, State.DISPUTED])
    def test_stay_as_people_judged_them_while_they_are_the_same(self, state, settings):
        store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        Finding.objects.get(kind="total_cost_mismatch").judge(state, note="we know", now=NOW)
        settings.HUB_CONTROL = read_setting('{"tolerances": {"total": 2}}')

        rate_pending(now=LATER)

        finding = Finding.objects.get(kind="total_cost_mismatch")
        assert (finding.state, finding.note) == (state, "we know")

    def test_are_opened_again_by_another_difference(self):
        cdr = store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        Finding.objects.get(kind="total_cost_mismatch").judge(State.ACCEPTED, note="", now=NOW)
        worse = cdr_document(total_cost={"excl_vat": Decimal("19.20"), "incl_vat": Decimal("21.13")})
        Cdr.objects.filter(pk=cdr.pk).update(document=text(worse), changed_at=NOW)

        rate_pending(now=LATER)

        assert Finding.objects.get(kind="total_cost_mismatch").state == "open"

    def test_of_comparing_and_of_control_leave_each_other_alone(self):
        store_session(kwh=Decimal(99))
        store(document=cdr_document(**WRONG))

        rate_pending(now=NOW)
        reconcile_pending(now=NOW)
        Rating.objects.all().delete()
        rate_pending(now=NOW)

        assert {("energy_differs", "C1"), ("total_cost_mismatch", "C1")} <= set(get_open())

    def test_end_when_the_cdr_is_taken_back_to_the_cent(self):
        store(document=cdr_document(**WRONG))
        rate_pending(now=NOW)
        assert findings()
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}", changed_at=LATER)

        rate_pending(now=LATER)

        assert findings() == set()

    @pytest.mark.parametrize(
        "taken_back",
        [
            {"total_cost": Decimal("-5.00")},
            {"total_cost_incl": Decimal("0")},
            {"total_cost_incl": None},
            {"currency": "CHF"},
        ],
    )
    def test_stay_when_anything_else_was_taken_back(self, taken_back):
        store(document=cdr_document(**WRONG), total_cost_incl=Decimal("11.13"))
        mirror = {"total_cost": Decimal("-9.20"), "total_cost_incl": Decimal("-11.13")}
        store_credit("c2", of="c1", document="{}", **(mirror | taken_back))

        rate_pending(now=NOW)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()
        assert Finding.objects.filter(cdr_key="c2", severity="reject").exists()

    def test_stay_when_only_a_wrong_credit_was_taken_back(self):
        store(document=cdr_document(**WRONG))
        store_credit("c2", of="c1", total_cost=Decimal("-0.01"), document="{}")
        store_credit("c3", of="c2", total_cost=Decimal("0.01"), document="{}")

        rate_pending(now=NOW)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()
        assert {one.cdr_key for one in Finding.objects.filter(state="open")} == {"c1", "c2", "c3"}

    def test_come_back_when_the_credit_is_none_any_more(self):
        """One that no receiver has accepted may be replaced (CDR-05)."""
        store(document=cdr_document(**WRONG))
        credit = store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")
        rate_pending(now=NOW)
        assert findings() == set()

        Cdr.objects.filter(pk=credit.pk).update(total_cost=Decimal("-0.01"), changed_at=NOW)
        rate_pending(now=LATER)

        assert ("total_cost_mismatch", "/total_cost", "hold") in findings()

    def test_end_of_a_credit_that_came_before_what_it_takes_back(self):
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")
        rate_pending(now=NOW)
        assert findings()

        store(document=cdr_document(**WRONG), changed_at=NOW)
        assert rate_pending(now=LATER) == 1

        assert findings() == set()

    def test_are_none_of_a_cdr_that_was_taken_back_before(self):
        store(document=cdr_document(**WRONG))
        store_credit("c2", of="c1", total_cost=Decimal("-9.20"), document="{}")

        rate_pending(now=NOW)

        assert findings() == set()
        assert Rating.objects.count() == 2
