"""Which core a process of ours runs on: what is measured has the first for itself, all else shares the others.

So the hub does not compete with its own load, and a noisy neighbour moves a figure less. On one core nothing is done.
"""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

ALL = frozenset(os.sched_getaffinity(0))
MEASURED = frozenset(sorted(ALL)[:1])
OTHERS = ALL - MEASURED or ALL


def pin(pid: int, cores: frozenset[int]) -> None:
    """A process that we started, its threads and all that it started. What they start later inherits it."""
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            for thread in each.threads():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(thread.id, cores)


def pin_myself(cores: frozenset[int]) -> None:
    os.sched_setaffinity(0, cores)
