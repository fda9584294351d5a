"""A small process that outlives a killed runner just long enough to kill what the runner had started.

Run as a script without site-packages. It must never touch a process that does not belong to its own run.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

MARKER = "HUB_STACK_RUN"  # every process of a run carries this variable: the folder of the run, after those around it


def mark(run: Path, *, around: str) -> str:
    """The marker's value. `around` is our own: a stack inside `exec` ends with the one that surrounds it."""
    return f"{around}:{run}" if around else str(run)


def get_marked(run: Path) -> list[int]:
    """Processes of this run, found by their environment. Linux only, and not the servers, which write over theirs:
    those die with the runner's thread (launch.py), and here by their process group."""
    name, wanted = f"{MARKER}=".encode(), str(run).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        marks = [mark for line in variables if line.startswith(name) for mark in line[len(name) :].split(b":")]
        if wanted in marks and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def kill_group(pid: int) -> None:
    """Every child leads a session, so its pid is the id of its process group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def clear(run: Path, *, groups: set[int], patience: float = 5.0) -> None:
    """Kill what is left of a run, until nothing new turns up, and remove its folder."""
    for group in groups:
        kill_group(group)
    give_up_at = time.monotonic() + patience
    while (left := get_marked(run)) and time.monotonic() < give_up_at:
        for pid in left:
            kill(pid)
        time.sleep(0.05)
    shutil.rmtree(run, ignore_errors=True)


def main(run: Path) -> None:
    """Read `+pid` and `-pid` lines. `bye`: the runner has stopped everything itself. End of file: it has died."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        word = line.strip()
        if word == "bye":
            return
        (groups.add if word[0] == "+" else groups.discard)(int(word[1:]))
    clear(run, groups=groups)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
