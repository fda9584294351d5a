"""Several workers at once, and writers beside them: nothing is judged by two, and nothing is overlooked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection, transaction

from cdrs.models import Cdr
from reconciliation.models import Finding
from reconciliation.position import turn
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import NOW, count_pending, get_open, store_cdr, store_credit, store_session

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_runs_judge_each_cdr_once() -> None:
    for number in range(100):
        store_session(f"s{number}")
        store_cdr(f"c{number}", session_key=f"s{number}", total_energy=Decimal(13 if number % 10 == 0 else "12.345"))
    store_cdr("c0-again", session_key="s0")
    together = Barrier(2)

    def run() -> int:
        together.wait()
        return reconcile_pending(now=NOW)

    done = _in_threads(run, run)

    done.append(reconcile_pending(now=NOW + timedelta(seconds=1)))  # what one held while the other looked
    assert sum(done) == 101
    assert count_pending() == 0
    assert Finding.objects.filter(kind="energy_differs").count() == 10
    assert Finding.objects.get(kind="session_billed_twice").cdr_id == "C0-AGAIN"


def test_a_very_long_range_is_sifted_on_two_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.sieve.LONG", 0)
    monkeypatch.setattr("reconciliation.sieve.SIDE_BY_SIDE", 0)
    store_session()
    store_cdr("c1", total_energy=Decimal(13))
    store_cdr("c2")

    assert reconcile_pending(now=NOW) == 2
    assert get_open() == [("energy_differs", "C1"), ("session_billed_twice", "C2")]


def test_whoever_may_not_wait_leaves_it_to_the_one_that_is_at_it() -> None:
    store_session()
    store_cdr()

    with turn(patient=False):
        assert _in_threads(lambda: reconcile_pending(now=NOW, patient=False)) == [0]

    assert reconcile_pending(now=NOW, patient=False) == 1


def test_whoever_may_wait_finds_what_the_one_before_left() -> None:
    store_session()
    store_cdr("c1")
    with ThreadPoolExecutor(1) as threads:
        with turn(patient=False):
            waiting = threads.submit(_closing, lambda: reconcile_pending(now=NOW))
            store_cdr("c2")

        assert waiting.result(30) == 2
    assert get_open() == [("session_billed_twice", "C2")]


def test_a_writer_that_holds_a_cdr_holds_up_nobody() -> None:
    """A push in the middle of its transaction: what it writes is seen when it is there."""
    store_session()
    store_cdr()

    with transaction.atomic():
        Cdr.objects.select_for_update().get(object_key="c1")
        assert _in_threads(lambda: reconcile_pending(now=NOW)) == [1]


def test_a_credit_that_is_committed_late_settles_its_original() -> None:
    """Stamped before the position that was passed meanwhile, and committed after."""
    store_session()
    store_cdr("c1", total_energy=Decimal(99), received_at=NOW - timedelta(seconds=3))
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        store_credit("c1-c", of="c1", received_at=NOW - timedelta(seconds=5))
        assert threads.submit(_closing, lambda: reconcile_pending(now=NOW)).result(30) == 1
    assert get_open() == [("energy_differs", "C1")]

    reconcile_pending(now=NOW + timedelta(seconds=2))
    assert get_open() == [("energy_differs", "C1")]
    reconcile_pending(now=NOW + timedelta(minutes=6))
    assert get_open() == []


def _in_threads(*runs: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(len(runs)) as threads:
        return [future.result(30) for future in [threads.submit(_closing, run) for run in runs]]


def _closing(run: Callable[[], int]) -> int:
    try:
        return run()
    finally:
        connection.close()
