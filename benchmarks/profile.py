"""Where each microsecond of a relayed call goes: py-spy looks at the web process under load.

`make bench ROWS=profile` writes benchmarks/text/profile.md, which the page of the benchmarks shows. Time is that of
the processor, of all threads of the process.
"""

from __future__ import annotations

import threading
import time

from benchmarks import cpu, machine, own_metrics, report, samples
from benchmarks.load import SUCCESS, Load, get_outcome, run_load
from benchmarks.partner import Manner, Partners
from benchmarks.relay import CPO, EMSP, make_calls
from benchmarks.rows import Row
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub

SECONDS = 15

OWNERS: samples.Owners = (
    ("HTTP in: uvicorn, ASGI", ("/uvicorn/", "roaming_hub/web.py", "gateway/asgi.py", "gateway/reading.py")),
    ("HTTP out: the client", ("parties/client/", "/aiohttp/", "/yarl/", "/multidict/", "parties/egress.py")),
    ("limits, breakers, admission", ("parties/limits/", "gateway/admission.py")),
    ("metrics, logs, traces", ("telemetry/", "/prometheus_client/", "/structlog/", "/logging/")),
    ("journal: writer, batches, SQL", ("journal/", "/psycopg2/", "parties/owned_changes.py")),
    ("routing: decide, facts", ("routing/", "agreements/", "gateway/facts.py")),
    ("gateway: the pipeline", ("gateway/",)),
    ("modules: reading and checking documents", ("charging_sessions/", "parties/", "ocpi/", "tokens/", "locations/")),
    ("asyncio, uvloop, threads", ("/asyncio/", "/uvloop/", "threading.py", "/concurrent/", "queue.py")),
    ("Django", ("/django/",)),
)

# Of what it can carry: beyond that calls queue before they are sent.
SHARES = (0.8, 0.1)


def measure(*, rounds: int) -> list[Row]:
    """No row: a text. Looked at once, whatever `rounds` says."""
    (port,) = find_ports(1)
    with Partners({port: Manner()}), run_hub(Cast(cpos={CPO: port}, emsps={EMSP: port})) as stand:
        stand.pin_web()
        calls = make_calls(stand)
        run_load(Load(stand.port, calls, 64, 3.0))
        spent, outcome = cpu.measure(
            stand,
            lambda: get_outcome(Load(stand.port, calls, 64, 8.0, expect=SUCCESS)),  # while nobody looks
        )
        rate = outcome.rate
        own = [_ask_hub(stand, calls, rate=rate * share) for share in SHARES]
        stacks = _record(stand.web, stand.port, calls)
    text = _write(stacks, spent, own, rate=rate)
    report.PARTS.mkdir(exist_ok=True)
    (report.PARTS / "profile.md").write_text(text)
    return []


def _ask_hub(stand: Stand, calls: list[bytes], *, rate: float) -> str:
    """A line of what the hub says of itself at this rate."""
    before = own_metrics.look(stand.port)
    (outcome,) = run_load(Load(stand.port, calls, 64, 5.0, rate=rate, expect=SUCCESS))
    after = own_metrics.look(stand.port)
    commit, jobs, partner = (
        own_metrics.get_mean(name, before, after)
        for name in ("hub_writer_commit_seconds", "hub_writer_batch_jobs", "hub_partner_seconds")
    )
    figures = (outcome.rate, outcome.percentile(0.5) * 1000, commit * 1000, jobs, partner * 1000)
    return "| {:,.0f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |".format(*figures)


def _record(pid: int, port: int, calls: list[bytes]) -> samples.Stacks:
    load = threading.Thread(target=lambda: run_load(Load(port, calls, 64, SECONDS + 3.0)))
    load.start()
    time.sleep(1.5)
    stacks = samples.record(pid, seconds=SECONDS)
    load.join()
    return stacks


def _write(stacks: samples.Stacks, spent: cpu.Costs, own: list[str], *, rate: float) -> str:
    lines = [
        "## Where each microsecond of a relayed call goes",
        "",
        f"One web process, 64 callers, session PUTs relayed to a partner that answers at once: {rate:,.0f} calls/s,",
        f"each call costs the processor: {cpu.write(spent)}.",
        "",
        "Each call is stored, passed on, and logged: two transactions, which calls of the same moment share:",
        "",
        "| calls/s | p50, ms | a transaction, ms | calls in it | the partner, ms |",
        "| --- | --- | --- | --- | --- |",
        *own,
        "",
        f"Below, the web process: {stacks.total():,} samples by py-spy of whoever held the interpreter, by the",
        "innermost frame that belongs to somebody; the kernel's time is spread over them.",
        f"Load average before: {machine.get_load():.1f}. Made by `benchmarks/profile.py`.",
        "",
        *samples.write_tables(stacks, OWNERS, microseconds=spent["web"], unit="call"),
    ]
    return "\n".join(lines)
