"""Rows about sick partners: of twenty, one hangs, one answers 500, one drips bytes. What the other seventeen notice."""

from __future__ import annotations

import statistics

from benchmarks import bodies
from benchmarks.load import SUCCESS, Load, Outcome, run_load
from benchmarks.partner import Manner, Partners
from benchmarks.progress import say
from benchmarks.rows import Row
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub

CPO = "DE*CPA"
EMSPS = [f"NL*M{n:02}" for n in range(20)]
SICK = {"hangs": EMSPS[0], "fails": EMSPS[1], "drips": EMSPS[2]}
RATE = 10.0  # calls per second for each partner
LATENCY = 0.02  # of a healthy partner
SECONDS = 8.0


def measure(*, rounds: int) -> list[Row]:
    ports = dict(zip([CPO, *EMSPS], find_ports(1 + len(EMSPS)), strict=True))
    well = {port: Manner(latency=LATENCY) for port in ports.values()}
    sick = {ports[party]: Manner(sick=how) for how, party in SICK.items()}
    cast = Cast(cpos={CPO: ports[CPO]}, emsps={party: ports[party] for party in EMSPS})
    found: dict[str, list[Outcome]] = {"well": [], "sick": []}
    with Partners(well) as partners, run_hub(cast) as stand:
        stand.pin_web()
        _run(stand)  # warm up
        for number in range(1, rounds + 1):
            for name, manners in (("well", well), ("sick", sick)):
                partners.behave(manners)
                found[name].append(_run(stand))
            partners.behave(well)
            p99 = {name: f"{outcomes[-1].percentile(0.99) * 1000:.1f} ms" for name, outcomes in found.items()}
            say(f"round {number}/{rounds}: p99 of the healthy {p99}")
    return _make_rows(found)


def _run(stand: Stand) -> Outcome:
    """All twenty are called at the same rate; of the sick ones nothing is expected."""
    healthy = [party for party in EMSPS if party not in SICK.values()]
    outcomes = run_load(
        Load(stand.port, _make_calls(stand, healthy), 128, SECONDS, rate=RATE * len(healthy), expect=SUCCESS),
        Load(stand.port, _make_calls(stand, list(SICK.values())), 512, SECONDS, rate=RATE * len(SICK)),
    )
    return outcomes[0]


def _make_calls(stand: Stand, emsps: list[str]) -> list[bytes]:
    return [
        stand.request(
            "PUT",
            f"receiver/sessions/DE/CPA/{emsp[3:]}-{n}",
            sender=CPO,
            receiver=emsp,
            body=bodies.session(cpo=CPO, emsp=emsp, id=f"{emsp[3:]}-{n}", number=n),
            n=n,
        )
        for n in range(64)
        for emsp in emsps
    ]


def _make_rows(found: dict[str, list[Outcome]]) -> list[Row]:
    p99, p50 = (
        {name: statistics.median(o.percentile(share) * 1000 for o in outcomes) for name, outcomes in found.items()}
        for share in (0.99, 0.5)
    )
    first = next((o.first_failure for o in found["sick"] if o.failures), "")
    calls = sum(len(o.latencies) + o.failures for o in found["sick"])
    return [
        Row(
            name="3 of 20 partners are sick: p99 of the others ÷ their p99 without it",
            target=1.2,
            at_most=True,
            measured=p99["sick"] / p99["well"],
            detail=(
                f"sick {p99['sick']:.1f} ms, p50 {p50['sick']:.1f} ms",
                f"well {p99['well']:.1f} ms, p50 {p50['well']:.1f} ms",
                f"{RATE:.0f} calls/s to each, partners take {LATENCY * 1000:.0f} ms",
            ),
        ),
        Row(
            name="3 of 20 partners are sick: calls to the others that failed",
            target=0,
            at_most=True,
            unit="calls",
            measured=sum(outcome.failures for outcome in found["sick"]),
            detail=(f"of {calls:,}", *([f"the first with {first}"] if first else [])),
        ),
    ]
