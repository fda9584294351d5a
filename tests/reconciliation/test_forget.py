from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciliation.dispute import DisputeEvidence
from reconciliation.forget import forget_evidence
from reconciliation.models import Dispute
from reconciliation.tasks import forget_evidence as task
from tests.reconciliation.disputed import make_dispute
from tests.reconciliation.stored import NOW

pytestmark = pytest.mark.django_db
A_YEAR = timedelta(days=365)


def make(key: str, **columns: Any) -> Dispute:
    dispute = make_dispute(cdr_key=key, **columns)
    for kind in ("cdr", "history"):
        dispute.evidence.create(kind=kind, title=kind, content="{}", collected_at=NOW - 2 * A_YEAR)
    dispute.entries.create(at=NOW, side="emsp", action="message", text="We were told 12.345 kWh.")
    return dispute


def get_kept() -> set[str]:
    return set(DisputeEvidence.objects.values_list("dispute__cdr_key", flat=True))


class TestForgetEvidence:
    @pytest.fixture(autouse=True)
    def _a_year(self, settings: Any) -> None:
        settings.HUB_EVIDENCE_DAYS = 365

    def test_takes_it_so_long_after_the_dispute_was_closed(self):
        closed = {"state": "withdrawn", "is_holding": False}
        old = make("old", closed_at=NOW - A_YEAR - timedelta(seconds=1), **closed)
        make("recent", closed_at=NOW - A_YEAR, **closed)

        assert forget_evidence(now=NOW, piece=1) == 2

        assert get_kept() == {"recent"}
        assert old.entries.count() == 1

    def test_keeps_that_of_what_goes_on(self):
        make("open", opened_at=NOW - 3 * A_YEAR)
        make("owed", state="accepted", outcome="falls", closed_at=NOW - 2 * A_YEAR)  # the credit has not come

        assert forget_evidence(now=NOW) == 0

    def test_is_what_the_task_does(self):
        make("old", state="withdrawn", is_holding=False, closed_at=NOW - 20 * A_YEAR)

        assert task() == {"forgotten": 2}
