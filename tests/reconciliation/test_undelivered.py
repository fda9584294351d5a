"""A CDR that was sent and never accepted is named, and no longer when it is accepted after all (CDR-18)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from cdrs.models import Cdr
from reconciliation.models import Finding
from reconciliation.reconcile import reconcile_pending
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, cdr_document
from tests.live.partner import get_code
from tests.parties.http_peer import Handler
from tests.reconciliation.stored import NOW, get_open, store_cdr, store_credit, store_session

LATER = NOW + timedelta(hours=1)
REFUSED = {"status_code": 2001, "status_message": "no such session", "timestamp": "2026-11-20T12:00:00Z"}
OK = {"status_code": 1000, "timestamp": "2026-11-20T12:00:00Z"}


@pytest.mark.django_db
class TestStored:
    @pytest.mark.parametrize("code", [2000, 2001, 3000, 4000, 4002, 4003, 0])
    def test_is_named_with_the_answer(self, code):
        store_session()
        store_cdr(verdict_code=code)

        reconcile_pending(now=NOW)

        finding = Finding.objects.get()
        assert (finding.kind, finding.cdr_id, finding.expected, finding.actual) == (
            "undelivered_cdr", "C1", "1000", str(code)
        )  # fmt: skip
        assert finding.message.startswith("CDR C1 was sent and never accepted")

    @pytest.mark.parametrize("code", [None, 1000, 1999])
    def test_is_not_what_was_accepted_or_not_sent(self, code):
        store_session()
        store_cdr(verdict_code=code)

        assert reconcile_pending(now=NOW) == 1
        assert get_open() == []

    def test_closes_itself_when_it_is_accepted(self):
        store_session()
        store_cdr(verdict_code=4003)
        reconcile_pending(now=NOW)

        Cdr.objects.update(verdict_code=1000)
        reconcile_pending(now=LATER)

        finding = Finding.objects.get()
        assert (finding.state, finding.closed_at) == ("explained", LATER)

    def test_is_given_time_to_be_sent_again(self):
        store_session()
        store_cdr(verdict_code=4003, received_at=NOW - timedelta(seconds=100))

        assert reconcile_pending(now=NOW) == 0
        assert reconcile_pending(now=NOW, undelivered_after=timedelta(seconds=60)) == 1
        assert get_open() == [("undelivered_cdr", "C1")]

    def test_may_be_a_credit_too(self):
        """A credit is settled in all else (CDR-06); but its receiver has to know of it."""
        store_session()
        store_cdr(total_energy=99)
        store_credit("c1-c", of="c1", verdict_code=4003)

        reconcile_pending(now=NOW)

        assert get_open() == [("undelivered_cdr", "C1-C")]


class TestSent:
    def post(self, cast: Cast) -> int:
        return get_code(cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP"))

    def judge(self) -> list[tuple[str, str]]:
        store_time = Cdr.objects.get().received_at
        reconcile_pending(now=store_time + timedelta(hours=1))
        return [found for found in get_open() if found[0] == "undelivered_cdr"]

    def test_and_refused_then_taken(self, cast: Cast):
        cast.emsp.answer_with(REFUSED)
        assert self.post(cast) == 2001
        refused = self.judge()
        cast.emsp.answer_with(OK)
        assert self.post(cast) == 1000

        assert refused == [("undelivered_cdr", "C1")]
        assert self.judge() == []

    def test_and_refused_after_it_was_compared(self, cast: Cast):
        """The answer comes when the CDR was judged already: it is judged again."""

        def compare_then_refuse(handler: Handler) -> None:
            assert reconcile_pending(now=Cdr.objects.get().received_at + timedelta(minutes=30)) == 1
            connection.close()
            handler.answer(as_json(REFUSED))

        cast.emsp.behave = compare_then_refuse

        assert self.post(cast) == 2001
        assert self.judge() == [("undelivered_cdr", "C1")]

    def test_and_dead(self, cast: Cast):
        """Accepted by the hub for later, and refused then: its sender heard 1000, so people have to hear of it."""
        make_agreement("DE*CPX", "FR*MSP", delivery="store_and_forward")
        cast.emsp.platform.is_online = False
        cast.emsp.platform.save()
        cast.hub.settle()
        body = as_json(cdr_document(owner="DE*CPX"))
        assert get_code(cast.other_cpo.call("POST", "cdrs", body=body, to="FR*MSP")) == 1000
        cast.emsp.platform.is_online = True
        cast.emsp.platform.save()
        cast.hub.settle()
        cast.emsp.answer_with(REFUSED)

        cast.hub.deliver()

        assert Cdr.objects.get().verdict_code == 2001
        assert self.judge() == [("undelivered_cdr", "C1")]
