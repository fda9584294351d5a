"""Rows about one call that is passed on while its sender waits: throughput, waiting for slow partners, overhead."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

from benchmarks import bodies, cpu
from benchmarks.load import SUCCESS, Load, get_outcome, make_request, run_load
from benchmarks.machine import find_nginx
from benchmarks.partner import Manner, Partners
from benchmarks.rows import Row, take_turns
from benchmarks.seed import Cast, token_of
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import (
    run_durable_proxy,
    run_fast_library,
    run_lean_proxy,
    run_library,
    run_naive_hub,
    run_nginx_proxy,
    run_proxy,
)

CPO, EMSP = "DE*CPA", "NL*MSA"
PROXY = "a bare aiohttp proxy"
NGINX = "nginx as proxy"
NAIVE = "naive hub (DRF, ORM, requests)"
LIBRARY = "the fastest OCPI library, py-ocpi, which only receives"
OTHER_LIBRARY = "extrawest-ocpi"
DURABLE = "the proxy with two transactions a call and no check"
LEAN = "that with the hub's HTTP in place of aiohttp"
SECONDS = 4.0  # of one turn
LATENCY = 0.05


def make_calls(stand: Stand, *, count: int = 512) -> list[bytes]:
    """PUTs of `count` sessions, each with a path and body of its own."""
    return [
        stand.request(
            "PUT",
            f"receiver/sessions/DE/CPA/S{n}",
            sender=CPO,
            receiver=EMSP,
            body=bodies.session(cpo=CPO, emsp=EMSP, id=f"S{n}", number=n),
            n=n,
        )
        for n in range(count)
    ]


def measure(*, rounds: int) -> list[Row]:
    (port,) = find_ports(1)
    target = f"http://127.0.0.1:{port}"
    cast = Cast(cpos={CPO: port}, emsps={EMSP: port})
    with (
        Partners({port: Manner()}),
        run_hub(cast) as stand,
        run_proxy(target) as proxy,
        run_durable_proxy(stand, target) as durable,
        run_lean_proxy(stand, target) as lean,
    ):
        stand.pin_web()
        floors = {DURABLE: durable, LEAN: lean}
        return [
            *_measure_throughput(stand, proxy, floors, target=target, rounds=rounds),
            *_measure_overhead(stand, proxy, floors, rounds=rounds),
        ]


def measure_waiting(*, rounds: int) -> list[Row]:
    """Little's law bounds it: callers ÷ latency. How near the proxy comes to it says what one core allows."""
    (port,) = find_ports(1)
    with (
        Partners({port: Manner(latency=LATENCY)}),
        run_hub(Cast(cpos={CPO: port}, emsps={EMSP: port})) as stand,
        run_proxy(f"http://127.0.0.1:{port}") as proxy,
    ):
        stand.pin_web()
        calls = make_calls(stand)
        run_load(Load(stand.port, calls, 256, 2.0), Load(proxy, calls, 256, 0.5))
        works = {
            "hub": lambda: _get_rate(stand.port, calls, callers=256),
            PROXY: lambda: _get_rate(proxy, calls, callers=256),
        }
        rates = take_turns(works, rounds=rounds)
        costs = _get_costs(stand, calls, callers=256)
    bound = 256 / LATENCY
    return [
        Row(
            name="relay to partners that take 50 ms, 256 callers ÷ the bound callers ÷ latency",
            target=0.85,
            measured=rates["hub"] / bound,
            detail=(
                f"hub {rates['hub']:,.0f}/s",
                f"bound {bound:,.0f}/s",
                f"{PROXY} {rates[PROXY]:,.0f}/s, {rates[PROXY] / bound:.2f} of the bound",
                f"a call costs {cpu.write(costs)}",
                cpu.write_need(costs, rate=0.85 * bound),
            ),
        )
    ]


