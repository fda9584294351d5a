"""Tiny children in place of web, worker and beat, and a stack that starts fast."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg2

from roaming_hub.stack.child import Child, Process, log_says

PROJECT = Path(__file__).resolve().parents[2]
SLEEPS = "import time; print('awake', flush=True); time.sleep(600)"
# A child with children of its own, as prefork workers are: they know nothing of the runner.
FORKS = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); " + SLEEPS
)


def environment() -> dict[str, str]:
    """Ours, without the servers that the tests themselves run on."""
    return {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}


def child(name: str, script: str, *, environ: Mapping[str, str], **changes: object) -> Child:
    values = {"ready": log_says(b"awake"), "stop_within": 2.0, **changes}
    return Child(name=name, argv=(sys.executable, "-S", "-c", script), env=environ, **values)  # type: ignore[arg-type]


def always(process: Process) -> bool:
    return True


def until(happened: Callable[[], object], *, seconds: float = 20.0) -> bool:
    """Wait for something another process does. The only way to see it is to look."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if happened():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits to be collected does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip() not in ("", "Z", "Zs")


def is_group_alive(pid: int) -> bool:
    done = subprocess.run(["ps", "-e", "-o", "pgid=,stat="], capture_output=True, text=True, check=True)
    members = [line.split() for line in done.stdout.splitlines()]
    return any(int(group) == pid and not state.startswith("Z") for group, state in members)


def can_query(url: str) -> bool:
    try:
        connection = psycopg2.connect(url, connect_timeout=2)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True
