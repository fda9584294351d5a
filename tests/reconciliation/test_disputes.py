from __future__ import annotations

from datetime import timedelta

import pytest

from cdrs.models import Cdr
from reconciliation.dispute_states import Action, Outcome
from reconciliation.disputes import extend, open_dispute
from reconciliation.finding_life import NotAllowed
from reconciliation.holds import is_held
from reconciliation.models import Dispute, Finding, State
from tests.management.cast import make_finding
from tests.reconciliation.disputed import (
    CPO,
    EMSP,
    HUB,
    LATER,
    do,
    get_texts,
    open_it,
)
from tests.reconciliation.stored import NOW, store_cdr

pytestmark = pytest.mark.django_db


class TestOpenDispute:
    def test_holds_the_cdr_and_says_who_opened_it(self):
        dispute = open_it()

        entry = dispute.entries.get()
        assert (entry.side, entry.by, entry.text) == ("emsp", "Ms Martin", "too much")
        assert (dispute.owner, dispute.token_owner, str(dispute.amount), dispute.currency) == (
            "nlcpo",
            "frmsp",
            "4.20",
            "EUR",
        )
        assert dispute.due_at == NOW + timedelta(days=14)
        assert is_held("nlcpo", "c1")

    def test_takes_the_finding_along(self):
        finding = make_finding(cdr_key="c1")

        open_it(finding=finding)

        finding.refresh_from_db()
        event = finding.events.get()
        assert (finding.state, event.side, event.by, event.before, event.after) == (
            "disputed",
            "emsp",
            "Ms Martin",
            "open",
            "disputed",
        )

    def test_is_refused_for_a_finding_about_another_cdr(self):
        with pytest.raises(NotAllowed, match="another CDR"):
            open_it(finding=make_finding(cdr_key="c2"))

    def test_is_refused_twice(self):
        dispute = open_it()

        with pytest.raises(NotAllowed, match="already"):
            open_dispute(_cdr(dispute), actor=CPO, reason="again", now=NOW)

    @pytest.mark.parametrize(
        ("columns", "says"),
        [
            ({"is_credit": True}, "credit CDR"),
            ({"is_verified": False}, "not taken"),
            ({"deleted_at": NOW}, "not taken"),
        ],
    )
    def test_is_refused_for_what_is_no_bill(self, columns, says):
        with pytest.raises(NotAllowed, match=says):
            open_dispute(store_cdr(**columns), actor=EMSP, reason="x", now=NOW)


def _cdr(dispute: Dispute) -> Cdr:
    return Cdr.objects.get(owner=dispute.owner, object_key=dispute.cdr_key)


class TestAct:
    def test_accepting_makes_a_credit_due(self):
        finding = make_finding(cdr_key="c1")
        dispute = open_it(finding=finding)

        dispute = do(dispute, Action.ACCEPT, CPO, text="you are right")

        finding.refresh_from_db()
        assert (dispute.state, dispute.outcome, dispute.is_holding) == ("accepted", "falls", True)
        assert dispute.due_at == LATER + timedelta(days=14)
        assert dispute.closed_at is None
        assert finding.state == "disputed"
        assert is_held("nlcpo", "c1")

    def test_the_emsp_accepts_the_bill(self):
        finding = make_finding(cdr_key="c1")
        dispute = do(open_it(CPO, finding=finding), Action.ACCEPT, EMSP)

        finding.refresh_from_db()
        assert (dispute.state, dispute.outcome, dispute.closed_at) == ("accepted", "stands", LATER)
        assert [event.after for event in finding.events.all()] == ["disputed", "accepted"]
        assert not is_held("nlcpo", "c1")

    def test_withdrawing_opens_the_finding_again(self):
        finding = make_finding(cdr_key="c1")
        do(open_it(finding=finding), Action.WITHDRAW, EMSP)

        finding.refresh_from_db()
        assert finding.state == "open"

    def test_the_hub_decides(self):
        dispute = do(open_it(), Action.ESCALATE, EMSP, text="no answer")
        dispute = do(dispute, Action.DECIDE, HUB, text="the meter is right", decided=Outcome.STANDS)

        assert (dispute.state, dispute.outcome, dispute.is_holding) == ("decided", "stands", False)
        assert get_texts(dispute)[-1] == ("decide", "the meter is right")

    def test_the_hub_says_what_it_decides(self):
        dispute = do(open_it(), Action.ESCALATE, HUB)

        with pytest.raises(NotAllowed, match="stands, or it falls"):
            do(dispute, Action.DECIDE, HUB)

    def test_refusals_leave_no_trace(self):
        dispute = open_it()

        with pytest.raises(NotAllowed):
            do(dispute, Action.ACCEPT, EMSP)

        assert len(get_texts(dispute)) == 1

    def test_the_hub_extends(self):
        dispute = extend(open_it().pk, due_at=NOW + timedelta(days=30), actor=HUB, text="holidays", now=LATER)

        assert dispute.due_at == NOW + timedelta(days=30)
        assert "holidays" in get_texts(dispute)[-1][1]

    @pytest.mark.parametrize(("actor", "days"), [(HUB, -1), (EMSP, 30)])
    def test_extending_is_refused(self, actor, days):
        with pytest.raises(NotAllowed):
            extend(open_it().pk, due_at=NOW + timedelta(days=days), actor=actor, text="", now=NOW)


class TestJudge:
    def test_is_refused_while_a_dispute_goes_on(self):
        finding = make_finding(cdr_key="c1")
        open_it(finding=finding)
        finding.refresh_from_db()

        with pytest.raises(NotAllowed, match="settled there"):
            finding.judge(State.CLOSED, note="", now=LATER)

    def test_is_refused_when_it_has_changed_meanwhile(self):
        finding = make_finding()
        Finding.objects.update(state="closed", closed_at=NOW)

        with pytest.raises(NotAllowed, match="meanwhile"):
            finding.judge(State.ACCEPTED, note="", now=LATER)
