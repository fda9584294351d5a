"""The row about what a broadcast costs its sender: one event, however many will hear it."""

from __future__ import annotations

import statistics
import time
from itertools import count

from benchmarks import bodies
from benchmarks.load import SUCCESS, Load, get_outcome
from benchmarks.partner import Manner, Partners
from benchmarks.rows import Row, take_turns
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub

FEW, MANY = 10, 1000
TO_FEW, TO_MANY = "DE*CPF", "DE*CPM"
PUSHES = 20  # a turn
RATE = 3.0  # pushes per second: what 1,000 receivers are told must not pile up

_numbers = count(1)


def measure(*, rounds: int) -> list[Row]:
    """Two CPOs on one hub, one with few partners, one with many: they take turns, and differ in nothing else."""
    ports = find_ports(20)
    emsps = {f"NL*{n:03X}": ports[n % len(ports)] for n in range(MANY)}
    parties = list(emsps)
    pairs = [(TO_FEW, party) for party in parties[:FEW]] + [(TO_MANY, party) for party in parties]
    cast = Cast(cpos={TO_FEW: ports[0], TO_MANY: ports[0]}, emsps=emsps, pairs=pairs)
    with Partners({port: Manner() for port in ports}) as partners, run_hub(cast) as stand:
        stand.pin_web()
        time.sleep(10.0)  # 8,000 lanes begin
        works = {
            f"{receivers:,} receivers": lambda cpo=cpo: _push(stand, partners, cpo)
            for receivers, cpo in ((FEW, TO_FEW), (MANY, TO_MANY))
        }
        found = take_turns(works, rounds=rounds)
        heard = partners.look().calls
    few, many = found.values()
    return [
        Row(
            name="cost of a broadcast for its sender, p50: 1,000 receivers ÷ 10 receivers",
            target=1.2,
            at_most=True,
            measured=many / few,
            detail=(f"1,000: {many:.2f} ms", f"10: {few:.2f} ms", f"{heard:,} deliveries arrived"),
        )
    ]


def _push(stand: Stand, partners: Partners, cpo: str) -> float:
    """Milliseconds from the call to its answer."""
    calls = [
        stand.request(
            "PUT",
            f"receiver/locations/DE/{cpo[3:]}/LOC{n}",
            sender=cpo,
            body=bodies.location(cpo=cpo, id=f"LOC{n}", number=next(_numbers)),
        )
        for n in range(PUSHES)
    ]
    outcome = get_outcome(Load(stand.port, calls, 4, 60.0, rate=RATE, total=PUSHES, expect=SUCCESS))
    partners.wait_for(10**9, quiet=1.0, seconds=30.0)  # the next turn begins when this one has been told
    return statistics.median(outcome.latencies) * 1000
