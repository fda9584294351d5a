"""What a call costs the processor, process by process: the figure that a noisy machine disturbs least."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.cores import ALL, get_family
from benchmarks.load import Outcome
from benchmarks.stand import Stand

KERNEL = "of the web process in the kernel"

Costs = dict[str, float]
T = TypeVar("T")


def measure(stand: Stand, work: Callable[[], Outcome]) -> tuple[Costs, Outcome]:
    """Microseconds per answered call."""
    spent, outcome = look(stand, work)
    return spread(spent, over=len(outcome.latencies)), outcome


def look(stand: Stand, work: Callable[[], T]) -> tuple[Costs, T]:
    """Seconds of each process meanwhile, and what the work came to."""
    before = _read(stand)
    result = work()
    after = _read(stand)
    return {name: after[name] - before[name] for name in before}, result


def spread(spent: Costs, *, over: int) -> Costs:
    """Microseconds each."""
    return {name: seconds / max(over, 1) * 1e6 for name, seconds in spent.items()}


def write(costs: Costs) -> str:
    return ", ".join(f"{name} {value:,.0f} µs" for name, value in costs.items() if value >= 10)


def write_need(costs: Costs, *, rate: float) -> str:
    """What the target asks of the processor, at today's cost: callers, partners and the benchmark come on top."""
    cores = rate * sum(value for name, value in costs.items() if name != KERNEL) / 1e6
    return f"the target, {rate:,.0f}/s, would take {cores:.1f} of {len(ALL)} cores"


def _read(stand: Stand) -> Costs:
    """Seconds of each process of the stack with those that it started, so far; and the web's in the kernel."""
    found = {name: sum(sum(_read_one(each)) for each in get_family(pid)) for name, pid in stand.stack.processes.items()}
    return found | {KERNEL: _read_one(stand.web)[1]}


def _read_one(pid: int) -> tuple[float, float, float]:
    """Seconds as user, in the kernel, and of those that it started and that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has ended meanwhile
        return 0.0, 0.0, 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    user, kernel, of_ended, of_ended_in_kernel = (int(field) / ticks for field in fields[11:15])
    return user, kernel, of_ended + of_ended_in_kernel
