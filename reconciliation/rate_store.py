"""Ratings and findings of a judged batch, in one statement. What people judged stays while the difference does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection

from parties.display import show_number
from reconciliation.compare import as_moment
from reconciliation.kinds import CONTROL_KINDS
from reconciliation.surroundings import Waiting
from tariffs.pricing import Amount, Finding, Result, Severity
from tariffs.pricing.values import CONTEXT

MOST_FINDINGS = 50  # of one CDR, the gravest: one that is wrong all over is wrong enough
LONGEST_PATH = 255
LONGEST_VALUE = 500
_ORDER = {severity: place for place, severity in enumerate((Severity.REJECT, Severity.HOLD, Severity.FLAG))}
_KINDS = frozenset(CONTROL_KINDS)
_STORED = Decimal("0.000001")
_WIRE = Decimal("0.0001")
_LIMIT = Decimal("1E+13")
PERSONAL = ("/cdr_token", "/authorization_reference")

STORE = """
WITH rated AS (
    SELECT * FROM unnest(
        %(owner)s, %(cdr_key)s, %(verdict)s, %(policy)s, %(computed_excl_vat)s::numeric[],
        %(computed_incl_vat)s::numeric[], %(claimed_excl_vat)s::numeric[], %(claimed_incl_vat)s::numeric[],
        %(changed_at)s
    ) AS t (owner, cdr_key, verdict, policy, computed_excl, computed_incl, claimed_excl, claimed_incl, changed_at)
),
verdict AS (
    SELECT * FROM unnest(
        %(f_owner)s::text[], %(f_token_owner)s::text[], %(f_cdr_id)s::text[], %(f_cdr_key)s::text[],
        %(f_session_key)s::text[], %(f_kind)s::text[], %(f_severity)s::text[], %(f_path)s::text[],
        %(f_expected)s::text[], %(f_actual)s::text[], %(f_message)s::text[]
    ) AS t (owner, token_owner, cdr_id, cdr_key, session_key, kind, severity, path, expected, actual, message)
),
raised AS (
    INSERT INTO reconciliation_finding AS finding (
        kind, severity, state, owner, token_owner, cdr_id, cdr_key, session_id, session_key,
        path, expected, actual, message, opened_at, closed_at
    )
    SELECT kind, severity, 'open', owner, token_owner, cdr_id, cdr_key, session_key, session_key,
           path, expected, actual, message, %(now)s, NULL
      FROM verdict
     ORDER BY owner, cdr_key, session_key, kind, path
        ON CONFLICT (owner, cdr_key, session_key, kind, path) DO UPDATE
       SET state = CASE finding.state WHEN 'disputed' THEN 'disputed' ELSE 'open' END,
           opened_at = CASE WHEN finding.closed_at IS NULL THEN finding.opened_at ELSE excluded.opened_at END,
           closed_at = NULL, severity = excluded.severity, token_owner = excluded.token_owner,
           expected = excluded.expected, actual = excluded.actual, message = excluded.message
     WHERE finding.state = 'explained'
        OR (finding.expected, finding.actual) IS DISTINCT FROM (excluded.expected, excluded.actual)
        OR (finding.closed_at IS NULL
            AND (finding.message, finding.severity) IS DISTINCT FROM (excluded.message, excluded.severity))
),
explained AS (
    UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
      FROM rated
     WHERE finding.owner = rated.owner COLLATE "C" AND finding.cdr_key = rated.cdr_key COLLATE "C"
       AND finding.state = 'open' AND finding.kind = ANY(%(kinds)s)
       AND NOT EXISTS (
            SELECT 1 FROM verdict
             WHERE verdict.owner = rated.owner AND verdict.cdr_key = rated.cdr_key
               AND finding.session_key = verdict.session_key COLLATE "C"
               AND verdict.kind = finding.kind AND verdict.path = finding.path)
)
INSERT INTO reconciliation_rating (
    owner, cdr_key, verdict, engine_version, policy, computed_excl_vat, computed_incl_vat, claimed_excl_vat,
    claimed_incl_vat, changed_at, rated_at
)
SELECT owner, cdr_key, verdict, %(engine)s, policy, computed_excl, computed_incl, claimed_excl, claimed_incl,
       changed_at, %(now)s
  FROM rated ORDER BY owner, cdr_key
    ON CONFLICT (owner, cdr_key) DO UPDATE
   SET verdict = excluded.verdict, engine_version = excluded.engine_version, policy = excluded.policy,
       computed_excl_vat = excluded.computed_excl_vat, computed_incl_vat = excluded.computed_incl_vat,
       claimed_excl_vat = excluded.claimed_excl_vat, claimed_incl_vat = excluded.claimed_incl_vat,
       changed_at = excluded.changed_at, rated_at = excluded.rated_at
