"""Where each microsecond of a delivery goes: py-spy looks at the worker while status changes fan out.

`make bench ROWS=profile_delivery` writes benchmarks/text/profile_delivery.md, which the page of the benchmarks shows.
"""

from __future__ import annotations

import threading
import time

from benchmarks import cpu, machine, report, samples
from benchmarks.fanout import RECEIVERS, change_statuses, run_scene
from benchmarks.partner import Partners
from benchmarks.rows import Row
from benchmarks.stand import Stand

CHANGES = 400  # for the figure of the processor, while nobody looks
SEEN_CHANGES = 1_200
SECONDS = 8

OWNERS: samples.Owners = (
    ("HTTP out: the client", ("parties/client/", "/aiohappyeyeballs/", "/multidict/", "parties/egress.py")),
    ("limits, breakers", ("parties/limits/", "forwarding/signs.py", "forwarding/pace.py")),
    ("metrics, logs, traces", ("telemetry/", "/prometheus_client/", "/structlog/", "/logging/")),
    (
        "the log and the lanes' positions: rows, SQL",
        ("forwarding/record.py", "forwarding/lanes.py", "forwarding/store.py", "journal/", "/psycopg2/"),
    ),
    ("reading events", ("forwarding/events.py", "forwarding/outdated.py")),
    ("who may hear it: plan, rules, facts", ("forwarding/plan.py", "forwarding/facts.py", "routing/", "agreements/")),
    ("forwarding: lanes, order, attempts", ("forwarding/", "ocpi/")),
    ("asyncio, uvloop, threads", ("/asyncio/", "/uvloop/", "threading.py", "/concurrent/", "queue.py")),
    ("Celery and its other tasks", ("/celery/", "/kombu/", "/redis/", "/billiard/")),
)


def measure(*, rounds: int) -> list[Row]:
    """No row: a text. Looked at once, whatever `rounds` says."""
    with run_scene() as (stand, partners, _):
        change_statuses(stand, partners, changes=CHANGES)  # warm up
        spent, (heard, began) = cpu.look(stand, lambda: change_statuses(stand, partners, changes=CHANGES))
        rate = heard.calls / (heard.last_at - began)
        stacks = _record(stand, partners)
    report.PARTS.mkdir(exist_ok=True)
    (report.PARTS / "profile_delivery.md").write_text(_write(stacks, cpu.spread(spent, over=heard.calls), rate=rate))
    return []


def _record(stand: Stand, partners: Partners) -> samples.Stacks:
    load = threading.Thread(target=lambda: change_statuses(stand, partners, changes=SEEN_CHANGES))
    load.start()
    time.sleep(1.0)
    stacks = samples.record(stand.stack.processes["worker"], seconds=SECONDS, children=True)
    load.join()
    return stacks


def _write(stacks: samples.Stacks, spent: cpu.Costs, *, rate: float) -> str:
    lines = [
        "## Where each microsecond of a delivery goes",
        "",
        f"Status changes of EVSEs told to {RECEIVERS} partners that answer at once, by a worker of two processes:",
        f"{rate:,.0f} deliveries/s, each costs the processor: {cpu.write(spent)}.",
        "",
        f"Below, the worker's processes: {stacks.total():,} samples, taken as above.",
        f"Load average before: {machine.get_load():.1f}. Made by `benchmarks/profile_delivery.py`.",
        "",
        *samples.write_tables(stacks, OWNERS, microseconds=spent["worker"], unit="delivery"),
    ]
    return "\n".join(lines)
