"""What time and new CDRs bring to disputes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models.signals import post_init

from cdrs.models import Cdr
from reconciliation.dispute_states import Action
from reconciliation.dispute_watch import watch
from reconciliation.holds import is_held
from reconciliation.tasks import watch_disputes
from tests.management.cast import make_finding
from tests.reconciliation.disputed import (
    BEYOND_BOUNDS,
    CPO,
    LATER,
    do,
    get_texts,
    make_dispute,
    open_it,
    store_credit_of_c1,
    store_disputed,
)
from tests.reconciliation.stored import NOW, store_cdr

pytestmark = pytest.mark.django_db


class TestWatch:
    def test_finds_the_credit_and_the_replacement(self):
        finding = make_finding(cdr_key="c1")
        dispute = do(open_it(finding=finding), Action.ACCEPT, CPO)
        store_credit_of_c1()
        store_cdr("c2")

        first, second = watch(now=LATER), watch(now=LATER)

        dispute.refresh_from_db()
        finding.refresh_from_db()
        assert (first["credited"], first["replaced"], sum(second.values())) == (1, 1, 0)
        assert (dispute.state, dispute.credit_cdr_id, dispute.replacement_cdr_id) == ("credited", "C1-CREDIT", "C2")
        assert finding.state == "closed"
        assert not is_held("nlcpo", "c1")

    def test_says_once_why_a_credit_is_none(self):
        dispute = open_it()
        store_credit_of_c1(currency="SEK")

        watch(now=LATER)
        watch(now=LATER)

        dispute.refresh_from_db()
        assert dispute.state == "open"
        assert [action for action, _ in get_texts(dispute)] == ["open", "message"]
        assert "currency is SEK" in dispute.credit_problem

    def test_goes_on_where_a_credit_cannot_be_read(self):
        unread, overdue = open_it(), make_dispute(cdr_id="C9", cdr_key="c9", due_at=NOW)
        store_credit_of_c1()
        Cdr.objects.filter(object_key="c1-credit").update(document=BEYOND_BOUNDS)

        watch(now=LATER)

        unread.refresh_from_db()
        overdue.refresh_from_db()
        assert "C1-CREDIT does not credit it" in unread.credit_problem
        assert overdue.state == "escalated"

    def test_says_why_a_credit_of_another_session_is_none(self):
        dispute = open_it()
        store_credit_of_c1(session_id="S2")
        Cdr.objects.filter(object_key="c1-credit").update(session_key="s2")

        watch(now=LATER)

        dispute.refresh_from_db()
        assert "session_id is S2" in dispute.credit_problem

    def test_reads_no_other_cdrs_of_those_that_name_no_session(self):
        store_cdr("c1", session_key="")
        store_cdr("c2", session_key="")
        make_dispute(session_key="")
        read: list[str] = []

        def note(instance: Cdr, **kwargs: Any) -> None:
            read.append(instance.object_key)

        post_init.connect(note, sender=Cdr)
        try:
            watch(now=NOW)
        finally:
            post_init.disconnect(note, sender=Cdr)

        assert read == ["c1"]

    def test_reminds_once_and_then_escalates(self):
        dispute = open_it()
        soon, over = dispute.due_at - timedelta(days=2), dispute.due_at

        counts = [watch(now=at) for at in (LATER, soon, soon, over, over)]

        dispute.refresh_from_db()
        assert [count["reminded"] for count in counts] == [0, 1, 0, 0, 0]
        assert [count["escalated"] for count in counts] == [0, 0, 0, 1, 0]
        assert (dispute.state, dispute.escalated_at) == ("escalated", over)

    def test_leaves_what_is_settled_alone(self):
        make_dispute(state="withdrawn", outcome="stands", is_holding=False, due_at=NOW)
        store_disputed()
        store_credit_of_c1()

        assert sum(watch(now=LATER).values()) == 0


class TestTask:
    def test_watches(self):
        make_dispute(due_at=NOW)

        with time_machine.travel(NOW, tick=False):
            assert watch_disputes() == {"credited": 0, "replaced": 0, "reminded": 0, "escalated": 1}
