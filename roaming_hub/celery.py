"""The Celery app and what it does by the clock. Tasks live in their apps."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")

app = Celery("roaming_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep lanes": {"task": "forwarding.tasks.drain_lanes", "schedule": 1.0, "options": {"expires": 2}},
    "watch who is alive": {"task": "forwarding.tasks.watch_presence", "schedule": 10.0, "options": {"expires": 10}},
    "announce changes": {"task": "forwarding.tasks.announce_clients", "schedule": 2.0, "options": {"expires": 4}},
    "pull from partners": {"task": "forwarding.tasks.pull_lists", "schedule": 5.0, "options": {"expires": 5}},
    "forget old pulls": {"task": "forwarding.tasks.forget_pulls", "schedule": 3600.0},
    "keep partitions": {"task": "journal.tasks.keep_partitions", "schedule": 3600.0},
    "reconcile CDRs": {
        "task": "reconciliation.tasks.reconcile_pending_cdrs",
        "schedule": 2.0,
        "options": {"expires": 4},
    },
    "find sessions without CDR": {
        "task": "reconciliation.tasks.find_sessions_without_cdr",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
}
