"""Judges stored CDRs with the present policy, batch by batch: what it says goes into ratings and findings.

Work is found by position: CDRs in the order in which they came or were replaced. A policy or an engine that says
something new begins at the first CDR again, under a position of its own. Nothing is written to the CDRs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from cdrs.models import Cdr
from cdrs.policy import Policies, get_hub_policy, load_policies
from reconciliation.control import Surroundings, judge
from reconciliation.models import Sweep
from reconciliation.position import BEGINNING, SLACK
from reconciliation.rate_store import Judged, store
from reconciliation.sql import BILLS, CREDIT_OF, LIVE, MIRRORS
from reconciliation.surroundings import Document, Waiting, look_around
from tariffs.pricing import Result
from tariffs.pricing.result import ENGINE_VERSION

BATCH = 500  # CDRs per transaction
COLUMNS = "id, owner, token_owner, object_id, object_key, session_key, version, document, start_at, changed_at"
# Taken back to the last cent, or taking one back: nothing is left to be settled, so nothing is to be found.
SETTLED = f"""
    NOT c.is_credit AND EXISTS ({CREDIT_OF.format("c")})
    OR c.is_credit AND EXISTS (
        SELECT 1 FROM cdrs_cdr original
         WHERE original.owner = c.owner AND original.object_key = c.credit_reference_key
           AND {BILLS.format("original")} AND {MIRRORS.format("c", "original")})
"""
UNRATED = f"""
      FROM cdrs_cdr c
     WHERE (c.changed_at, c.id) > (%(reached_at)s, %(reached_id)s) AND {LIVE.format("c")}
       AND NOT EXISTS (
            SELECT 1 FROM reconciliation_rating rating
             WHERE rating.owner = c.owner AND rating.cdr_key = c.object_key AND rating.changed_at = c.changed_at
               AND rating.engine_version = %(engine)s AND left(rating.policy, 8) = %(hub)s)
"""
SELECTED = ", ".join(f"c.{column}" for column in COLUMNS.split(", "))
CLAIM = f"""
    SELECT {SELECTED}, {SETTLED}
    {UNRATED} ORDER BY c.changed_at, c.id LIMIT %(limit)s
"""
# What these take back, and what takes them back: with them it may have been settled, or be so no longer.
COUNTERPARTS = f"""
    SELECT {SELECTED}, {SETTLED} FROM cdrs_cdr c
     WHERE c.id <> ALL(%(ids)s) AND c.id IN (
            SELECT other.id FROM cdrs_cdr one CROSS JOIN LATERAL (
                SELECT o.id FROM cdrs_cdr o
                 WHERE o.owner = one.owner AND o.object_key = one.credit_reference_key AND {BILLS.format("o")} OFFSET 0
               ) other
             WHERE one.id = ANY(%(ids)s) AND one.is_credit
             UNION
            SELECT other.id FROM cdrs_cdr one CROSS JOIN LATERAL (
                SELECT o.id FROM cdrs_cdr o
                 WHERE o.owner = one.owner AND o.credit_reference_key = one.object_key
                   AND o.is_credit AND {LIVE.format("o")} OFFSET 0
               ) other
             WHERE one.id = ANY(%(ids)s) AND NOT one.is_credit)
"""


@dataclass(frozen=True, slots=True)
class Explained:
    """One CDR judged for people to look at, with what it was judged by."""

    cdr: Document | None
    around: Surroundings
    result: Result


def rate_pending(*, now: datetime, limit: int = 10_000) -> int:
    """Judge the CDRs that wait for it. Returns how many; 0 also while another worker is at it."""
    done = 0
    while done < limit:
        count = _rate_batch(limit=min(BATCH, limit - done), now=now)
        done += count
        if not count:
            break
    return done


def count_unrated() -> int:
    """CDRs that wait to be judged as they are now, by the present policy."""
    hub = get_hub_policy()
    sweep = Sweep.objects.filter(name=_get_name(hub)).first() or Sweep()
    reached: dict[str, Any] = {"reached_at": sweep.reached_at or BEGINNING, "reached_id": sweep.reached_id}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {UNRATED}", {"engine": ENGINE_VERSION, "hub": hub, **reached})
        return int(cursor.fetchone()[0])


def _get_name(hub: str) -> str:
    return f"control {ENGINE_VERSION} {hub}"


def explain(cdr: Cdr) -> Explained:
    """The same for one, now; nothing is stored."""
    columns = {name: getattr(cdr, name) for name in COLUMNS.split(", ")}
    waiting = _waiting(tuple(columns.values()), is_settled=False)
    ((document, around),) = look_around([waiting])
    return Explained(document, around, _judge(waiting, document, around, load_policies(), explain=True))


@transaction.atomic
def _rate_batch(*, limit: int, now: datetime) -> int:
    hub = get_hub_policy()
    sweep = Sweep.lock(_get_name(hub))
    if sweep is None:
        return 0
    reached = {"reached_at": sweep.reached_at or BEGINNING, "reached_id": sweep.reached_id}
    waiting = _fetch(CLAIM, limit=limit, engine=ENGINE_VERSION, hub=hub, **reached)
    if waiting:
        counterparts = _fetch(COUNTERPARTS, ids=[one.id for one in waiting])
        store(judge_all([*waiting, *counterparts]), now=now)
    last = (waiting[-1].changed_at, waiting[-1].id) if len(waiting) == limit else (now, 0)
    _move(sweep, to=last, now=now)
    return len(waiting)


def judge_all(waiting: Sequence[Waiting]) -> list[Judged]:
    policies = load_policies()
    surrounded = look_around(waiting)
    return [
        Judged(one, _judge(one, document, around, policies))
        for one, (document, around) in zip(waiting, surrounded, strict=True)
    ]


def _judge(
    waiting: Waiting, document: Document | None, around: Surroundings, policies: Policies, *, explain: bool = False
) -> Result:
    return judge(
        document,
        around,
        received_at=waiting.changed_at,
        version=waiting.version,
        thresholds=policies.get_thresholds(waiting.owner, waiting.token_owner, at=waiting.changed_at),
        explain=explain,
    )


def _fetch(statement: str, **facts: Any) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        return [_waiting(row[:-1], is_settled=bool(row[-1])) for row in cursor.fetchall()]


def _waiting(row: tuple[Any, ...], *, is_settled: bool) -> Waiting:
    names = ("id", "owner", "token_owner", "cdr_id", "cdr_key", "session_key", "version", "document", "start_at")
    return Waiting(**dict(zip((*names, "changed_at"), row, strict=True)), is_settled=is_settled)


def _move(sweep: Sweep, *, to: tuple[datetime, int], now: datetime) -> None:
    """Never past what may still become visible, as calls are stamped on arrival and committed later; never back."""
    reached = min(to, (now - SLACK, 0))
    if sweep.reached_at is None or reached > (sweep.reached_at, sweep.reached_id):
        sweep.reached_at, sweep.reached_id = reached
        sweep.save(update_fields=["reached_at", "reached_id"])
