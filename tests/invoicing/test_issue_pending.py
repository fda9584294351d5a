"""What is issued by itself, and what becomes of statements that cannot be invoiced."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import DataError, OperationalError

from invoicing import issue
from invoicing.document import InvoiceDocument
from invoicing.issue import cancel, issue_pending
from invoicing.models import Blocked, Issuer
from invoicing.pdf import TooManyLines
from management.attention import get_notices
from tests.invoicing.issued import NOW, make_companies, make_invoice, make_statement
from tests.settlement.settled import CONSUMER, PROVIDER, close_month, store_company, store_ready

pytestmark = pytest.mark.django_db


class TestIssuePending:
    def test_issues_what_is_closed_and_nothing_twice(self):
        make_companies()
        make_statement()

        assert [issue_pending(now=NOW), issue_pending(now=NOW)] == [1, 0]

    def test_writes_down_what_is_missing_and_tries_again(self):
        store_company(CONSUMER, country="NL")
        statement = make_statement()

        assert issue_pending(now=NOW) == 0
        blocked = Blocked.objects.get()
        assert (blocked.statement, blocked.since) == (statement, NOW)
        assert "NL*CPO has no company" in blocked.problem
        notices = [notice.text for notice in get_notices(may_see=lambda model: True, lags={}, now=NOW)]
        assert "1 statement without an invoice: see what is missing." in notices

        store_company(PROVIDER, vat_number="NL123456782B90")
        assert issue_pending(now=NOW + timedelta(minutes=1)) == 0
        assert issue_pending(now=NOW + timedelta(minutes=11)) == 1
        assert not Blocked.objects.exists()

    @pytest.mark.parametrize("fault", [RuntimeError("no page"), TooManyLines("520 lines"), DataError("overflow")])
    def test_lets_no_statement_keep_others_from_theirs(self, monkeypatch: pytest.MonkeyPatch, fault: Exception):
        make_companies()
        bad = make_statement("one")
        store_company("decpx", vat_number="DE136695976")
        store_ready("two", owner="decpx")
        close_month(provider="decpx")
        write = issue.write_pdf

        def fail(document: InvoiceDocument, *, xml: bytes | None) -> bytes:
            if document.statement == bad.reference:
                raise fault
            return write(document, xml=xml)

        monkeypatch.setattr(issue, "write_pdf", fail)

        assert issue_pending(now=NOW) == 1
        assert Blocked.objects.get().statement == bad

    def test_leaves_it_to_the_next_run_when_the_database_is_away(self, monkeypatch: pytest.MonkeyPatch):
        make_companies()
        make_statement()
        monkeypatch.setattr(issue, "write_pdf", Mock(side_effect=OperationalError("gone")))

        with pytest.raises(OperationalError):
            issue_pending(now=NOW)

    def test_does_not_issue_by_itself_what_was_cancelled(self):
        cancel(make_invoice(), reason="x", now=NOW)

        assert issue_pending(now=NOW) == 0

    def test_leaves_out_who_wants_none(self):
        make_companies()
        make_statement()
        Issuer.objects.create(party=PROVIDER, is_active=False, changed_at=NOW)

        assert issue_pending(now=NOW) == 0
        assert not Blocked.objects.exists()
