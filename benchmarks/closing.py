"""Closing a month: `python -m roaming_hub.stack exec -- .venv/bin/python -m benchmarks.closing [--cdrs N] [--pairs N]`.

It fills an empty database by SQL, closes the month as the worker does, and checks that the sums are those of the CDRs.
Documents are left empty: closing does not read them.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime

from benchmarks import database
from benchmarks.progress import say
from benchmarks.rows import Row

NOW = datetime(2026, 11, 10, tzinfo=UTC)  # October is due
SECONDS, MEGABYTES = 180.0, 500.0

# One in a hundred is held; one in two hundred is a credit of its neighbour.
SEED = """
INSERT INTO cdrs_cdr (
    owner, object_key, audience, object_id, version, document, last_updated, is_verified, flags, received_at,
    changed_at, verdict_code, verdict_message, token_owner, session_key, start_at, end_at, total_energy, total_cost,
    total_cost_incl, currency, country, is_credit, credit_reference_key
)
SELECT p.provider, 'cdr-' || n, '', 'CDR-' || n, '2.2.1', '{}', ended, true, '', ended, ended,
       1000, '', p.consumer, 'session-' || n - credit::integer, ended - interval '40 minutes', ended, kwh,
       CASE WHEN credit THEN -1 ELSE 1 END * cost, CASE WHEN credit THEN -1 ELSE 1 END * round(cost * 1.21, 4),
       CASE WHEN n %% 10 = 0 THEN 'CHF' ELSE 'EUR' END, CASE WHEN n %% 10 = 0 THEN 'CH' ELSE 'NL' END,
       credit, CASE WHEN credit THEN 'cdr-' || n - 1 ELSE '' END
  FROM generate_series(0, %(cdrs)s - 1) n
 CROSS JOIN LATERAL (
        SELECT n %% 200 = 4 AS credit, (n - (n %% 200 = 4)::integer) AS base
       ) kind
 CROSS JOIN LATERAL (
        SELECT timestamptz '2026-10-01 00:00Z' + (base::bigint * 7919 %% 2600000) * interval '1 second' AS ended,
               round(5 + (base::bigint * 104729 %% 60000) / 1000.0, 3) AS kwh,
               round(2 + (base::bigint * 1299709 %% 300000) / 10000.0, 4) AS cost
       ) figures
 CROSS JOIN LATERAL (
        SELECT 'nlc' || lpad((base / 200 %% %(pairs)s / 20)::text, 2, '0') AS provider,
               'fre' || lpad((base / 200 %% %(pairs)s %% 20)::text, 2, '0') AS consumer
       ) p
"""
HOLD = """
INSERT INTO reconciliation_finding (
    kind, severity, state, owner, token_owner, cdr_id, cdr_key, session_id, session_key, path, expected, actual,
    message, note, opened_at
)
SELECT 'energy_differs', 'hold', 'open', owner, token_owner, object_id, object_key, '', session_key, '/total_energy',
       '1', '2', '', '', received_at
  FROM cdrs_cdr WHERE id %% 100 = 50 AND NOT is_credit
"""

RATE = """
INSERT INTO reconciliation_rating (owner, cdr_key, verdict, engine_version, policy, changed_at, rated_at)
SELECT owner, object_key, 'match', '1', 'default', changed_at, changed_at FROM cdrs_cdr
"""


def measure_rows(*, rounds: int) -> list[Row]:
    return database.measure_beside_database("benchmarks.closing", rounds=rounds)


def measure(*, cdrs: int = 1_000_000, pairs: int = 500, rounds: int = 1) -> list[Row]:
    """Seconds of the whole close, and the most memory this process had. Once: a month closes only once."""
    from django.conf import settings

    from settlement.due import close_due

    settings.HUB_FEE_PER_SESSION = settings.HUB_FEE_PER_SESSION + 1
    started = time.perf_counter()
    _seed(cdrs=cdrs, pairs=pairs)
    say(f"filled in {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    report = close_due(now=NOW)
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = sum(statement.line_count for statement in report.statements)
    detail = (
        f"{lines:,} lines in {len(report.statements):,} statements of {pairs} pairs",
        f"{lines / seconds:,.0f} lines/s",
        _check(report.failures),
    )
    name = f"close a month of {cdrs:,} CDRs over {pairs} pairs"
    return [
        Row(name=name, target=SECONDS, measured=seconds, at_most=True, unit="s", detail=detail),
        Row(name=f"{name}: memory", target=MEGABYTES, measured=megabytes, at_most=True, unit="MB"),
    ]


def _seed(*, cdrs: int, pairs: int) -> None:
    from django.db import connection

    from reconciliation.position import move
    from reconciliation.reconcile import RIPE

    move(RIPE, to=(NOW, 0))
    with connection.cursor() as cursor:
        cursor.execute(SEED, {"cdrs": cdrs, "pairs": pairs})
        cursor.execute(HOLD, {})
        cursor.execute(RATE)
        cursor.execute("ANALYZE cdrs_cdr")
        cursor.execute("ANALYZE reconciliation_rating")
        cursor.execute("ANALYZE reconciliation_finding")


def _check(failures: dict[str, str]) -> str:
    """Every statement is the sum of its lines, every line is its CDR's amount, rounded."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM settlement_line l JOIN cdrs_cdr c ON c.id = l.cdr_id"
            " WHERE l.net <> round(c.total_cost, 2)"
        )
        wrong = cursor.fetchone()[0]
        cursor.execute(
            "SELECT count(*) FROM settlement_statement s"
            " WHERE kind = 'cdr' AND s.net <> (SELECT sum(net) FROM settlement_line l WHERE l.statement_id = s.id)"
        )
        wrong += cursor.fetchone()[0]
    if wrong or failures:
        raise RuntimeError(f"{wrong} wrong sums, failures: {failures}")
    return "sums checked"


def main() -> None:
    parser = argparse.ArgumentParser(description="Close a month in an empty database.")
    parser.add_argument("--cdrs", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=500)
    database.main(measure, parser)


if __name__ == "__main__":
    main()
