"""Which core a process of ours runs on: what is measured has the first for itself, all else shares the others.

So the hub does not compete with its own load, and a noisy neighbour moves a figure less. On one core nothing is done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

ALL = frozenset(os.sched_getaffinity(0))
MEASURED = frozenset(sorted(ALL)[:1])
OTHERS = ALL - MEASURED or ALL
_GONE = (ProcessLookupError, FileNotFoundError)


def pin(pid: int, cores: frozenset[int]) -> None:
    """A process that we started, its threads and all that it started. What they start later inherits it."""
    for each in get_family(pid):
        with suppress(*_GONE):
            for thread in Path(f"/proc/{each}/task").iterdir():
                with suppress(*_GONE):
                    os.sched_setaffinity(int(thread.name), cores)


def pin_myself(cores: frozenset[int]) -> None:
    os.sched_setaffinity(0, cores)


def get_family(pid: int) -> list[int]:
    """Itself, its children and theirs."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(*_GONE):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    family = [pid]
    for each in family:
        family += children.get(each, [])
    return family
