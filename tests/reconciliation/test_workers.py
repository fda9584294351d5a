"""Several workers at once: nothing is compared twice, and the CDRs of one session are never judged apart."""

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
from reconciliation.reconcile import reconcile_pending
from tests.reconciliation.stored import NOW, get_open, store_cdr, store_credit, store_session

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_runs_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciliation.reconcile.BATCH", 20)
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
    assert not Cdr.objects.filter(reconciled_at=None).exists()
    assert Finding.objects.filter(kind="energy_differs").count() == 10
    assert Finding.objects.get(kind="session_billed_twice").cdr_id == "C0-AGAIN"


def test_what_another_worker_holds_is_left_to_the_next_sweep() -> None:
    store_session("s1")
    store_session("s2")
    store_cdr("c1")
    store_cdr("c2", session_key="s2")

    with transaction.atomic():
        Cdr.objects.select_for_update().get(object_key="c1")
        assert _in_threads(lambda: reconcile_pending(now=NOW)) == [1]

    assert reconcile_pending(now=NOW) == 1


def test_a_credit_is_not_judged_while_its_original_is_in_other_hands() -> None:
    """Else the finding of the one worker would stay open beside the credit that settles it."""
    store_session()
    store_cdr("c1", reconciled_at=NOW)
    store_credit("c1-c", of="c1")

    with transaction.atomic():
        Cdr.objects.select_for_update().get(object_key="c1")
        assert _in_threads(lambda: reconcile_pending(now=NOW)) == [0]

    assert reconcile_pending(now=NOW) == 1
    assert get_open() == []


def _in_threads(*runs: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(len(runs)) as threads:
        return [future.result(30) for future in [threads.submit(_closing, run) for run in runs]]


def _closing(run: Callable[[], int]) -> int:
    try:
        return run()
    finally:
        connection.close()
