"""The life of a dispute as a table: who may do what when, and what becomes of the bill."""

from __future__ import annotations

import pytest

from parties.side_names import Side
from reconciliation.dispute_states import (
    RULES,
    Action,
    DisputeState,
    Outcome,
    check_opening,
    get_challenged,
    get_outcome,
    is_holding,
    step,
)
from reconciliation.finding_life import BY_PEOPLE, NotAllowed, check_judgement

S, A = DisputeState, Action
OPENED_BY_EMSP = [
    # state, action, by, then
    (S.OPEN, A.MESSAGE, "emsp cpo hub", S.OPEN),
    (S.OPEN, A.ACCEPT, "cpo", S.ACCEPTED),
    (S.OPEN, A.WITHDRAW, "emsp", S.WITHDRAWN),
    (S.OPEN, A.ESCALATE, "emsp cpo hub", S.ESCALATED),
    (S.OPEN, A.EXTEND, "hub", S.OPEN),
    (S.OPEN, A.REMIND, "hub", S.OPEN),
    (S.OPEN, A.CREDIT, "hub", S.CREDITED),
    (S.ESCALATED, A.MESSAGE, "emsp cpo hub", S.ESCALATED),
    (S.ESCALATED, A.ACCEPT, "cpo", S.ACCEPTED),
    (S.ESCALATED, A.WITHDRAW, "emsp", S.WITHDRAWN),
    (S.ESCALATED, A.DECIDE, "hub", S.DECIDED),
    (S.ESCALATED, A.CREDIT, "hub", S.CREDITED),
    (S.ACCEPTED, A.MESSAGE, "emsp cpo hub", S.ACCEPTED),
    (S.ACCEPTED, A.CREDIT, "hub", S.CREDITED),
    (S.DECIDED, A.MESSAGE, "emsp cpo hub", S.DECIDED),
    (S.DECIDED, A.CREDIT, "hub", S.CREDITED),
    (S.CREDITED, A.REPLACE, "hub", S.CREDITED),
]
ALLOWED = {(state, action, Side(side)): to for state, action, by, to in OPENED_BY_EMSP for side in by.split()}


class TestStep:
    @pytest.mark.parametrize("state", DisputeState)
    @pytest.mark.parametrize("action", list(RULES))
    @pytest.mark.parametrize("side", Side)
    def test_follows_the_table_and_refuses_all_else(self, state, action, side):
        to = ALLOWED.get((state, action, side))

        if to is not None:
            assert step(state, action, side=side, opener=Side.EMSP) is to
        else:
            with pytest.raises(NotAllowed):
                step(state, action, side=side, opener=Side.EMSP)

    def test_turns_round_when_the_cpo_opened(self):
        assert step(S.OPEN, A.ACCEPT, side=Side.EMSP, opener=Side.CPO) is S.ACCEPTED
        with pytest.raises(NotAllowed, match="only the eMSP can"):
            step(S.OPEN, A.ACCEPT, side=Side.CPO, opener=Side.CPO)

    def test_lets_the_hub_withdraw_what_it_opened(self):
        assert step(S.OPEN, A.WITHDRAW, side=Side.HUB, opener=Side.HUB) is S.WITHDRAWN
        assert get_challenged(Side.HUB) is Side.CPO

    def test_says_when_it_would_be_possible(self):
        with pytest.raises(NotAllowed, match="is open: decide is possible only while it is escalated"):
            step(S.OPEN, A.DECIDE, side=Side.HUB, opener=Side.EMSP)


class TestOutcome:
    @pytest.mark.parametrize(
        ("action", "opener", "decided", "outcome"),
        [
            (A.ACCEPT, Side.EMSP, Outcome.NONE, Outcome.FALLS),
            (A.ACCEPT, Side.HUB, Outcome.NONE, Outcome.FALLS),
            (A.ACCEPT, Side.CPO, Outcome.NONE, Outcome.STANDS),
            (A.WITHDRAW, Side.EMSP, Outcome.NONE, Outcome.STANDS),
            (A.DECIDE, Side.EMSP, Outcome.STANDS, Outcome.STANDS),
            (A.DECIDE, Side.EMSP, Outcome.FALLS, Outcome.FALLS),
            (A.CREDIT, Side.EMSP, Outcome.NONE, Outcome.FALLS),
            (A.MESSAGE, Side.EMSP, Outcome.NONE, Outcome.NONE),
        ],
    )
    def test_is_what_becomes_of_the_bill(self, action, opener, decided, outcome):
        assert get_outcome(action, opener=opener, before=Outcome.NONE, decided=decided) is outcome

    def test_holds_until_what_falls_is_credited(self):
        assert is_holding(S.ACCEPTED, Outcome.FALLS)
        assert not is_holding(S.ACCEPTED, Outcome.STANDS)
        assert not is_holding(S.CREDITED, Outcome.FALLS)


class TestOpening:
    @pytest.mark.parametrize(
        ("earlier", "says"),
        [
            ((S.OPEN, Outcome.NONE, Side.EMSP), "already: write into that one, number 7"),
            ((S.ACCEPTED, Outcome.FALLS, Side.EMSP), "already: write into"),
            ((S.DECIDED, Outcome.STANDS, Side.EMSP), "final"),
            ((S.CREDITED, Outcome.FALLS, Side.EMSP), "final"),
            ((S.WITHDRAWN, Outcome.STANDS, Side.EMSP), "withdrawn"),
        ],
    )
    def test_is_refused_after(self, earlier, says):
        with pytest.raises(NotAllowed, match=says):
            check_opening(Side.EMSP, earlier={7: earlier})

    def test_is_free_for_the_other_side_after_a_withdrawal(self):
        check_opening(Side.CPO, earlier={7: (S.WITHDRAWN, Outcome.STANDS, Side.EMSP)})


FINDING_STATES = ("open", "explained", "accepted", "disputed", "closed")


class TestJudgement:
    @pytest.mark.parametrize("before", FINDING_STATES)
    @pytest.mark.parametrize("after", FINDING_STATES)
    def test_follows_the_table(self, before, after):
        if after in BY_PEOPLE[before]:
            check_judgement(before, after)
        else:
            with pytest.raises(NotAllowed, match="can become"):
                check_judgement(before, after)

    def test_is_never_the_hubs_own_word(self):
        assert not any("explained" in allowed for allowed in BY_PEOPLE.values())
