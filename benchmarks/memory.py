"""Rows about the memory of one web process under all kinds of calls, and whether it grows.

It ends after a million calls (BENCH_MEMORY_REQUESTS) or four minutes (BENCH_MEMORY_SECONDS), whichever comes first; a
row that was cut short says so, and what a million would add is reckoned from the second half of what was seen.
"""

from __future__ import annotations

import os
import re
import statistics
import time
from itertools import combinations
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
WANTED = 1_000_000
SECONDS = 240.0
TURN = 5_000  # calls; memory is looked at after each turn
SHOWN = 10  # of those looks
REFUSABLE = 0.01  # of the calls: on a machine that others use, the hub says 503 while the disk stands still

Seen = list[tuple[int, float]]  # calls so far, megabytes


def measure(*, rounds: int) -> list[Row]:
    """Once, whatever `rounds` says: it is the length that counts."""
    wanted = int(os.environ.get("BENCH_MEMORY_REQUESTS", WANTED))
    seconds = float(os.environ.get("BENCH_MEMORY_SECONDS", SECONDS))
    (port,) = find_ports(1)
    with (
        Partners({port: Manner()}),
        run_hub(Cast(cpos={CPO: port}, emsps={EMSP: port}), environ={"HUB_MAX_LISTS": str(4 * CALLERS)}) as stand,
    ):
        stand.pin_web()
        _fill(stand)
        seen = _watch(stand, _make_calls(stand), wanted=wanted, seconds=seconds)
        highest = _read_megabytes(stand.web, "VmHWM")
    return _make_rows(seen, highest=highest)


def _make_rows(seen: Seen, *, highest: float) -> list[Row]:
    answered, last = seen[-1]
    is_whole = answered >= WANTED
    half = next(megabytes for calls, megabytes in seen if calls >= answered / 2)
    shown = seen[:: max(1, len(seen) // SHOWN)]
    course = "MB on the way: " + " ".join(f"{megabytes:.0f}" for _, megabytes in shown)
    how = "measured" if is_whole else f"reckoned from {answered:,} calls, which is all there was time for"
    return [
        Row(
            name="memory of one web process after all kinds of calls",
            target=300,
            at_most=True,
            unit="MB",
            measured=last,
            detail=(f"{answered:,} calls", f"at most {highest:.0f} MB"),
        ),
        Row(
            name="growth of the memory of one web process by a million calls",
            target=5,
            at_most=True,
            unit="MB",
            measured=max(0.0, get_growth(seen) * WANTED),
            detail=(how, f"in their second half {last - half:+.1f} MB", course),
        ),
    ]


def get_growth(seen: Seen) -> float:
    """Megabytes per call in the second half: the median slope of all pairs, as one large answer moves the last look."""
    late = seen[len(seen) // 2 :]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(late, 2)]
    return statistics.median(slopes) if slopes else 0.0


def _fill(stand: Stand) -> None:
    """Locations to list, and whole pages of them: the largest answers there are."""
    puts = [_put_location(stand, n) for n in range(OBJECTS)]
    run_load(Load(stand.port, puts, 32, 60.0, total=OBJECTS))
    pages = [stand.request("GET", "sender/locations?limit=1000", sender=EMSP)]
    run_load(Load(stand.port, pages, 4, 3.0))


def _watch(stand: Stand, calls: list[bytes], *, wanted: int, seconds: float) -> Seen:
    """After each turn: how many calls were answered well by then, and the megabytes."""
    seen: Seen = []
    answered = refused = 0
    end = time.monotonic() + seconds
    while answered < wanted and (left := end - time.monotonic()) > 0:
        start = answered % len(calls)
        turn = [*calls[start:], *calls[:start]][:TURN]
        (outcome,) = run_load(Load(stand.port, turn, CALLERS, max(left, 1.0), total=TURN))
        answered += len(outcome.latencies)
        refused += outcome.failures
        if refused > answered * REFUSABLE:
            raise RuntimeError(f"{refused} calls failed, of the last ones the first with {outcome.first_failure}")
        seen.append((answered, _read_megabytes(stand.web, "VmRSS")))
        say(f"{answered:,} calls, {outcome.rate:,.0f}/s, {seen[-1][1]:.1f} MB, {refused} refused")
    return seen


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