"""


@dataclass(frozen=True, slots=True)
class Judged:
    waiting: Waiting
    result: Result


def store(judged: Sequence[Judged], *, now: datetime) -> None:
    findings = [row for one in judged if not one.waiting.is_settled for row in _rows(one)]
    columns = {f"f_{name}": [row[name] for row in findings] for name in _ROW}
    facts: dict[str, Any] = {"now": now, "kinds": list(CONTROL_KINDS), "engine": judged[0].result.engine_version}
    with connection.cursor() as cursor:
        cursor.execute(STORE, {**facts, **columns, **_ratings(judged)})


_ROW = (
    *("owner", "token_owner", "cdr_id", "cdr_key", "session_key", "kind", "severity", "path"),
    *("expected", "actual", "message"),
)


def _ratings(judged: Sequence[Judged]) -> dict[str, list[Any]]:
    computed = [one.result.totals.get("total_cost") or Amount(None, None) for one in judged]
    claimed = [one.result.claimed.get("total_cost") or Amount(None, None) for one in judged]
    return {
        "owner": [one.waiting.owner for one in judged],
        "cdr_key": [one.waiting.cdr_key for one in judged],
        "verdict": [one.result.verdict.value for one in judged],
        "policy": [one.result.policy for one in judged],
        "computed_excl_vat": [_stored(amount.excl_vat) for amount in computed],
        "computed_incl_vat": [_stored(amount.incl_vat) for amount in computed],
        "claimed_excl_vat": [_stored(amount.excl_vat) for amount in claimed],
        "claimed_incl_vat": [_stored(amount.incl_vat) for amount in claimed],
        "changed_at": [one.waiting.changed_at for one in judged],
    }


def _rows(judged: Judged) -> Iterator[dict[str, str]]:
    waiting = judged.waiting
    whose = {
        "owner": waiting.owner,
        "token_owner": waiting.token_owner,
        "cdr_id": waiting.cdr_id,
        "cdr_key": waiting.cdr_key,
        "session_key": waiting.session_key,
    }
    for finding in select(judged.result.findings):
        is_personal = finding.path.startswith(PERSONAL)
        yield whose | {
            "kind": finding.id,
            "severity": finding.severity.value,
            "path": finding.path[:LONGEST_PATH],
            "expected": "" if is_personal else show(finding.expected),
            "actual": "" if is_personal else show(finding.actual),
            "message": f"CDR {waiting.cdr_id}, {finding.path.strip('/') or 'as a whole'}: {finding.message}.",
        }


def select(findings: Sequence[Finding]) -> list[Finding]:
    """What somebody should look at, each kind and path once."""
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.severity in _ORDER and finding.id in _KINDS:
            first.setdefault((finding.id, finding.path[:LONGEST_PATH]), finding)
    return sorted(first.values(), key=lambda finding: _ORDER[finding.severity])[:MOST_FINDINGS]


def show(value: Any) -> str:
    """An expected or actual value in words, numbers as OCPI writes them."""
    return _show(value)[:LONGEST_VALUE]


def _show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Amount):
        sides = ((value.excl_vat, "excl. VAT"), (value.incl_vat, "incl. VAT"))
        return ", ".join(f"{_show(side)} {words}" for side, words in sides if side is not None)
    if isinstance(value, Decimal):
        is_usual = value.is_finite() and abs(value) < _LIMIT
        return show_number(value.quantize(_WIRE, ROUND_HALF_UP, CONTEXT)) if is_usual else str(value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_show(inner)}" for name, inner in value.items())
    if isinstance(value, datetime):
        return as_moment(value)
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())} s"
    return str(value)


def _stored(amount: Decimal | None) -> Decimal | None:
    """None also where no column could hold it."""
    if amount is None or not abs(amount) < _LIMIT:
        return None
    return amount.quantize(_STORED, ROUND_HALF_UP, CONTEXT)
