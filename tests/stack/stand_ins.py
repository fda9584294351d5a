"""Tiny children in place of web, worker and beat, and a stack that starts fast."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

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


class Running(NamedTuple):
    state: str
    parent: int
    group: int


def get_running() -> dict[int, Running]:
    """Every process but those that have ended and only wait to be collected. From proc(5): `ps` is not everywhere."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # gone meanwhile
            state, parent, group = stat.read_text().rpartition(")")[2].split()[:3]
            found[int(stat.parent.name)] = Running(state, int(parent), int(group))
    return {pid: one for pid, one in found.items() if one.state not in "ZX"}


def is_alive(pid: int) -> bool:
    return pid in get_running()


def is_group_alive(pid: int) -> bool:
    return any(one.group == pid for one in get_running().values())


def can_query(url: str) -> bool:
    try:
        connection = psycopg2.connect(url, connect_timeout=2)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True
