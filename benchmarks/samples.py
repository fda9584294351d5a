"""Which Python functions a process is in while it works: py-spy's samples, by owner and by function.

A sample is a stack of whoever held the interpreter (waiting threads look busy otherwise), outermost frame first.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.yardsticks.run import OTHERS

RATE = 250  # samples per second
SHOWN = 30
OTHER = "other"

Stacks = Counter[tuple[str, ...]]
Owners = Sequence[tuple[str, Sequence[str]]]
"""A name, and what stands in the frames that it owns. The innermost frame that somebody owns says whose a sample is."""


def record(pid: int, *, seconds: float, children: bool = False) -> Stacks:
    """`children`: of those that it has started too."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        raw = Path(folder) / "raw"
        program = str(Path(OTHERS).with_name("py-spy"))
        command = [program, "record", "--pid", str(pid), "--format", "raw", "--full-filenames", "--gil", "-o", str(raw)]
        command += ["--rate", str(RATE), "--duration", str(round(seconds))]
        subprocess.run([*command, *(["--subprocesses"] if children else [])], check=True, capture_output=True)
        return _read(raw.read_text())


def _read(text: str) -> Stacks:
    stacks: Stacks = Counter()
    for line in text.splitlines():
        frames, _, seen = line.rpartition(" ")
        stacks[tuple(frames.split(";"))] += int(seen)
    return stacks


def get_owner(stack: Sequence[str], owners: Owners) -> str:
    for frame in reversed(stack):
        for owner, places in owners:
            if any(place in frame for place in places):
                return owner
    return OTHER


def write_tables(stacks: Stacks, owners: Owners, *, microseconds: float, unit: str) -> list[str]:
    """`microseconds`: what one `unit` costs the process, spread over its samples."""
    total = sum(stacks.values())
    whose: Counter[str] = Counter()
    functions: Counter[tuple[str, str]] = Counter()
    for stack, seen in stacks.items():
        owner = get_owner(stack, owners)
        whose[owner] += seen
        functions[owner, _name(stack[-1])] += seen
    each = microseconds / total
    return [
        f"| whose | µs per {unit} | share |",
        "| --- | --- | --- |",
        *(f"| {owner} | {seen * each:,.0f} | {seen / total:.0%} |" for owner, seen in whose.most_common()),
        "",
        "The functions that cost most by themselves:",
        "",
        f"| function | whose | µs per {unit} |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {owner} | {seen * each:,.0f} |" for (owner, name), seen in functions.most_common(SHOWN)),
        "",
    ]


def _name(frame: str) -> str:
    """`function (file)`, the file below the project or the packages, without the line."""
    function, _, place = frame.partition(" (")
    file = place.rpartition(":")[0] or place.rstrip(")")
    for start in ("site-packages/", f"{report.PROJECT}/"):
        file = file.rpartition(start)[2]
    file = re.sub(r"^.*/lib/python[\d.]+/", "", file)
    return f"{function} ({file})"
