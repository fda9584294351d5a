"""Rows about a location of 4 kB pushed to the hub: checked, stored, told on, logged; beside pgbench and the ORM."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

from benchmarks import bodies, cpu
from benchmarks.catalogue import COLUMNS, COPY, copy_table, make_copy
from benchmarks.cores import MEASURED
from benchmarks.load import SUCCESS, Load, Outcome, get_outcome, make_request, run_load
from benchmarks.partner import Heard, Manner, Partners
from benchmarks.rows import Row, take_turns
from benchmarks.seed import Cast, token_of
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import run_naive_hub
from roaming_hub.stack.postgres import find_programs

CPO, EMSP = "DE*CPA", "NL*MSA"
CALLERS = 64
OBJECTS = 2048
SECONDS = 4.0
QUIET = 1.0  # seconds without a delivery: all is told
_UPSERT = f"""\\set n random(1, {OBJECTS})
INSERT INTO {COPY} ({COLUMNS})
 VALUES ('decpa', 'loc' || (:n)::text, '', 'LOC' || (:n)::text, '2.2.1', (:document)::text, now(), true, '',
  now(), now(), '', 'NLD', 'Utrecht', 52.0894440, 5.1102780, 'Europe/Amsterdam', true, 10)
 ON CONFLICT (owner, object_key, audience) DO UPDATE SET document = excluded.document,
 last_updated = excluded.last_updated, changed_at = excluded.changed_at, country = excluded.country,
 city = excluded.city, latitude = excluded.latitude, longitude = excluded.longitude, evse_count = excluded.evse_count;
"""
_EVENT = """INSERT INTO bench_event (at, module, method, path, body, object_key, sublane, sender,
  sender_role, origin, supersedes)
 VALUES (now(), 'locations', 'PUT', 'DE/CPA/LOC' || (:n)::text, (:document)::text, 'locations-decpa-loc' || (:n)::text,
  (:n)::int % 8, 'decpa', 'CPO', 1, true);
"""
_LOG_ROW = """INSERT INTO bench_calllog (at, leg, platform, module, interface, method, object_id, sender, receiver,
  request_id, correlation_id, decision, http_status, status_code, duration_ms, size)
 VALUES (now(), '{leg}', 1, 'locations', 'RECEIVER', 'PUT', 'LOC' || (:n)::text, 'DECPA', 'NLMSA',
  'request-' || (:n)::text, 'correlation-' || (:n)::text, 'broadcast', 200, 1000, 1, 3917);
