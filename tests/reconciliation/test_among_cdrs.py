"""What is wrong with a CDR beside other CDRs: charges billed twice, and overlaps."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdrs.models import Cdr
from ocpi.times import SENTINEL
from reconciliation.models import Finding
from reconciliation.position import start_over
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import (
    ENDED,
    NOW,
    STARTED,
    count_pending,
    get_open,
    store_cdr,
    store_credit,
    store_session,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("way")]
LATER = NOW + timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
ON_EVSE = {"evse_key": "e1", "token_key": "t1"}


def store_two(**columns: Any) -> None:
    """Two CDRs of one EVSE, each with a session that it agrees with."""
    for number, changed in ((1, {}), (2, columns)):
        told = {"start_at": STARTED, "end_at": ENDED, "total_energy": Decimal("12.345")} | changed
        owner = told.get("owner", "nlcpo")
        session = {"start_at": told["start_at"], "end_at": told["end_at"], "kwh": told["total_energy"]}
        store_session(f"s{number}", owner=owner, **session)
        store_cdr(f"c{number}", **(ON_EVSE | {"session_key": f"s{number}"} | told))


class TestChargeBilledTwice:
    def test_is_named_on_the_later_one(self):
        store_two()

        reconcile_pending(now=NOW)

        assert get_open() == [("charge_billed_twice", "C2")]
        finding = Finding.objects.get()
        assert (finding.expected, finding.actual, finding.path) == ("C1", "C2", "/id")

    def test_needs_no_session(self):
        store_cdr("c1", session_key="", **ON_EVSE)
        store_cdr("c2", session_key="", **ON_EVSE)

        reconcile_pending(now=NOW)

        assert get_open() == [
            ("charge_billed_twice", "C2"),
            ("session_id_missing", "C1"),
            ("session_id_missing", "C2"),
        ]

    @pytest.mark.parametrize("session_key", ["", "s1"])
    def test_may_have_other_figures_where_one_names_no_session(self, session_key):
        """Nothing tells that these were two charges."""
        store_session()
        store_cdr("c1", session_key=session_key, **ON_EVSE)
        store_cdr("c2", session_key="", **ON_EVSE, total_energy=Decimal(13), end_at=ENDED + 10 * MINUTE)

        reconcile_pending(now=NOW)

        assert [found for found in get_open() if found[0] != "session_id_missing"] == [("charge_billed_twice", "C2")]
        finding = Finding.objects.get(kind="charge_billed_twice")
        assert finding.severity == "hold"
        assert "takes the wrong one back by a credit CDR; if both are right, accept" in finding.message

    def test_with_other_figures_is_none_where_both_name_sessions(self):
        """A start cut to the minute may be that of two."""
        store_two(end_at=STARTED + MINUTE, total_energy=Decimal(1))

        reconcile_pending(now=NOW)

        assert get_open() == []

    def test_is_none_where_a_charge_without_session_is_billed_anew(self):
        store_cdr("c1", session_key="", **ON_EVSE)
        store_credit("c1-c", of="c1", session_key="", **ON_EVSE)
        store_cdr("c2", session_key="", **ON_EVSE, total_energy=Decimal(13))

        reconcile_pending(now=NOW)

        assert get_open() == [("session_id_missing", "C2")]

    @pytest.mark.parametrize(
        "other",
        [
            {"evse_key": "e2"},
            {"evse_key": ""},
            {"owner": "decpo"},
            {"is_verified": False},
            {"deleted_at": NOW},
        ],
    )
    def test_is_none_elsewhere(self, other):
        store_two()
        Cdr.objects.filter(object_key="c1").update(**other)

        reconcile_pending(now=NOW)

        assert "charge_billed_twice" not in [kind for kind, _ in get_open()]

    def test_of_one_session_is_a_session_billed_twice_and_nothing_else(self):
        store_session()
        store_cdr("c1", **ON_EVSE)
        store_cdr("c2", **ON_EVSE)

        reconcile_pending(now=NOW)

        assert get_open() == [("session_billed_twice", "C2")]

    def test_ends_with_a_credit(self):
        store_two()
        reconcile_pending(now=NOW)

        store_credit("c1-c", of="c1", session_key="s1", received_at=NOW, **ON_EVSE)
        reconcile_pending(now=LATER)

        assert get_open() == []

    def test_ends_with_a_credit_that_names_neither_session_nor_evse(self):
        store_two()
        reconcile_pending(now=NOW)

        store_credit("c1-c", of="c1", session_key="", received_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == []

    def test_ends_when_the_first_is_corrected(self):
        """A body may be replaced as long as nobody has accepted it (CDR-05)."""
        store_two()
        reconcile_pending(now=NOW)

        Cdr.objects.filter(object_key="c1").update(evse_key="e9", changed_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == []

    def test_with_an_unknown_start_is_not_looked_at(self):
        """CDR-16: it would make one charge of all of an EVSE's."""
        store_two()
        Cdr.objects.update(start_at=SENTINEL, end_at=SENTINEL)

        reconcile_pending(now=NOW)

        assert {kind for kind, _ in get_open()} == {"time_differs"}


