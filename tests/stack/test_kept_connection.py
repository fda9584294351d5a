"""A worker's database connection outlives its tasks, unless it is broken or old: what Celery and we do around each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_postrun, task_prerun
from django.db import DatabaseError, connection

from roaming_hub.celery import app


@pytest.fixture
def run_task(transactional_db: None) -> Iterator[Callable[[Callable[[], Any]], None]]:
    """As a worker does: Celery's own hooks and ours."""
    fixup = DjangoWorkerFixup(app)
    task: Any = Mock(request=Mock(is_eager=False))
    for signal, hook in ((task_prerun, fixup.on_task_prerun), (task_postrun, fixup.on_task_postrun)):
        signal.connect(hook, weak=False)

    def run(work: Callable[[], Any]) -> None:
        task_prerun.send(sender=task, task=task)
        try:
            work()
        finally:
            task_postrun.send(sender=task, task=task, state="SUCCESS")

    yield run
    task_prerun.disconnect(fixup.on_task_prerun)
    task_postrun.disconnect(fixup.on_task_postrun)


def get_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_serves_the_next_task(run_task):
    pids: list[int] = []

    run_task(lambda: pids.append(get_pid()))
    run_task(lambda: pids.append(get_pid()))

    assert pids[0] == pids[1]


def test_one_whose_server_went_away_is_left_after_one_failure_at_most(run_task):
    pids: list[int] = []
    run_task(lambda: pids.append(get_pid()))
    with pytest.raises(DatabaseError):
        run_task(lambda: connection.cursor().execute("SELECT pg_terminate_backend(pg_backend_pid())"))

    run_task(lambda: pids.append(get_pid()))

    assert pids[0] != pids[1]


def test_one_that_broke_between_two_tasks_is_not_missed(run_task):
    pids: list[int] = []
    run_task(lambda: pids.append(get_pid()))
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", pids)
    other.close()

    run_task(lambda: pids.append(get_pid()))

    assert pids[0] != pids[1]


def test_an_old_one_is_made_anew(run_task, monkeypatch: pytest.MonkeyPatch):
    pids: list[int] = []
    run_task(lambda: pids.append(get_pid()))
    monkeypatch.setattr(connection, "close_at", 0.0)

    run_task(lambda: pids.append(get_pid()))

    assert pids[0] != pids[1]