def _measure_throughput(stand: Stand, proxy: int, floors: Mapping[str, int], *, target: str, rounds: int) -> list[Row]:
    calls = make_calls(stand)
    run_load(Load(stand.port, calls, 64, 2.0), Load(proxy, calls, 64, 0.5))
    for port in floors.values():  # one after the other: at once they can deadlock, as they write the same rows
        run_load(Load(port, calls, 64, 1.0))
    with ExitStack() as running:
        naive = running.enter_context(run_naive_hub(stand, provider=CPO, consumer=EMSP, target=target))
        library, other_library = running.enter_context(run_fast_library()), running.enter_context(run_library())
        works: dict[str, Callable[[], float]] = {
            "hub": lambda: _get_rate(stand.port, calls),
            PROXY: lambda: _get_rate(proxy, calls),
            **{name: partial(_get_rate, port, calls) for name, port in floors.items()},
            NAIVE: lambda: _get_rate(naive, calls),
            LIBRARY: lambda: _get_rate(library, _make_library_calls()),
            OTHER_LIBRARY: lambda: _get_rate(other_library, _make_library_calls()),
        }
        if find_nginx():
            nginx = running.enter_context(run_nginx_proxy(target))
            works[NGINX] = lambda: _get_rate(nginx, calls)
        rates = take_turns(works, rounds=rounds)
    costs = _get_costs(stand, calls)
    hub, by_nginx, other = rates.pop("hub"), rates.pop(NGINX, None), rates.pop(OTHER_LIBRARY)
    reached = {name: rates.pop(name) for name in floors}
    targets = {PROXY: 0.5, NAIVE: 20, LIBRARY: 4}
    return [
        Row(
            name=f"relay of a session PUT, 64 callers ÷ {name}",
            target=targets[name],
            next_target=0.8 if name == PROXY else None,
            measured=hub / rate,
            detail=(
                f"hub {hub:,.0f}/s",
                f"{name} {rate:,.0f}/s",
                *((f"{NGINX} {by_nginx:,.0f}/s",) if name == PROXY and by_nginx else ()),
                *((f"a call costs {cpu.write(costs)}",) if name == PROXY else ()),
                *(
                    (f"{OTHER_LIBRARY} {other:,.0f}/s: the hub {hub / other:.2g} times that",)
                    if name == LIBRARY
                    else ()
                ),
                *((f"{PROXY} {rates[PROXY]:,.0f}/s",) if name == LIBRARY else ()),
                *(f"{floor} {by_floor:,.0f}/s, {by_floor / rate:.2g} of it" for floor, by_floor in reached.items()),
                cpu.write_need(costs, rate=targets[name] * rate),
            ),
        )
        for name, rate in rates.items()
    ]


def _make_library_calls() -> list[bytes]:
    headers = {"Authorization": "Token " + b64encode(token_of(CPO).encode()).decode()}
    return [
        make_request(
            "PUT",
            f"/ocpi/emsp/2.2.1/sessions/DE/CPA/S{n}",
            headers=headers,
            body=bodies.session(cpo=CPO, emsp=EMSP, id=f"S{n}", number=n),
        )
        for n in range(256)
    ]


def _get_costs(stand: Stand, calls: list[bytes], *, callers: int = 64) -> cpu.Costs:
    load = Load(stand.port, calls, callers, SECONDS, expect=SUCCESS)
    return cpu.measure(stand, lambda: get_outcome(load))[0]


def _get_rate(port: int, calls: list[bytes], *, callers: int = 64) -> float:
    return get_outcome(Load(port, calls, callers, SECONDS, expect=SUCCESS)).rate


def _measure_overhead(stand: Stand, proxy: int, floors: Mapping[str, int], *, rounds: int) -> list[Row]:
    """At a tenth of the load it can carry; in milliseconds above the proxy."""
    calls = make_calls(stand)
    rate = _get_rate(stand.port, calls) / 10
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, port in {"hub": stand.port, "proxy": proxy, **floors}.items():
            outcome = get_outcome(Load(port, calls, 64, SECONDS, rate=rate, expect=SUCCESS))
            found[f"{name} 50"].append(outcome.percentile(0.5) * 1000)
            found[f"{name} 99"].append(outcome.percentile(0.99) * 1000)
    median = {name: sorted(values)[len(values) // 2] for name, values in found.items()}
    return [
        Row(
            name=f"hub overhead at 10 % of that load, p{share}",
            target=target,
            measured=median[f"hub {share}"] - median[f"proxy {share}"],
            at_most=True,
            unit="ms",
            detail=(
                f"hub {median[f'hub {share}']:.2f} ms",
                f"proxy {median[f'proxy {share}']:.2f} ms",
                *(f"{floor} {median[f'{floor} {share}']:.2f} ms" for floor in floors),
                f"{rate:,.0f}/s",
            ),
        )
        for share, target in (("50", 3.0), ("99", 15.0))
    ]
