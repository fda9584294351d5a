"""Rows about telling many: status changes of EVSEs that a hundred partners hear, through the worker's lanes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks import bodies, cpu
from benchmarks.catalogue import copy_table
from benchmarks.cores import ALL
from benchmarks.load import SUCCESS, Load, make_request, run_load
from benchmarks.partner import Heard, Manner, Partners
from benchmarks.progress import say
from benchmarks.rows import Row, take_all_turns
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import OTHERS
from roaming_hub.stack.programs import PROJECT

CPO = "DE*CPA"
RECEIVERS = 100
OBJECTS = 32  # EVSEs; each has one caller, so that the hub gets its changes in order
CHANGES = 200  # a round
BARE_CHANGES = 500
LOGGED_CHANGES = 200
CELERY_CHANGES = 20
QUIET = 5.0  # seconds without a delivery after which the rest is given up

_numbers = count(1)


def measure(*, rounds: int) -> list[Row]:
    with run_scene() as (stand, partners, ports), _run_celery(stand):
        copy_table(stand, "journal_calllog", "bench_calllog")
        _by_celery(stand, partners, ports, changes=1)  # warm up
        heard: list[tuple[int, int]] = []
        rates = take_all_turns(
            {
                "hub": lambda: _by_hub(stand, partners, heard),
                "bare": lambda: _by_bare_sender(partners, ports),
                "logging": lambda: _by_logging_senders(stand, partners, ports),
                "celery": lambda: _by_celery(stand, partners, ports, changes=CELERY_CHANGES),
            },
            rounds=rounds,
        )
        looked: list[tuple[int, int]] = []
        spent, _ = cpu.look(stand, lambda: _by_hub(stand, partners, looked))
    costs = cpu.spread(spent, over=looked[0][0])
    return _make_rows({name: statistics.median(found) for name, found in rates.items()}, heard, costs, rounds=rounds)


@contextmanager
def run_scene() -> Iterator[tuple[Stand, Partners, list[int]]]:
    """A hub, partners who have heard of all locations, and the receivers' ports."""
    cpo, *ports = find_ports(1 + RECEIVERS)
    cast = Cast(cpos={CPO: cpo}, emsps={f"NL*{n:03}": port for n, port in enumerate(ports)})
    with Partners({port: Manner() for port in (cpo, *ports)}, cores=ALL) as partners, run_hub(cast) as stand:
        _put_locations(stand, partners)
        yield stand, partners, ports


def _put_locations(stand: Stand, partners: Partners) -> None:
    calls = [
        stand.request(
            "PUT",
            f"receiver/locations/DE/CPA/LOC{n}",
            sender=CPO,
            body=bodies.location(cpo=CPO, id=f"LOC{n}", number=next(_numbers)),
        )
        for n in range(OBJECTS)
    ]
    run_load(Load(stand.port, calls, OBJECTS, 10.0, total=OBJECTS, expect=SUCCESS))
    heard = partners.wait_for(OBJECTS * RECEIVERS, quiet=QUIET)
    say(f"{heard.calls} of {OBJECTS * RECEIVERS} deliveries of {OBJECTS} locations")


def _by_hub(stand: Stand, partners: Partners, found: list[tuple[int, int]]) -> float:
    heard, began = change_statuses(stand, partners, changes=CHANGES)
    found.append((heard.calls, heard.out_of_order))
    return heard.calls / (heard.last_at - began)