class TestSessionBilledTwice:
    def test_is_found_when_the_first_becomes_valid_last(self):
        store_session()
        store_cdr("c1", is_verified=False)
        store_cdr("c2")
        reconcile_pending(now=NOW)
        assert get_open() == []

        Cdr.objects.filter(object_key="c1").update(is_verified=True, changed_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == [("session_billed_twice", "C2")]

    def test_is_named_on_every_one_but_the_first(self):
        store_session()
        for key in ("c1", "c2", "c3", "c4"):
            store_cdr(key)

        reconcile_pending(now=NOW)

        assert get_open() == [("session_billed_twice", key) for key in ("C2", "C3", "C4")]


class TestOverlap:
    @pytest.mark.parametrize(
        ("start", "end", "overlaps"),
        [
            (STARTED + 10 * MINUTE, ENDED + 10 * MINUTE, True),
            (STARTED + 10 * MINUTE, ENDED - 10 * MINUTE, True),  # within
            (STARTED - 10 * MINUTE, ENDED + 10 * MINUTE, True),  # around
            (STARTED - 30 * MINUTE, STARTED + 2 * MINUTE, True),
            (ENDED, ENDED + 30 * MINUTE, False),
            (ENDED - MINUTE, ENDED + 30 * MINUTE, False),  # clocks differ so much
            (STARTED - 30 * MINUTE, STARTED + MINUTE, False),
        ],
    )
    def test_is_two_charges_on_one_evse_at_a_time(self, start, end, overlaps):
        store_two(start_at=start, end_at=end, token_key="t2")

        reconcile_pending(now=NOW)

        assert get_open() == ([("overlaps_other_cdr_on_evse", "C2")] if overlaps else [])

    def test_is_found_behind_a_shorter_one_between(self):
        store_two(start_at=STARTED + 10 * MINUTE, end_at=STARTED + 20 * MINUTE, token_key="t2")
        store_session("s3", start_at=STARTED + 40 * MINUTE)
        store_cdr("c3", session_key="s3", start_at=STARTED + 40 * MINUTE, **(ON_EVSE | {"token_key": "t3"}))

        reconcile_pending(now=NOW)

        assert get_open() == [("overlaps_other_cdr_on_evse", "C2"), ("overlaps_other_cdr_on_evse", "C3")]

    def test_is_found_when_the_first_becomes_valid_last(self):
        store_two(start_at=STARTED + 10 * MINUTE, end_at=ENDED + 10 * MINUTE)
        Cdr.objects.filter(object_key="c1").update(is_verified=False)
        reconcile_pending(now=NOW)
        assert get_open() == []

        Cdr.objects.filter(object_key="c1").update(is_verified=True, changed_at=NOW)
        reconcile_pending(now=LATER)

        assert get_open() == [("overlaps_other_cdr_on_evse", "C2")]

    def test_with_what_was_credited_is_none(self):
        store_two(start_at=STARTED + 10 * MINUTE, end_at=ENDED + 10 * MINUTE)
        store_credit("c1-c", of="c1", **ON_EVSE)

        reconcile_pending(now=NOW)

        assert get_open() == []


class TestAgain:
    def test_changes_nothing(self):
        store_two(start_at=STARTED + 10 * MINUTE, end_at=ENDED + 10 * MINUTE, total_energy=Decimal(13))
        store_credit("c1-c", of="c9")
        reconcile_pending(now=NOW)
        before = list(Finding.objects.order_by("id").values())
        assert before

        start_over()
        reconcile_pending(now=LATER)

        assert list(Finding.objects.order_by("id").values()) == before
        assert count_pending() == 0

    def test_leaves_what_others_found_alone(self):
        """The kinds of other checks are closed by them."""
        store_session()
        store_cdr("c1")
        Finding.objects.create(
            kind="missing_at_receiver", severity="hold", owner="nlcpo", cdr_key="c1", session_key="s1", opened_at=NOW
        )

        reconcile_pending(now=NOW)

        assert Finding.objects.get().state == "open"
