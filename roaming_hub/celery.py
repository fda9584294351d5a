"""The Celery app and what it does by the clock. Tasks live in their apps."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import beat_init, task_postrun, task_prerun, worker_init, worker_process_init
from django.db import close_old_connections

from roaming_hub.niceness import step_back
from roaming_hub.own_moments import spread
from telemetry import celery_signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")

app = Celery("roaming_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
celery_signals.connect()
worker_init.connect(step_back)
beat_init.connect(step_back)


@task_prerun.connect
@task_postrun.connect
def keep_connection(task: Task, **_: object) -> None:
    """From one task to the next, as web processes do from one request to the next: what broke or is older than
    CONN_MAX_AGE is closed. Celery would make a new one for each task, which costs PostgreSQL ten times what most of
    them ask of it."""
    if not task.request.is_eager:
        close_old_connections()


@worker_process_init.connect
def settle_down(**_: object) -> None:
    """All that lives as long as the process is there now: it need not be looked through for garbage again and again.

    Threads that wait for the database get their turn at once, while others work.
    """
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


SLOW = (  # for a worker of their own: deliveries must not wait
    "forwarding.tasks.pull_lists",
    "forwarding.tasks.resync_lanes",
    "forwarding.tasks.drop_old_days",
    "forwarding.tasks.purge",
    "reconciliation.tasks.forget_evidence",
    "settlement.tasks.close_due_periods",
)
app.conf.task_routes = {name: {"queue": "pulls"} for name in SLOW}
SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep lanes": {"task": "forwarding.tasks.drain_lanes", "schedule": 1.0, "options": {"expires": 2}},
    "watch who is alive": {"task": "forwarding.tasks.watch_presence", "schedule": 10.0, "options": {"expires": 10}},
    "evaluate alerts": {"task": "alerts.tasks.evaluate_alerts", "schedule": 15.0, "options": {"expires": 15}},
    "announce changes": {"task": "forwarding.tasks.announce_clients", "schedule": 2.0, "options": {"expires": 4}},
    "pull from partners": {"task": "forwarding.tasks.pull_lists", "schedule": 5.0, "options": {"expires": 5}},
    "resync lanes": {"task": "forwarding.tasks.resync_lanes", "schedule": 10.0, "options": {"expires": 10}},
    "drop old days": {"task": "forwarding.tasks.drop_old_days", "schedule": 900.0, "options": {"expires": 900}},
    "purge what is over": {"task": "forwarding.tasks.purge", "schedule": 3600.0, "options": {"expires": 3600}},
    "forget evidence": {
        "task": "reconciliation.tasks.forget_evidence",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "fold list changes": {"task": "parties.tasks.fold_list_changes", "schedule": 30.0, "options": {"expires": 30}},
    "keep partitions": {"task": "journal.tasks.keep_partitions", "schedule": 3600.0},
    "reconcile CDRs": {
        "task": "reconciliation.tasks.reconcile_pending_cdrs",
        "schedule": 2.0,
        "options": {"expires": 4},
    },
    "rate CDRs": {"task": "reconciliation.tasks.rate_pending_cdrs", "schedule": 2.0, "options": {"expires": 4}},
    "find sessions without CDR": {
        "task": "reconciliation.tasks.find_sessions_without_cdr",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "ask for missing CDRs": {
        "task": "reconciliation.tasks.ask_for_missing_cdrs",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "issue invoices": {"task": "invoicing.tasks.issue_invoices", "schedule": 10.0, "options": {"expires": 10}},
    "send invoices": {"task": "invoicing.tasks.send_invoices", "schedule": 30.0, "options": {"expires": 30}},
    "close due periods": {"task": "settlement.tasks.close_due_periods", "schedule": crontab(hour=3, minute=17)},
    "watch disputes": {"task": "reconciliation.tasks.watch_disputes", "schedule": 60.0, "options": {"expires": 60}},
}
app.conf.beat_schedule = spread(SCHEDULE)