def change_statuses(stand: Stand, partners: Partners, *, changes: int) -> tuple[Heard, float]:
    """What the partners heard, up to the last receiver of the last change, and when the first was told."""
    partners.reset()
    calls = [
        stand.request("PATCH", f"receiver/locations/DE/CPA/LOC{n}/LOC{n}-0", sender=CPO, body=bodies.status(number))
        for number in (next(_numbers) for _ in range(changes * 2 // OBJECTS + 1))
        for n in range(OBJECTS)
    ]
    (outcome,) = run_load(Load(stand.port, calls, OBJECTS, 60.0, total=changes, expect=SUCCESS), cores=ALL)
    if outcome.failures:
        raise RuntimeError(f"{outcome.failures} changes failed, the first with {outcome.first_failure}")
    return partners.wait_for(changes * RECEIVERS, quiet=QUIET), outcome.begun


def _by_bare_sender(partners: Partners, ports: list[int]) -> float:
    """asyncio and httptools, a connection per receiver, nothing but the bytes."""
    partners.reset()
    number = next(_numbers)
    calls = [
        make_request("PATCH", f"/2.2.1/receiver/locations/DE/CPA/LOC{n}/LOC{n}-0", body=bodies.status(number))
        for n in range(OBJECTS)
    ]
    outcomes = run_load(*(Load(port, calls, 1, 60.0, total=BARE_CHANGES) for port in ports), cores=ALL)
    return sum(len(outcome.latencies) for outcome in outcomes) / max(outcome.seconds for outcome in outcomes)


def _by_logging_senders(stand: Stand, partners: Partners, ports: list[int]) -> float:
    """The same with a durable row for each, by two processes as the hub's worker has."""
    partners.reset()
    dsn = stand.stack.environ["DATABASE_URL"]
    halves = [",".join(map(str, half)) for half in (ports[::2], ports[1::2])]
    command = [sys.executable, "-m", "benchmarks.yardsticks.logging_sender", str(LOGGED_CHANGES)]
    senders = [
        subprocess.Popen([*command, half, dsn], cwd=PROJECT, stdout=subprocess.PIPE, text=True) for half in halves
    ]
    told = [list(map(float, sender.communicate(timeout=120)[0].split())) for sender in senders]
    began, done = zip(*told, strict=True)
    if partners.look().calls < LOGGED_CHANGES * len(ports):
        raise RuntimeError("the logging senders told less than they should")
    return LOGGED_CHANGES * len(ports) / (max(done) - min(began))


def _by_celery(stand: Stand, partners: Partners, ports: list[int], *, changes: int) -> float:
    """One task per delivery, from the first `delay()` on."""
    partners.reset()
    command = [OTHERS, "-m", "benchmarks.yardsticks.celery_fanout", str(changes), ",".join(map(str, ports))]
    done = subprocess.run(command, cwd=PROJECT, env=_with_broker(stand), check=True, capture_output=True, text=True)
    heard = partners.wait_for(changes * len(ports), quiet=20.0)
    if heard.calls < changes * len(ports):
        raise RuntimeError(f"Celery delivered {heard.calls} of {changes * len(ports)}")
    return heard.calls / (heard.last_at - float(done.stdout))


@contextmanager
def _run_celery(stand: Stand) -> Iterator[None]:
    """As many processes as the hub's own worker has."""
    flags = ["--without-gossip", "--without-mingle", "--concurrency", "2", "--loglevel", "WARNING"]
    command = [OTHERS, "-m", "celery", "--app", "benchmarks.yardsticks.celery_fanout", "worker", *flags]
    with tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=_with_broker(stand), stdout=log, stderr=log)
        try:
            _wait_until_ready(process, Path(log.name))
            yield
        except Exception:
            say(f"Celery said: {Path(log.name).read_text()[-2000:]}")
            raise
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while " ready." not in log.read_text():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("Celery did not start")
        time.sleep(0.1)


def _with_broker(stand: Stand) -> dict[str, str]:
    """On the hub's own Valkey."""
    socket = stand.stack.environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}  # the hub's
    return {**kept, "BENCH_BROKER": f"redis+socket://{socket}?virtual_host=0"}


def _make_rows(rates: dict[str, float], heard: list[tuple[int, int]], costs: cpu.Costs, *, rounds: int) -> list[Row]:
    what = f"fan-out of status changes to {RECEIVERS} partners, deliveries/s"
    hub, bare, celery, logging = rates["hub"], rates["bare"], rates["celery"], rates["logging"]
    calls, disorder = (sum(column) for column in zip(*heard, strict=True))
    delivered = f"{calls:,} of {rounds * CHANGES * RECEIVERS:,} delivered"
    return [
        Row(
            name=f"{what} ÷ a bare asyncio sender",
            target=0.25,
            next_target=0.4,
            measured=hub / bare,
            detail=(
                f"hub {hub:,.0f}/s",
                f"bare {bare:,.0f}/s",
                f"two such senders with a durable log row each {logging:,.0f}/s, {logging / bare:.2f} of it",
                delivered,
                f"a delivery costs {cpu.write(costs)}",
                cpu.write_need(costs, rate=0.25 * bare),
            ),
        ),
        Row(
            name=f"{what} ÷ one Celery task per delivery",
            target=25,
            measured=hub / celery,
            detail=(
                f"hub {hub:,.0f}/s",
                f"Celery and requests {celery:,.0f}/s",
                cpu.write_need(costs, rate=25 * celery),
            ),
        ),
        Row(
            name=f"fan-out of status changes to {RECEIVERS} partners: deliveries out of order for their object",
            target=0,
            at_most=True,
            unit="deliveries",
            measured=disorder,
            detail=(delivered, f"{OBJECTS} objects"),
        ),
    ]
