"""CDRs that come late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciliation.models import CdrClock, Finding
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import ARRIVED, NOW, get_open, store_cdr, store_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("way")]


class TestLate:
    def test_is_what_came_after_it_was_due(self, settings):
        settings.HUB_CDR_DUE = 3599
        store_session()
        store_cdr()

        reconcile_pending(now=NOW)

        assert get_open() == [("cdr_late", "C1")]
        finding = Finding.objects.get()
        assert (finding.expected, finding.actual) == ("2026-11-20T10:59:59Z", "2026-11-20T11:00:00Z")

    def test_is_not_what_came_in_time(self, settings):
        settings.HUB_CDR_DUE = 3600
        store_session()
        store_cdr()

        reconcile_pending(now=NOW)

        assert get_open() == []

    def test_is_counted_by_the_clock_of_its_cpo(self):
        CdrClock.objects.create(owner="nlcpo", due_after=timedelta(minutes=30), changed_at=NOW)
        store_session()
        store_cdr()
        store_session(owner="decpo")
        store_cdr(owner="decpo")

        reconcile_pending(now=NOW)

        assert list(Finding.objects.values_list("kind", "owner")) == [("cdr_late", "nlcpo")]

    def test_is_not_what_was_read_in_with_its_session_long_after(self, settings):
        settings.HUB_CDR_DUE = 60
        store_session(received_at=ARRIVED)
        store_cdr()

        reconcile_pending(now=NOW)

        assert get_open() == []
