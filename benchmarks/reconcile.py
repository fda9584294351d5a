"""A million CDRs against a million sessions: `python -m roaming_hub.stack exec -- python -m benchmarks.reconcile`.

Takes three minutes, most of it to fill the tables. The yardstick is PostgreSQL's own bare hash join of the two tables,
which judges nothing; and the same comparison row by row through the ORM, on a sample.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import database
from benchmarks.progress import say
from benchmarks.rows import Row
from benchmarks.seed_cdrs import add_cdrs, seed

NOW = datetime(2026, 11, 2, tzinfo=UTC)  # a day after the CDRs came
MANY, NEW, SAMPLE = 1_000_000, 10_000, 2_000

HASH_JOIN = """
SELECT count(*) FROM cdrs_cdr c JOIN charging_sessions_session s ON s.owner = c.owner AND s.object_key = c.session_key
"""


def measure_rows(*, rounds: int) -> list[Row]:
    return database.measure_beside_database("benchmarks.reconcile", rounds=rounds)


def measure(*, many: int = MANY, new: int = NEW, sample: int = SAMPLE, rounds: int = 5) -> list[Row]:
    """Needs Django set up, and an empty database that is migrated."""
    from django.db import connection

    with connection.cursor() as cursor:
        say(f"filled in {_time(lambda: seed(cursor, sessions=many + new, cdrs=many)):.0f} s")
        joins, matches = [], []
        for _ in range(rounds):
            joins.append(_time(_join_bare))
            _forget()
            matches.append(_time(_match))
            say(f"bare hash join {joins[-1]:.2f} s, matching {matches[-1]:.2f} s")
        found = _count_findings()
        row_by_row = _time(lambda: _match_row_by_row(sample)) / sample * many
        add_cdrs(cursor, first=many + 1, last=many + new, arrived=NOW)
    later = _time(lambda: _match(now=NOW + timedelta(days=1)))
    join, match = statistics.median(joins), statistics.median(matches)
    figures = (f"{many:,} CDRs and sessions: {match:.2f} s, {found:,} findings", f"bare hash join {join:.2f} s")
    return [
        Row(name="matching, of a bare hash join", target=0.5, measured=join / match, detail=figures),
        Row(
            name="matching, beside row by row through the ORM",
            target=300,
            measured=row_by_row / match,
            detail=(f"row by row {row_by_row:,.0f} s, from {sample:,} CDRs",),
        ),
        Row(
            name=f"{new:,} new CDRs against {many:,}",
            target=1.0,
            measured=later,
            at_most=True,
            unit="s",
            detail=(f"{_count_findings() - found:,} findings",),
        ),
    ]


def _time(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _join_bare() -> None:
    """The plan that PostgreSQL chooses, as long as it is a hash join."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off")
        cursor.execute(HASH_JOIN)


def _forget() -> None:
    from reconciliation.models import Finding, Sweep

    Finding.objects.all().delete()
    Sweep.objects.all().delete()


def _match(now: datetime = NOW) -> None:
    from reconciliation.reconcile import reconcile_pending

    reconcile_pending(now=now)


def _count_findings() -> int:
    from reconciliation.models import Finding

    return Finding.objects.count()


def _match_row_by_row(sample: int) -> None:
    """What is fair to expect of the ORM: one query per CDR, and one per fault. Looks at no other CDRs."""
    from cdrs.models import Cdr
    from charging_sessions.models import Session
    from reconciliation.compare import Thresholds, compare
    from reconciliation.models import Finding

    for cdr in Cdr.objects.order_by("-id")[:sample]:
        session = Session.objects.filter(owner=cdr.owner, object_key=cdr.session_key, audience="").first()
        for fault in compare(_facts_of(cdr), _session_facts(session), thresholds=Thresholds()):
            Finding.objects.create(
                kind=fault.kind, severity=fault.severity, path=fault.path, expected=fault.expected, actual=fault.actual,
                message=fault.message, owner="row", cdr_key=cdr.object_key, session_key=cdr.session_key, opened_at=NOW,
            )  # fmt: skip
    Finding.objects.filter(owner="row").delete()


def _facts_of(cdr: Any) -> Any:
    from reconciliation.compare import CdrFacts

    return CdrFacts(
        cdr_id=cdr.object_id,
        token_owner=cdr.token_owner,
        session_key=cdr.session_key,
        start_at=cdr.start_at,
        end_at=cdr.end_at,
        total_energy=cdr.total_energy,
        total_cost=cdr.total_cost,
        currency=cdr.currency,
        is_credit=cdr.is_credit,
        verdict_code=cdr.verdict_code,
        received_at=cdr.received_at,
    )


def _session_facts(session: Any) -> Any:
    from reconciliation.compare import SessionFacts

    if session is None:
        return None
    return SessionFacts(
        session_id=session.object_id,
        token_owner=session.token_owner,
        status=session.status,
        start_at=session.start_at,
        end_at=session.end_at,
        kwh=session.kwh,
        total_cost=session.total_cost,
        currency=session.currency,
        received_at=session.received_at,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What matching CDRs with sessions costs, beside its yardsticks.")
    parser.add_argument("--many", type=int, default=MANY)
    database.main(measure, parser)


if __name__ == "__main__":
    main()
