"""Pieces of SQL that several statements of reconciliation share. Text only; runs nothing."""

from __future__ import annotations

from typing import Any

from reconciliation.checks import CHECKS, FOUND_ELSEWHERE, NAMES_OTHER_CDR

# Tombstones and unverified objects never count (a relayed invalid object bills nobody).
LIVE = "{0}.audience = '' AND {0}.is_verified AND {0}.deleted_at IS NULL"
ACCEPTED = "{0}.verdict_code BETWEEN 1000 AND 1999"
SAME_SESSION = "{0}.owner = {1}.owner AND {0}.session_key = {1}.session_key AND {1}.session_key <> ''"
# To the last digit, from the same payer (CDR-06). A credit of anything else takes nothing back, whatever CDR it names.
MIRRORS = """{0}.total_cost = -{1}.total_cost AND {0}.total_cost_incl IS NOT DISTINCT FROM -{1}.total_cost_incl
       AND upper({0}.currency) = upper({1}.currency) AND {0}.token_owner = {1}.token_owner"""
CREDIT_NAMING = f"""
    SELECT FROM cdrs_cdr credit
     WHERE credit.owner = {{0}}.owner AND credit.credit_reference_key = {{0}}.object_key
       AND credit.is_credit AND {LIVE.format("credit")}
"""
CREDIT_OF = f"{CREDIT_NAMING} AND {MIRRORS.format('credit', '{0}')}"
BILLS = f"{LIVE.format('{0}')} AND NOT {{0}}.is_credit"

# A CDR waits until its session is final, but not for ever.
HAS_WAITED = f"""(
    c.is_credit OR c.session_key = '' OR c.received_at <= %(patience)s
    OR EXISTS (SELECT FROM charging_sessions_session s
                WHERE s.owner = c.owner AND s.object_key = c.session_key AND {LIVE.format("s")}
                  AND s.status IN ('COMPLETED', 'INVALID')))"""
# One that its receiver did not take is sent again: its sender gets the time for it.
READY = f"({HAS_WAITED} AND (coalesce({ACCEPTED.format('c')}, true) OR c.received_at <= %(undelivered)s))"

CHECKS_TABLE = """checks AS (
    SELECT * FROM unnest(%(kinds)s, %(paths)s, %(severities)s, %(words)s) AS t (kind, path, severity, words)
)"""

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

# PostgreSQL's format() counts its arguments: the same words as in `compare`, written for it.
CHECKS_COLUMNS: dict[str, Any] = {
    "kinds": [check.kind.value for check in CHECKS],
    "paths": [check.path for check in CHECKS],
    "severities": [check.severity.value for check in CHECKS],
    "words": [check.words.format(cdr="%1$s", session="%2$s", expected="%3$s", actual="%4$s") for check in CHECKS],
}
JUDGED_KINDS = sorted({check.kind.value for check in CHECKS} - FOUND_ELSEWHERE)
NAMING_KINDS = "(" + ", ".join(f"'{kind}'" for kind in sorted(NAMES_OTHER_CDR)) + ")"  # as the index has it
