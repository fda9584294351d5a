"""Where each microsecond of a relayed call goes: py-spy looks at the web process under load.

`make bench ROWS=profile` writes benchmarks/text/profile.md, which the page of the benchmarks shows. Time is that of
the processor, of all threads of the process.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks import cpu, machine, own_metrics, report
from benchmarks.load import SUCCESS, Load, get_outcome, run_load
from benchmarks.partner import Manner, Partners
from benchmarks.relay import CPO, EMSP, make_calls
from benchmarks.rows import Row
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import OTHERS

SECONDS = 15
RATE = 250  # samples per second
SHOWN = 30

# The innermost frame that one of these names owns the time; the first that fits.
OWNERS: tuple[tuple[str, tuple[str, ...]], ...] = (
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
OTHER = "other"

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


def _record(pid: int, port: int, calls: list[bytes]) -> Counter[tuple[str, ...]]:
    """How often each stack was seen holding the interpreter (waiting threads look busy otherwise), outermost first."""
    load = threading.Thread(target=lambda: run_load(Load(port, calls, 64, SECONDS + 3.0)))
    load.start()
    time.sleep(1.5)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        raw = Path(folder) / "raw"
        program = str(Path(OTHERS).with_name("py-spy"))
        command = [program, "record", "--pid", str(pid), "--format", "raw", "--full-filenames", "--gil", "-o", str(raw)]
        subprocess.run(
            [*command, "--rate", str(RATE), "--duration", str(SECONDS)], check=True, capture_output=True, text=True
        )
        stacks = _read(raw.read_text())
    load.join()
    return stacks


def _read(text: str) -> Counter[tuple[str, ...]]:
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in text.splitlines():
        frames, _, seen = line.rpartition(" ")
        stacks[tuple(frames.split(";"))] += int(seen)
    return stacks


def get_owner(stack: tuple[str, ...]) -> str:
    for frame in reversed(stack):
        for owner, places in OWNERS:
            if any(place in frame for place in places):
                return owner
    return OTHER


def _write(stacks: Counter[tuple[str, ...]], spent: cpu.Costs, own: list[str], *, rate: float) -> str:
    microseconds = spent["web"]
    total = sum(stacks.values())
    owners: Counter[str] = Counter()
    functions: Counter[tuple[str, str]] = Counter()
    for stack, seen in stacks.items():
        owner = get_owner(stack)
        owners[owner] += seen
        functions[owner, _name(stack[-1])] += seen
    each = microseconds / total
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
        f"Below, the web process: {total:,} samples by py-spy of whoever held the interpreter, by the innermost frame",
        "that belongs to somebody; the kernel's time is spread over them. "
        f"Load average before: {machine.get_load():.1f}. Made by `benchmarks/profile.py`.",
        "",
        "| whose | µs per call | share |",
        "| --- | --- | --- |",
        *(f"| {owner} | {seen * each:,.0f} | {seen / total:.0%} |" for owner, seen in owners.most_common()),
        "",
        "The functions that cost most by themselves:",
        "",
        "| function | whose | µs per call |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {owner} | {seen * each:,.0f} |" for (owner, name), seen in functions.most_common(SHOWN)),
        "",
    ]
    return "\n".join(lines)


def _name(frame: str) -> str:
    """`function (file)`, the file below the project or the packages, without the line."""
    function, _, place = frame.partition(" (")
    file = place.rpartition(":")[0] or place.rstrip(")")
    for start in ("site-packages/", f"{report.PROJECT}/"):
        file = file.rpartition(start)[2]
    file = re.sub(r"^.*/lib/python[\d.]+/", "", file)
    return f"{function} ({file})"
