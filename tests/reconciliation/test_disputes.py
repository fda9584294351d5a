from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db.models.signals import post_init

from cdrs.models import Cdr
from charging_sessions.models import Session
from locations.models import Location
from parties.side_names import Side
from reconciliation.dispute_states import Action, Outcome
from reconciliation.dispute_watch import watch
from reconciliation.disputes import Actor, act, extend, open_dispute
from reconciliation.finding_life import NotAllowed
from reconciliation.holds import is_held
from reconciliation.models import Dispute, Finding, State
from reconciliation.tasks import watch_disputes
from tests.documents import as_json, cdr_document, location_document
from tests.management.cast import NOW as LOGGED_AT
from tests.management.cast import log_call, log_event, make_finding
from tests.reconciliation.disputed import make_dispute, store_credit_of_c1, store_disputed
from tests.reconciliation.stored import NOW, store_cdr

pytestmark = pytest.mark.django_db

EMSP, CPO, HUB = Actor(Side.EMSP, "Ms Martin"), Actor(Side.CPO, "Mr Jansen"), Actor(Side.HUB, "staff")
LATER = NOW + timedelta(days=1)
BEYOND_BOUNDS = '{"x": 1e99999999999999999999}'  # of a field that nobody looks at, so it is stored as told


def open_it(actor: Actor = EMSP, **options: Any) -> Dispute:
    return open_dispute(store_disputed(), actor=actor, reason="too much", now=NOW, **options)


def do(dispute: Dispute, action: Action, actor: Actor, **options: Any) -> Dispute:
    return act(dispute.pk, action, actor=actor, now=LATER, **options)


def get_texts(dispute: Dispute) -> list[tuple[str, str]]:
    return [(entry.action, entry.text) for entry in dispute.entries.all()]


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


class TestEvidence:
    def test_is_as_told_at_that_time(self):
        cdr = store_disputed()
        told = cdr.document
        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        type(cdr).objects.update(document="{}")

        kinds = dict(dispute.evidence.values_list("kind", "content"))
        assert kinds["cdr"] == told
        assert json.loads(kinds["session"])["id"] == "S1"

    def test_prices_line_by_line(self):
        dispute = open_it()

        report = json.loads(dispute.evidence.get(kind="price").content)
        assert report["computed"]["total_cost"]["excl_vat"] == 4.2035
        assert [line["dimension"] for period in report["periods"] for line in period["lines"]]

    def test_holds_signed_data_as_told(self):
        document = cdr_document(signed_data={"encoding_method": "OCMF", "signed_values": []})
        cdr = store_cdr(document=as_json(document).decode())

        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        assert json.loads(dispute.evidence.get(kind="signed_data").content)["encoding_method"] == "OCMF"

    def test_holds_the_calls_between_these_two_only(self):
        log_call(module="sessions", object_id="S1", sender="nlcpo", receiver="frmsp", message="internal")
        log_call(module="sessions", object_id="S1", sender="nlcpo", receiver="itmsx")
        log_call(module="sessions", object_id="S1", sender="decpx", receiver="frmsp")
        later = {"module": "sessions", "at": LOGGED_AT + timedelta(seconds=1)}
        log_event(**later, object_key="sessions:nlcpo:s1", body='{"kwh": 1.500}')
        log_event(**later, object_key="sessions:decpx:s1", body='{"kwh": 9}')

        content = open_it().evidence.get(kind="history").content

        told = {(line.get("sender"), line.get("receiver")) for line in json.loads(content)}
        assert told == {("nlcpo", "frmsp"), (None, None)}
        assert '{"kwh": 1.500}' in content
        assert '{"kwh": 9}' not in content
        assert "internal" not in content

    def test_leaves_out_a_session_of_another_token(self):
        cdr = store_disputed()
        Session.objects.update(token_owner="itmsx")

        dispute = open_dispute(cdr, actor=EMSP, reason="x", now=NOW)

        assert not dispute.evidence.filter(kind="session").exists()

    @pytest.mark.parametrize(
        "document",
        ["{}", "[]", "nonsense", '{"total_cost": 7}', BEYOND_BOUNDS, '{"x":' + "[" * 5000 + "]" * 5000 + "}"],
    )
    def test_is_collected_whatever_the_document_is(self, document):
        dispute = open_dispute(store_cdr(document=document), actor=EMSP, reason="x", now=NOW)

        assert dispute.evidence.get(kind="price")


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


class TestTimeZone:
    def test_is_that_of_the_hubs_location(self):
        Location.objects.create(
            owner="nlcpo",
            object_key="loc1",
            object_id="LOC1",
            document=as_json(location_document()).decode(),
            last_updated=NOW,
            received_at=NOW,
            changed_at=NOW,
            time_zone="Europe/Amsterdam",
        )

        assert json.loads(open_it().evidence.get(kind="price").content)["time_zone"] == "Europe/Amsterdam"


class TestTask:
    def test_watches(self):
        make_dispute(due_at=NOW)

        with time_machine.travel(NOW, tick=False):
            assert watch_disputes() == {"credited": 0, "replaced": 0, "reminded": 0, "escalated": 1}
