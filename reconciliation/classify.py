"""Judges a batch of locked CDRs in one statement: raises what is wrong, closes what no longer is. Set-based: no row is
brought to Python. The same rules, one CDR at a time, are in `compare.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from reconciliation.compare import CHECKS, Thresholds

# Tombstones and unverified objects never count (a relayed invalid object bills nobody).
LIVE_CDR = "{0}.audience = '' AND {0}.is_verified AND {0}.deleted_at IS NULL"
LIVE_SESSION = "{0}.audience = '' AND {0}.is_verified AND {0}.deleted_at IS NULL"
SAME_SESSION = "{0}.owner = {1}.owner AND {0}.session_key = {1}.session_key AND {1}.session_key <> ''"
# A credit copies the session_id of what it takes back (CDR-06), so it is found through the session's index.
CREDIT = f"""
    SELECT credit.id FROM cdrs_cdr credit
     WHERE {SAME_SESSION.format("credit", "{0}")} AND {LIVE_CDR.format("credit")}
       AND credit.is_credit AND credit.credit_reference_key = {{0}}.object_key
"""

# What people accepted or closed stays so while it is the same difference; a new figure is a new question.
RAISE = """
    INSERT INTO reconciliation_finding AS finding (
        kind, severity, state, owner, token_owner, cdr_id, cdr_key, session_id, session_key,
        path, expected, actual, message, opened_at, closed_at
    )
    SELECT kind, severity, 'open', owner, token_owner, cdr_id, cdr_key, session_id, session_key,
           path, expected, actual, format(words, cdr_id, session_id, expected, actual), %(now)s, NULL
      FROM verdict
     ORDER BY owner, cdr_key, session_key, kind, path
        ON CONFLICT (owner, cdr_key, session_key, kind, path) DO UPDATE
       SET state = CASE finding.state WHEN 'disputed' THEN 'disputed' ELSE 'open' END,
           opened_at = CASE WHEN finding.closed_at IS NULL THEN finding.opened_at ELSE excluded.opened_at END,
           closed_at = NULL, severity = excluded.severity, token_owner = excluded.token_owner,
           session_id = excluded.session_id, expected = excluded.expected, actual = excluded.actual,
           message = excluded.message
     WHERE finding.state = 'explained'
        OR (finding.expected, finding.actual) IS DISTINCT FROM (excluded.expected, excluded.actual)
        OR (finding.closed_at IS NULL AND finding.message <> excluded.message)
