from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from charging_sessions.models import Session
from reconciliation import tasks
from reconciliation.models import Finding, Sweep
from reconciliation.reconcile import reconcile_pending
from reconciliation.unbilled import find_sessions_without_cdr
from tests.reconciliation.stored import NOW, get_open, store_cdr, store_credit, store_session

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_finished_session_nobody_billed_is_named_once() -> None:
    store_session(changed_at=NOW - 2 * HOUR)

    assert find_sessions_without_cdr(now=NOW, older_than=HOUR) == 1
    assert find_sessions_without_cdr(now=NOW + timedelta(seconds=5), older_than=HOUR) == 0
    assert get_open() == [("session_without_cdr", "S1")]
    finding = Finding.objects.get()
    assert (finding.owner, finding.token_owner, finding.expected) == ("nlcpo", "frmsp", "12.345")
    assert finding.message == "Session S1 ended with 12.345 kWh and was never billed: no CDR names it."


@pytest.mark.parametrize(
    "column",
    [
        {"status": "ACTIVE"},
        {"status": "INVALID"},
        {"kwh": Decimal(0)},
        {"kwh": None},
        {"is_verified": False},
        {"deleted_at": NOW},
        {"changed_at": NOW - HOUR / 2},  # its CDR may still come
    ],
)
def test_sessions_that_need_no_cdr(column: dict[str, Any]) -> None:
    store_session(**({"changed_at": NOW - 2 * HOUR} | column))

    assert find_sessions_without_cdr(now=NOW, older_than=HOUR) == 0


def test_a_session_is_due_when_its_time_has_come() -> None:
    store_session(changed_at=NOW - HOUR / 2)
    find_sessions_without_cdr(now=NOW, older_than=HOUR)

    assert find_sessions_without_cdr(now=NOW + HOUR / 2, older_than=HOUR) == 1


def test_another_patience_in_between_hides_nothing() -> None:
    store_session("s1", changed_at=NOW - timedelta(minutes=1))
    find_sessions_without_cdr(now=NOW, older_than=timedelta(0))
    store_session("s2", changed_at=NOW + timedelta(minutes=1))

    find_sessions_without_cdr(now=NOW + HOUR / 2, older_than=HOUR)
    assert get_open() == [("session_without_cdr", "S1")]
    find_sessions_without_cdr(now=NOW + 2 * HOUR, older_than=HOUR)
    assert get_open() == [("session_without_cdr", "S1"), ("session_without_cdr", "S2")]


def test_the_cdr_that_comes_closes_it() -> None:
    store_session(changed_at=NOW - 2 * HOUR)
    find_sessions_without_cdr(now=NOW, older_than=HOUR)
    store_cdr(received_at=NOW)

    reconcile_pending(now=NOW + timedelta(seconds=1))

    assert get_open() == []
    assert Finding.objects.get().state == "explained"


def test_a_cdr_that_was_reconciled_meanwhile_closes_it_too() -> None:
    """The CDR was looked at before the finding was written: the next run puts it right."""
    store_session(changed_at=NOW - 2 * HOUR)
    find_sessions_without_cdr(now=NOW, older_than=HOUR)
    store_cdr()

    find_sessions_without_cdr(now=NOW + timedelta(seconds=30), older_than=HOUR)

    assert get_open() == []


def test_a_credit_alone_bills_nothing_and_an_unverified_cdr_neither() -> None:
    store_session(changed_at=NOW - 2 * HOUR)
    store_credit("c1-c", of="c1")
    store_cdr("c2", is_verified=False)

    assert find_sessions_without_cdr(now=NOW, older_than=HOUR) == 1


def test_a_session_corrected_to_nothing_needs_no_cdr_any_more() -> None:
    store_session(changed_at=NOW - 2 * HOUR)
    find_sessions_without_cdr(now=NOW, older_than=HOUR)
    Session.objects.update(status="INVALID", changed_at=NOW)

    find_sessions_without_cdr(now=NOW + timedelta(seconds=30), older_than=HOUR)

    assert get_open() == []


def test_the_sweep_never_moves_back() -> None:
    find_sessions_without_cdr(now=NOW, older_than=timedelta(0))
    find_sessions_without_cdr(now=NOW + timedelta(seconds=30), older_than=HOUR)

    assert Sweep.objects.get(name="sessions without CDR").reached_at == NOW


def test_the_tasks_tell_how_much_they_did(settings: object) -> None:
    settings.HUB_CDR_DUE = 0  # type: ignore[attr-defined]
    store_session("s1")
    store_session("s2")
    store_cdr()

    assert tasks.reconcile_pending_cdrs(sent_by="an older release") == {"reconciled": 1}
    assert tasks.find_sessions_without_cdr() == {"found": 1}


def test_a_session_that_became_visible_late_is_not_overlooked() -> None:
    """It was stamped before the last sweep, and committed after."""
    find_sessions_without_cdr(now=NOW, older_than=timedelta(0))
    store_session(changed_at=NOW - timedelta(seconds=5))

    assert find_sessions_without_cdr(now=NOW + timedelta(seconds=30), older_than=timedelta(0)) == 1
