from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdrs.models import Cdr
from charging_sessions.models import Session
from reconciliation.models import Finding
from reconciliation.position import start_over
from reconciliation.reconcile import reconcile_pending
from reconciliation.summary import summary
from tests.reconciliation.stored import (
    ARRIVED,
    NOW,
    count_pending,
    get_open,
    store_cdr,
    store_credit,
    store_session,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def test_a_cdr_that_agrees_is_reconciled_without_a_finding() -> None:
    store_session()
    store_cdr()

    assert count_pending() == 1
    assert reconcile_pending(now=NOW) == 1
    assert count_pending() == 0
    assert get_open() == []
    assert reconcile_pending(now=NOW) == 0


CASES: list[tuple[str, Callable[[], object]]] = [
    ("energy_differs", lambda: (store_session(), store_cdr(total_energy=Decimal("12.347")))),
    ("cost_differs", lambda: (store_session(), store_cdr(total_cost=Decimal("4.30")))),
    ("currency_differs", lambda: (store_session(), store_cdr(currency="CHF"))),
    ("time_differs", lambda: (store_session(), store_cdr(end_at=NOW))),
    ("token_owner_differs", lambda: (store_session(), store_cdr(token_owner="itmsp"))),
    ("session_invalid", lambda: (store_session(status="INVALID"), store_cdr())),
    ("session_id_missing", lambda: store_cdr(session_key="")),
    ("cdr_without_session", lambda: store_cdr()),
    ("cdr_without_session", lambda: (store_session(owner="frcpo"), store_cdr())),  # SESS-06: another CPO's id
    ("cdr_without_session", lambda: (store_session(is_verified=False), store_cdr())),
    ("cdr_without_session", lambda: (store_session(deleted_at=NOW), store_cdr())),
]


@pytest.mark.parametrize(("kind", "store"), CASES)
def test_each_fault_is_named_once(kind: str, store: Callable[[], object]) -> None:
    store()

    reconcile_pending(now=NOW)
    start_over()
    reconcile_pending(now=LATER)

    assert get_open() == [(kind, "C1")]
    finding = Finding.objects.get()
    assert (finding.owner, finding.opened_at, finding.closed_at) == ("nlcpo", NOW, None)
    assert "C1" in finding.message


def test_the_finding_tells_the_figures_exactly() -> None:
    store_session()
    store_cdr(total_energy=Decimal("12.4"))

    reconcile_pending(now=NOW)

    finding = Finding.objects.get()
    assert (finding.expected, finding.actual, finding.path) == ("12.345", "12.4", "/total_energy")
    assert finding.message == "CDR C1 bills 12.4 kWh, session S1 delivered 12.345 kWh."
    assert (finding.token_owner, finding.session_id, finding.session_key) == ("frmsp", "S1", "s1")


@pytest.mark.parametrize("column", [{"is_verified": False}, {"deleted_at": NOW}])
def test_unverified_cdrs_and_tombstones_never_count(column: dict[str, Any]) -> None:
    store_session()
    store_cdr("c0", **column)
    store_cdr("c1")

    assert reconcile_pending(now=NOW) == 1
    assert get_open() == []
    assert summary(now=NOW)["pending"] == 0


def test_a_second_bill_is_found_on_the_later_one() -> None:
    store_session()
    store_cdr("c1")
    store_cdr("c2")

    reconcile_pending(now=NOW)

    assert get_open() == [("session_billed_twice", "C2")]
    assert Finding.objects.get().expected == "C1"


def test_a_credit_and_its_replacement_are_no_second_bill() -> None:
    """CDR-06: original, credit, replacement."""
    store_session()
    store_cdr("c1", total_energy=Decimal(99))
    store_credit("c1-c", of="c1", total_energy=Decimal(99))
    store_cdr("c2")

    reconcile_pending(now=NOW)

    assert get_open() == []


def test_a_credit_that_comes_last_explains_the_second_bill() -> None:
    store_session()
    store_cdr("c1", total_energy=Decimal(99))
    store_cdr("c2")
    reconcile_pending(now=NOW)
    assert get_open() == [("energy_differs", "C1"), ("session_billed_twice", "C2")]

    store_credit("c1-c", of="c1")
    reconcile_pending(now=LATER)

    assert get_open() == []
    assert set(Finding.objects.values_list("state", "closed_at")) == {("explained", LATER)}


def test_of_three_bills_with_one_credited_one_is_too_many() -> None:
    store_session()
    for key in ("c1", "c2", "c3"):
        store_cdr(key)
    store_credit("c1-c", of="c1")

    reconcile_pending(now=NOW)

    assert get_open() == [("session_billed_twice", "C3")]


def test_another_party_s_credit_takes_nothing_back() -> None:
    store_session()
    store_cdr("c1")
    store_cdr("c2")
    store_credit("c1-c", of="c1", owner="decpo")

    reconcile_pending(now=NOW)

    assert get_open() == [("credit_reference_unknown", "C1-C"), ("session_billed_twice", "C2")]


def test_a_cdr_waits_for_its_session_within_the_grace() -> None:
    cdr = store_cdr(received_at=NOW - timedelta(seconds=299))

    assert reconcile_pending(now=NOW) == 0
    assert reconcile_pending(now=NOW + timedelta(seconds=1)) == 1
    assert get_open() == [("cdr_without_session", cdr.object_id)]


def test_a_cdr_waits_for_its_session_to_become_final() -> None:
    session = store_session(status="ACTIVE", kwh=Decimal(5))
    store_cdr(received_at=NOW)
    assert reconcile_pending(now=NOW) == 0

    session.status, session.kwh, session.changed_at = "COMPLETED", Decimal("12.345"), NOW
    session.save()

    assert reconcile_pending(now=NOW + timedelta(seconds=1)) == 1
    assert count_pending() == 0
    assert get_open() == []


def test_the_grace_is_a_setting(settings: object) -> None:
    settings.HUB_RECONCILE_GRACE = 0  # type: ignore[attr-defined]
    store_cdr(received_at=NOW)

    assert reconcile_pending(now=NOW) == 1


def test_the_tolerance_is_a_setting(settings: object) -> None:
    settings.HUB_RECONCILE_ENERGY_TOLERANCE = "0.5"  # type: ignore[attr-defined]
    store_session()
    store_cdr(total_energy=Decimal("12.845"))

    reconcile_pending(now=NOW)

    assert get_open() == []


def test_a_session_that_arrives_late_explains_its_cdr() -> None:
    store_cdr()
    reconcile_pending(now=NOW)
    store_session(changed_at=NOW + timedelta(minutes=1))

    assert reconcile_pending(now=LATER) == 1
    assert get_open() == []
    assert Finding.objects.get().state == "explained"


def test_a_corrected_session_is_compared_again_and_the_same_finding_reopens() -> None:
    store_session(kwh=Decimal(11))
    store_cdr()
    reconcile_pending(now=NOW)

    Session.objects.update(kwh=Decimal("12.345"), changed_at=NOW + timedelta(seconds=1))
    reconcile_pending(now=LATER)
    assert (get_open(), Finding.objects.get().closed_at) == ([], LATER)

    Session.objects.update(kwh=Decimal(13), changed_at=LATER + timedelta(seconds=1))
    reconcile_pending(now=LATER + timedelta(minutes=1))
    assert get_open() == [("energy_differs", "C1")]
    finding = Finding.objects.get()
    assert (finding.expected, finding.closed_at) == ("13", None)


def test_a_change_that_became_visible_late_is_compared_once_more() -> None:
    """The session was stamped before the CDR was compared, and committed after."""
    store_session()
    store_cdr()
    reconcile_pending(now=NOW)
    store_session("s9", changed_at=NOW)  # seen, so that the position is behind it
    reconcile_pending(now=NOW)
    Session.objects.filter(object_key="s1").update(kwh=Decimal(13), changed_at=NOW - timedelta(seconds=5))

    assert reconcile_pending(now=NOW + timedelta(seconds=2)) == 0
    assert reconcile_pending(now=NOW + timedelta(seconds=40)) == 1
    assert get_open() == [("energy_differs", "C1")]
    assert reconcile_pending(now=NOW + timedelta(seconds=90)) == 0


@pytest.mark.parametrize(("state", "closed_at"), [("accepted", NOW), ("closed", NOW), ("disputed", None)])
def test_what_people_decided_stands_until_the_figures_change(state: str, closed_at: object) -> None:
    store_session()
    store_cdr(total_energy=Decimal(13))
    reconcile_pending(now=NOW)
    Finding.objects.update(state=state, closed_at=closed_at)
    start_over()

    reconcile_pending(now=LATER)
    assert Finding.objects.get().state == state

    Session.objects.update(kwh=Decimal(14), changed_at=LATER + timedelta(seconds=1))
    reconcile_pending(now=LATER + timedelta(minutes=1))
    finding = Finding.objects.get()
    assert (finding.state, finding.expected) == ("disputed" if state == "disputed" else "open", "14")


def test_the_limit_holds_and_the_rest_waits() -> None:
    store_session()
    for key in ("c1", "c2", "c3"):
        store_cdr(key)

    assert reconcile_pending(now=NOW, limit=2) == 2
    assert count_pending() == 1
    assert reconcile_pending(now=NOW, limit=2) == 1
    assert count_pending() == 0


def test_the_summary_counts_for_both_sides() -> None:
    store_session()
    store_cdr("c1")
    store_cdr("c2", token_owner="itmsp")
    store_cdr("c3", received_at=NOW, session_key="s9")
    reconcile_pending(now=NOW)

    seen = summary(now=NOW)

    assert (seen["reconciled"], seen["pending"]) == (2, 1)
    assert seen["findings"] == {"session_billed_twice": 1, "token_owner_differs": 1}
    assert seen["by_party"] == [
        {"party": "frmsp", "cdrs": 2, "reconciled": 1, "findings": 0},
        {"party": "itmsp", "cdrs": 1, "reconciled": 1, "findings": 2},
        {"party": "nlcpo", "cdrs": 3, "reconciled": 2, "findings": 2},
    ]


def test_a_repeated_delivery_that_stored_nothing_changes_nothing() -> None:
    """CDR-05: an identical POST keeps the row, so no run has anything to do, however often."""
    store_session()
    store_cdr("c1", total_energy=Decimal(13))
    store_cdr("c2")
    reconcile_pending(now=NOW)
    before = list(Finding.objects.order_by("id").values()), list(Cdr.objects.order_by("id").values())

    assert reconcile_pending(now=LATER) == 0
    assert (list(Finding.objects.order_by("id").values()), list(Cdr.objects.order_by("id").values())) == before


def test_nothing_delivered_is_ever_changed() -> None:
    """CDR-18: differences are reported, never mended."""
    store_session()
    store_cdr(total_energy=Decimal(13))
    told = ("document", "last_updated", "changed_at", "total_energy")
    untouched = Cdr.objects.values(*told).get()

    reconcile_pending(now=NOW)

    assert Cdr.objects.values(*told).get() == untouched
    assert Session.objects.get().changed_at == ARRIVED