"""

CHECKS_TABLE = """checks AS (
    SELECT * FROM unnest(%(kinds)s, %(paths)s, %(severities)s, %(words)s) AS t (kind, path, severity, words)
)"""

# LATERAL with LIMIT keeps the planner at one index probe per claimed CDR, also while its statistics know no better.
CLASSIFY = f"""
WITH {CHECKS_TABLE},
facts AS (
    SELECT c.owner, c.token_owner, c.object_id AS cdr_id, c.object_key AS cdr_key, c.session_key,
           c.start_at, c.end_at, c.total_energy, c.total_cost, c.currency,
           c.verdict_code, c.received_at <= %(patience)s AS is_overdue,
           c.is_credit OR credited.id IS NOT NULL AS is_settled,
           s.id IS NOT NULL AS has_session, coalesce(s.object_id, c.session_key) AS session_id,
           s.token_owner AS session_token_owner, s.status, s.start_at AS session_start_at, s.end_at AS session_end_at,
           s.kwh, s.total_cost AS session_cost, s.currency AS session_currency,
           earlier.object_id AS earlier_cdr_id
      FROM cdrs_cdr c
      LEFT JOIN LATERAL (
            SELECT * FROM charging_sessions_session s
             WHERE s.owner = c.owner AND s.object_key = c.session_key AND {LIVE_SESSION.format("s")} LIMIT 1
           ) s ON true
      LEFT JOIN LATERAL ({CREDIT.format("c")} LIMIT 1) credited ON true
      LEFT JOIN LATERAL (
            SELECT e.object_id FROM cdrs_cdr e
             WHERE {SAME_SESSION.format("e", "c")} AND {LIVE_CDR.format("e")}
               AND e.id < c.id AND NOT e.is_credit AND NOT EXISTS ({CREDIT.format("e")})
             ORDER BY e.id LIMIT 1
           ) earlier ON true
     WHERE c.id = ANY(%(ids)s)
),
verdict AS (
    SELECT facts.owner, facts.token_owner, facts.cdr_id, facts.cdr_key, facts.session_id, facts.session_key,
           checks.kind, checks.severity, checks.path, checks.words,
           coalesce(found.expected, '') AS expected, coalesce(found.actual, '') AS actual
      FROM facts
     CROSS JOIN LATERAL (VALUES
            ('energy_differs', '/total_energy', has_session AND abs(total_energy - kwh) > %(energy)s,
             trim_scale(kwh)::text, trim_scale(total_energy)::text),
            ('currency_differs', '/currency', has_session AND upper(currency) <> upper(session_currency),
             session_currency, currency),
            ('cost_differs', '/total_cost/excl_vat',
             upper(currency) = upper(session_currency) AND abs(total_cost - session_cost) > %(cost)s,
             trim_scale(session_cost)::text, trim_scale(total_cost)::text),
            ('token_owner_differs', '/cdr_token', has_session AND token_owner <> session_token_owner,
             session_token_owner, token_owner),
            ('session_invalid', '/session_id', status = 'INVALID', 'COMPLETED', status),
            ('time_differs', '/start_date_time',
             greatest(start_at - session_start_at, session_start_at - start_at) > %(time)s,
             to_char(session_start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
             to_char(start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
            ('time_differs', '/end_date_time',
             greatest(end_at - session_end_at, session_end_at - end_at) > %(time)s,
             to_char(session_end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
             to_char(end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
            ('session_billed_twice', '/session_id', earlier_cdr_id IS NOT NULL, earlier_cdr_id, cdr_id),
            ('session_id_missing', '/session_id', session_key = '', '', ''),
            ('cdr_without_session', '/session_id', NOT has_session AND session_key <> '' AND is_overdue,
             session_key, ''),
            ('undelivered_cdr', '/id', NOT coalesce(verdict_code BETWEEN 1000 AND 1999, true),
             '1000', verdict_code::text)
           ) AS found (kind, path, holds, expected, actual)
      JOIN checks ON checks.kind = found.kind AND checks.path = found.path
     WHERE found.holds AND (NOT is_settled OR checks.kind = 'undelivered_cdr')
),
raised AS ({RAISE}),
explained AS (
    UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
      FROM cdrs_cdr c
     WHERE c.id = ANY(%(ids)s) AND finding.owner = c.owner AND finding.state = 'open'
       AND finding.cdr_key = c.object_key AND finding.kind = ANY(%(kinds)s)  -- others are the control's (rate.py)
       AND NOT EXISTS (
            SELECT 1 FROM verdict
             WHERE verdict.owner = finding.owner AND verdict.cdr_key = finding.cdr_key
               AND verdict.session_key = finding.session_key
               AND verdict.kind = finding.kind AND verdict.path = finding.path)
),
billed AS (
    UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
      FROM cdrs_cdr c
     WHERE c.id = ANY(%(ids)s) AND NOT c.is_credit AND c.session_key <> ''
       AND finding.owner = c.owner AND finding.state = 'open'
       AND finding.kind = 'session_without_cdr' AND finding.session_key = c.session_key
)
UPDATE cdrs_cdr SET reconciled_at = %(now)s WHERE id = ANY(%(ids)s)
"""

BILLS = f"""
    SELECT 1 FROM cdrs_cdr c
     WHERE c.owner = {{0}}.owner AND c.session_key = {{0}}.object_key AND NOT c.is_credit AND {LIVE_CDR.format("c")}
"""
UNBILLED = f"""{LIVE_SESSION.format("s")} AND s.status = 'COMPLETED' AND s.kwh > 0
       AND NOT EXISTS ({BILLS.format("s")})"""

RAISE_UNBILLED = f"""
WITH {CHECKS_TABLE},
verdict AS (
    SELECT s.owner, s.token_owner, '' AS cdr_id, '' AS cdr_key, s.object_id AS session_id,
           s.object_key AS session_key, checks.kind, checks.severity, checks.path, checks.words,
           trim_scale(s.kwh)::text AS expected, '' AS actual
      FROM charging_sessions_session s
      JOIN checks ON checks.kind = 'session_without_cdr'
     WHERE s.changed_at > %(since)s AND s.changed_at <= %(until)s AND {UNBILLED}
)
{RAISE}
"""

EXPLAIN_UNBILLED = f"""
UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
 WHERE finding.kind = 'session_without_cdr' AND finding.state = 'open'
   AND NOT EXISTS (
        SELECT 1 FROM charging_sessions_session s
         WHERE s.owner = finding.owner AND s.object_key = finding.session_key AND {UNBILLED})
"""

# A receiver may accept it long after it was compared, when nothing else about it changes.
EXPLAIN_DELIVERED = """
UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
  FROM cdrs_cdr c
 WHERE finding.kind = 'undelivered_cdr' AND finding.state = 'open'
   AND c.owner = finding.owner AND c.object_key = finding.cdr_key AND c.audience = ''
   AND c.verdict_code BETWEEN 1000 AND 1999
"""

# PostgreSQL's format() counts its arguments: the same words as in `compare`, written for it.
_CHECKS: dict[str, Any] = {
    "kinds": [check.kind.value for check in CHECKS],
    "paths": [check.path for check in CHECKS],
    "severities": [check.severity.value for check in CHECKS],
    "words": [check.words.format(cdr="%1$s", session="%2$s", expected="%3$s", actual="%4$s") for check in CHECKS],
}


def classify(ids: Collection[int], *, thresholds: Thresholds, now: datetime) -> None:
    """Raise and close the findings of these CDRs and mark them reconciled. The caller holds their rows locked."""
    measures: dict[str, Any] = {"energy": thresholds.energy, "cost": thresholds.cost, "time": thresholds.time}
    moments: dict[str, Any] = {"now": now, "patience": now - thresholds.grace}
    with connection.cursor() as cursor:
        cursor.execute(CLASSIFY, {"ids": list(ids), **measures, **moments, **_CHECKS})


def raise_unbilled(*, since: datetime, until: datetime, now: datetime) -> int:
    """Name the finished sessions last changed in (since, until] that no CDR bills; how many were new."""
    with connection.cursor() as cursor:
        cursor.execute(RAISE_UNBILLED, {"since": since, "until": until, "now": now, **_CHECKS})
        return int(cursor.rowcount)


def explain_unbilled(*, now: datetime) -> int:
    """Close what has been billed since, or corrected so that nothing is to be billed."""
    with connection.cursor() as cursor:
        cursor.execute(EXPLAIN_UNBILLED, {"now": now})
        return int(cursor.rowcount)


def explain_delivered(*, now: datetime) -> int:
    """Close what has been accepted since."""
    with connection.cursor() as cursor:
        cursor.execute(EXPLAIN_DELIVERED, {"now": now})
        return int(cursor.rowcount)
