"""Rows about the memory of one web process under all kinds of calls, and whether it grows.

BENCH_MEMORY_REQUESTS says how many calls: 100,000 by default, a million for the whole test.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarks import bodies
from benchmarks.load import Load, run_load
from benchmarks.partner import Manner, Partners
from benchmarks.progress import say
from benchmarks.rows import Row
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub

CPO, EMSP = "DE*CPA", "NL*MSA"
CALLERS = 64
OBJECTS = 2000
TURNS = 10  # memory is looked at after each
PATIENCE = 1800.0  # seconds for all calls


def measure(*, rounds: int) -> list[Row]:
    """Once, whatever `rounds` says: it is the length that counts."""
    wanted = int(os.environ.get("BENCH_MEMORY_REQUESTS", "100000"))
    (port,) = find_ports(1)
    with Partners({port: Manner()}), run_hub(Cast(cpos={CPO: port}, emsps={EMSP: port})) as stand:
        stand.pin_web()
        _fill(stand)
        seen, answered = _watch(stand, _make_calls(stand), wanted=wanted)
        highest = _read_megabytes(stand.web, "VmHWM")
    settled = seen[len(seen) // 5]
    course = "after each tenth: " + " ".join(f"{value:.0f}" for value in seen)
    return [
        Row(
            name="memory of one web process after all kinds of calls",
            target=300,
            at_most=True,
            unit="MB",
            measured=seen[-1],
            detail=(f"{answered:,} calls", f"at most {highest:.0f} MB"),
        ),
        Row(
            name="growth of the memory of one web process, after the first fifth of the calls",
            target=5,
            at_most=True,
            unit="MB",
            measured=seen[-1] - settled,
            detail=(f"{answered:,} calls; the issue asks for 1,000,000", course),
        ),
    ]


def _fill(stand: Stand) -> None:
    """Locations to list, and whole pages of them: the largest answers there are."""
    puts = [_put_location(stand, n) for n in range(OBJECTS)]
    run_load(Load(stand.port, puts, 32, 60.0, total=OBJECTS))
    pages = [stand.request("GET", "sender/locations?limit=1000", sender=EMSP)]
    run_load(Load(stand.port, pages, 4, 3.0))


def _watch(stand: Stand, calls: list[bytes], *, wanted: int) -> tuple[list[float], int]:
    """Megabytes after each turn, and how many calls were answered well."""
    seen, answered = [], 0
    for turn in range(1, TURNS + 1):
        (outcome,) = run_load(Load(stand.port, calls, CALLERS, PATIENCE / TURNS, total=wanted // TURNS))
        if outcome.failures:
            raise RuntimeError(f"{outcome.failures} calls failed, the first with {outcome.first_failure}")
        answered += len(outcome.latencies)
        seen.append(_read_megabytes(stand.web, "VmRSS"))
        say(f"turn {turn}/{TURNS}: {answered:,} calls, {outcome.rate:,.0f}/s, {seen[-1]:.1f} MB")
    return seen, answered


def _make_calls(stand: Stand) -> list[bytes]:
    """Of ten calls six are relayed, three are stored and told on, one is a page of a hundred locations."""
    return [call for n in range(OBJECTS) for call in _make_ten(stand, n)]


def _make_ten(stand: Stand, n: int) -> list[bytes]:
    sessions = [
        stand.request(
            "PUT",
            f"receiver/sessions/DE/CPA/S{n}-{part}",
            sender=CPO,
            receiver=EMSP,
            body=bodies.session(cpo=CPO, emsp=EMSP, id=f"S{n}-{part}", number=n),
            n=n,
        )
        for part in range(6)
    ]
    locations = [_put_location(stand, (n * 3 + part) % OBJECTS) for part in range(3)]
    page = stand.request("GET", f"sender/locations?limit=100&offset={n % 20 * 100}", sender=EMSP, n=n)
    return [*sessions, *locations, page]


def _put_location(stand: Stand, n: int) -> bytes:
    body = bodies.location(cpo=CPO, id=f"LOC{n}", number=n)
    return stand.request("PUT", f"receiver/locations/DE/CPA/LOC{n}", sender=CPO, body=body, n=n)


def _read_megabytes(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None, f"no {name} of process {pid}"
    return int(found.group(1)) / 1024
