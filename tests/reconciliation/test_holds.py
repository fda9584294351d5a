from __future__ import annotations

import pytest
from django.db import connection

from reconciliation.holds import HELD_CDRS, HOLDING_SEVERITIES, is_held
from tariffs.pricing import Severity
from tests.management.cast import make_finding
from tests.reconciliation.disputed import make_dispute
from tests.reconciliation.stored import NOW

pytestmark = pytest.mark.django_db
HOLDING = max(HOLDING_SEVERITIES).value
LIGHT = min(set(Severity) - HOLDING_SEVERITIES).value


class TestHeldCdrs:
    @pytest.mark.parametrize(
        ("state", "severity", "is_so"),
        [
            ("open", HOLDING, True),
            ("disputed", HOLDING, True),
            ("disputed", LIGHT, True),
            ("open", LIGHT, False),
            ("accepted", HOLDING, False),
            ("explained", HOLDING, False),
            ("closed", HOLDING, False),
        ],
    )
    def test_are_those_with_a_grave_or_disputed_finding(self, state, severity, is_so):
        closed_at = None if state in ("open", "disputed") else NOW
        make_finding(cdr_key="c1", state=state, severity=severity, closed_at=closed_at)

        assert is_held("nlcpo", "c1") is is_so

    @pytest.mark.parametrize(
        ("columns", "is_so"),
        [
            ({"state": "open"}, True),
            ({"state": "escalated"}, True),
            ({"state": "accepted", "outcome": "falls"}, True),
            ({"state": "decided", "outcome": "falls"}, True),
            ({"state": "accepted", "outcome": "stands", "is_holding": False}, False),
            ({"state": "decided", "outcome": "stands", "is_holding": False}, False),
            ({"state": "withdrawn", "outcome": "stands", "is_holding": False}, False),
            ({"state": "credited", "outcome": "falls", "is_holding": False}, False),
        ],
    )
    def test_are_those_in_dispute(self, columns, is_so):
        make_dispute(**columns)

        assert is_held("nlcpo", "c1") is is_so

    def test_are_of_their_owner_only(self):
        make_dispute()

        assert not is_held("decpx", "c1")
        assert not is_held("nlcpo", "c2")

    def test_come_once_each_and_never_without_a_cdr(self):
        make_dispute()
        make_finding(cdr_key="c1")
        make_finding(cdr_key="", kind="session_without_cdr")

        with connection.cursor() as cursor:
            cursor.execute(HELD_CDRS)
            assert cursor.fetchall() == [("nlcpo", "c1")]
