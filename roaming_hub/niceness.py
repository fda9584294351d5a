"""On a busy machine what is waited for goes before what can wait: the web process gets nine turns to a worker's one.

Where Linux groups processes by session, as it does on most machines outside of containers, a process' own niceness
counts among those of its session only (sched(7), "The autogroup feature"): a stack's processes have one each, and a
session's niceness is set beside it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

NICENESS = 10
AUTOGROUP = Path("/proc/self/autogroup")


def step_back(**_: object) -> None:
    """This process, and those that it starts. Asked twice, it steps back once."""
    os.nice(max(0, NICENESS - os.nice(0)))
    if os.getsid(0) == os.getpid():  # else others share the session: somebody's shell, say
        with suppress(OSError):  # there is no such thing, or not for us
            AUTOGROUP.write_text(str(NICENESS))