"""
# What the hub writes for a location that one partner hears of.
_ALL_ROWS = f"BEGIN;\n{_UPSERT}{_EVENT}{_LOG_ROW.format(leg='in')}{_LOG_ROW.format(leg='out')}COMMIT;\n"


def measure(*, rounds: int) -> list[Row]:
    """One eMSP has an agreement with the CPO, and hears of it by the worker."""
    (port,) = find_ports(1)
    target = f"http://127.0.0.1:{port}"
    with (
        Partners({port: Manner()}) as partners,
        run_hub(Cast(cpos={CPO: port}, emsps={EMSP: port})) as stand,
        run_naive_hub(stand, provider=CPO, consumer=EMSP, target=target) as naive,
    ):
        stand.pin_web()
        make_copy(stand)
        copy_table(stand, "journal_event", "bench_event")
        copy_table(stand, "journal_calllog", "bench_calllog")
        calls, naive_calls = _make_calls(stand), _make_naive_calls()
        run_load(Load(stand.port, calls, CALLERS, 2.0), Load(naive, naive_calls, 8, 2.0))  # warm up
        rates = take_turns(
            {
                "hub": lambda: get_outcome(Load(stand.port, calls, CALLERS, SECONDS, expect=SUCCESS)).rate,
                "pgbench": lambda: _run_pgbench(stand, _UPSERT),
                "ORM": lambda: get_outcome(Load(naive, naive_calls, CALLERS, SECONDS, expect=SUCCESS)).rate,
            },
            rounds=rounds,
        )
        partners.wait_for(sys.maxsize, quiet=QUIET)
        partners.reset()
        costs, outcome = cpu.measure(
            stand, lambda: get_outcome(Load(stand.port, calls, CALLERS, SECONDS, expect=SUCCESS))
        )
        told = _write_told(partners.wait_for(sys.maxsize, quiet=QUIET), outcome)
        floor = _measure_all_rows(stand, rounds=rounds)
    return _make_rows(rates, costs, told, floor, size=len(bodies.location(cpo=CPO, id="LOC1", number=1)))


def _make_calls(stand: Stand) -> list[bytes]:
    return [
        stand.request(
            "PUT",
            f"receiver/locations/DE/CPA/LOC{n}",
            sender=CPO,
            body=bodies.location(cpo=CPO, id=f"LOC{n}", number=n),
            n=n,
        )
        for n in range(OBJECTS)
    ]


def _make_naive_calls() -> list[bytes]:
    headers = {"Authorization": "Token " + b64encode(token_of(CPO).encode()).decode()}
    return [
        make_request(
            "PUT",
            f"/orm/locations/DE/CPA/LOC{n}",
            headers=headers,
            body=bodies.location(cpo=CPO, id=f"LOC{n}", number=n),
        )
        for n in range(OBJECTS)
    ]


def _run_pgbench(stand: Stand, sql: str) -> float:
    """Transactions per second: prepared, as many clients as the hub has callers."""
    document = bodies.location(cpo=CPO, id="LOC1", number=1).decode()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(sql)
        script.flush()
        command = [str(find_programs(os.environ) / "pgbench"), "--no-vacuum", "--protocol=prepared"]
        command += ["-c", str(CALLERS), "-j", "1", "-T", f"{SECONDS:.0f}", "-f", script.name]
        command += ["-D", f"document={document}", stand.stack.environ["DATABASE_URL"]]
        done = subprocess.run(
            ["taskset", "-c", ",".join(map(str, sorted(MEASURED))), *command],
            cwd=Path("/"),
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said: {done.stdout}\n{done.stderr}")
    return float(found.group(1))


def _measure_all_rows(stand: Stand, *, rounds: int) -> str:
    """At the end: what it leaves for the disk to do would be in the hub's way."""
    works = {"one": lambda: _run_pgbench(stand, _UPSERT), "all": lambda: _run_pgbench(stand, _ALL_ROWS)}
    rates = take_turns(works, rounds=rounds)
    share = rates["all"] / rates["one"]
    return f"pgbench writing all that the hub writes for one {rates['all']:,.0f}/s, {share:.2f} of its upserts alone"


def _write_told(heard: Heard, outcome: Outcome) -> str:
    """What is told on comes after what is stored: of states that wait, the newest is sent."""
    late = heard.last_at - outcome.begun - outcome.seconds
    return f"of {len(outcome.latencies):,} states its partner heard {heard.calls:,}, the last {late:.1f} s later"


def _make_rows(rates: dict[str, float], costs: cpu.Costs, told: str, floor: str, *, size: int) -> list[Row]:
    what = "location PUT of 4 kB, validated and stored, objects/s"
    hub, pgbench, orm = rates["hub"], rates["pgbench"], rates["ORM"]
    return [
        Row(
            name=f"{what} ÷ pgbench doing the same upsert",
            target=0.6,
            measured=hub / pgbench,
            detail=(
                f"hub {hub:,.0f}/s",
                f"pgbench {pgbench:,.0f}/s",
                f"{size:,} bytes, {CALLERS} callers",
                f"an object costs {cpu.write(costs)}",
                told,
                floor,
                cpu.write_need(costs, rate=0.6 * pgbench),
            ),
        ),
        Row(
            name=f"{what} ÷ DRF and ORM",
            target=50,
            measured=hub / orm,
            detail=(
                f"hub {hub:,.0f}/s",
                f"DRF, nested update_or_create {orm:,.1f}/s",
                cpu.write_need(costs, rate=50 * orm),
            ),
        ),
    ]
