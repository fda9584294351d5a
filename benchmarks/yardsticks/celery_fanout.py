# mypy: ignore-errors
# Run by the Python of the yardsticks, which the checks of this project know nothing of.
"""The usual way to tell many: a Celery task per delivery, `requests` in it.

`celery --app benchmarks.yardsticks.celery_fanout worker`; `python -m` the same with CHANGES PORTS tells each
port of so many changes, and prints when it began.
"""

from __future__ import annotations

import os
import sys
import time

import requests
from celery import Celery, signals

app = Celery("fanout", broker=os.environ["BENCH_BROKER"])
app.conf.task_default_queue = "fanout"  # the hub's own workers are on the same server
app.conf.task_ignore_result = True
app.conf.task_serializer = "json"
_session = requests.Session()  # one per process, kept open: kind to it


@app.task(name="deliver")
def deliver(url: str, body: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Token aHVi"}
    _session.patch(url, data=body, headers=headers, timeout=8).raise_for_status()


@signals.worker_ready.connect
def say_ready(**kwargs: object) -> None:
    print("is ready.", flush=True)


def main(changes: int, ports: list[str]) -> None:
    print(time.perf_counter())
    for number in range(changes):
        body = f'{{"status":"CHARGING","last_updated":"2026-01-01T00:00:{number % 60:02}.000Z"}}'
        for port in ports:
            deliver.delay(f"http://127.0.0.1:{port}/2.2.1/receiver/locations/DE/CPA/LOC{number % 32}/1", body)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2].split(","))
