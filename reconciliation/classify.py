"""The statement that judges CDRs: raises what is wrong, closes what no longer is. No row is brought to Python.

The same rules, one CDR at a time, are in `compare.py`. Text only; runs nothing.
"""

from __future__ import annotations

from reconciliation.sql import ACCEPTED, BILLS, CHECKS_TABLE, CREDIT_OF, LIVE, MIRRORS, RAISE, SAME_SESSION

# Where one of the two names no session, nothing tells that they are two charges, whatever they bill.
SAME_CHARGE = """{0}.start_at = {1}.start_at AND {1}.start_at > %(unknown)s AND {0}.token_key = {1}.token_key
       AND ('' IN ({0}.session_key, {1}.session_key) OR {0}.total_energy = {1}.total_energy)"""
EARLIER = f"""
     e.owner = c.owner AND e.id < c.id AND {BILLS.format("e")} AND NOT c.is_credit
       AND NOT EXISTS ({CREDIT_OF.format("e")})
"""
ON_EVSE = "c.evse_key <> '' AND e.evse_key = c.evse_key AND e.evse_key <> ''"
OTHER_SESSION = "(e.session_key <> c.session_key OR c.session_key = '')"

# LATERAL with LIMIT keeps the planner at one index probe per CDR, also while its statistics know no better.
FACTS = f"""
    SELECT c.owner, c.token_owner, c.object_id AS cdr_id, c.object_key AS cdr_key, c.session_key,
           c.start_at, c.end_at, c.total_energy, c.total_cost, c.total_cost_incl, c.currency, c.received_at,
           c.is_credit, c.verdict_code, c.received_at <= %(patience)s AS is_overdue, c.credit_reference_key,
           c.is_credit OR EXISTS ({CREDIT_OF.format("c")}) AS is_settled,
           c.end_at + coalesce(clock.due_after, %(due_after)s) AS due_at,
           s.id IS NOT NULL AS has_session, coalesce(s.object_id, c.session_key) AS session_id,
           s.token_owner AS session_token_owner, s.status, s.start_at AS session_start_at, s.end_at AS session_end_at,
           s.kwh, s.total_cost AS session_cost, s.currency AS session_currency, s.received_at AS session_received_at,
           earlier.object_id AS earlier_cdr_id, same.object_id AS same_charge_cdr_id,
           overlapping.object_id AS overlapping_cdr_id, earlier_credit.object_id AS earlier_credit_id,
           original.is_credit IS FALSE AS has_original, original.total_cost AS original_cost,
           original.total_cost_incl AS original_cost_incl, original.currency AS original_currency,
           original.token_owner AS original_token_owner,
           CASE WHEN original.is_credit THEN original.object_id END AS credited_credit_id
      FROM cdrs_cdr c
      LEFT JOIN reconciliation_cdrclock clock ON clock.owner = c.owner
      LEFT JOIN LATERAL (
            SELECT * FROM charging_sessions_session s
             WHERE s.owner = c.owner AND s.object_key = c.session_key AND {LIVE.format("s")} LIMIT 1
           ) s ON true
      LEFT JOIN LATERAL (
            SELECT e.object_id FROM cdrs_cdr e
             WHERE {SAME_SESSION.format("e", "c")} AND {EARLIER} ORDER BY e.id LIMIT 1
           ) earlier ON true
      LEFT JOIN LATERAL (
            SELECT e.object_id FROM cdrs_cdr e
             WHERE {ON_EVSE} AND {SAME_CHARGE.format("e", "c")} AND {OTHER_SESSION} AND {EARLIER}
             ORDER BY e.id LIMIT 1
           ) same ON true
      LEFT JOIN LATERAL (
            SELECT e.object_id FROM cdrs_cdr e
             WHERE {ON_EVSE} AND e.start_at > c.start_at - %(reach)s AND e.start_at < c.end_at - %(time)s
               AND e.end_at > c.start_at + %(time)s AND NOT ({SAME_CHARGE.format("e", "c")}) AND {OTHER_SESSION}
               AND {EARLIER}
             ORDER BY e.id LIMIT 1
           ) overlapping ON true
      LEFT JOIN LATERAL (
            SELECT o.object_id, o.is_credit, o.token_owner, o.total_cost, o.total_cost_incl, o.currency
              FROM cdrs_cdr o
             WHERE c.is_credit AND o.owner = c.owner AND o.object_key = c.credit_reference_key AND o.id <> c.id
               AND {LIVE.format("o")} LIMIT 1
           ) original ON true
      LEFT JOIN LATERAL (
            SELECT e.object_id FROM cdrs_cdr e
             WHERE NOT original.is_credit AND e.owner = c.owner AND e.credit_reference_key = c.credit_reference_key
               AND e.is_credit AND e.id < c.id AND {LIVE.format("e")} AND {MIRRORS.format("e", "original")}
             ORDER BY e.id LIMIT 1
           ) earlier_credit ON true
     WHERE c.id = ANY(%(ids)s)
"""

MOMENT = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""
# Kind, path, when it holds, expected, actual. The order of `compare`.
FAULTS = (
    ("energy_differs", "/total_energy", "has_session AND abs(total_energy - kwh) > %(energy)s",
     "trim_scale(kwh)::text", "trim_scale(total_energy)::text"),
    ("currency_differs", "/currency", "has_session AND upper(currency) <> upper(session_currency)",
     "session_currency", "currency"),
    ("cost_differs", "/total_cost/excl_vat",
     "upper(currency) = upper(session_currency) AND abs(total_cost - session_cost) > %(cost)s",
     "trim_scale(session_cost)::text", "trim_scale(total_cost)::text"),
    ("token_owner_differs", "/cdr_token", "has_session AND token_owner <> session_token_owner",
     "session_token_owner", "token_owner"),
    ("session_invalid", "/session_id", "status = 'INVALID'", "'COMPLETED'", "status"),
    ("time_differs", "/start_date_time",
     "greatest(start_at - session_start_at, session_start_at - start_at) > %(time)s",
     MOMENT.format("session_start_at"), MOMENT.format("start_at")),
    ("time_differs", "/end_date_time",
     "greatest(end_at - session_end_at, session_end_at - end_at) > %(time)s",
     MOMENT.format("session_end_at"), MOMENT.format("end_at")),
    ("cdr_late", "/end_date_time", "session_received_at <= due_at AND due_at < received_at",
     MOMENT.format("due_at"), MOMENT.format("received_at")),
    ("session_billed_twice", "/session_id", "earlier_cdr_id IS NOT NULL", "earlier_cdr_id", "cdr_id"),
    ("charge_billed_twice", "/id", "same_charge_cdr_id IS NOT NULL", "same_charge_cdr_id", "cdr_id"),
    ("overlaps_other_cdr_on_evse", "/cdr_location/evse_uid", "overlapping_cdr_id IS NOT NULL",
     "overlapping_cdr_id", "cdr_id"),
    ("session_id_missing", "/session_id", "session_key = ''", "''", "''"),
    ("cdr_without_session", "/session_id", "NOT has_session AND session_key <> '' AND is_overdue",
     "session_key", "''"),
    ("credit_of_credit", "/credit_reference_id", "credited_credit_id IS NOT NULL", "credited_credit_id", "''"),
    ("credit_reference_unknown", "/credit_reference_id",
     "is_credit AND NOT has_original AND credited_credit_id IS NULL AND is_overdue", "credit_reference_key", "''"),
    ("credit_total_not_mirror", "/total_cost/excl_vat",
     "has_original AND (total_cost <> -original_cost"
     " OR (total_cost = -original_cost AND upper(currency) <> upper(original_currency)))",
     "trim_scale(-original_cost)::text || ' ' || original_currency", "trim_scale(total_cost)::text || ' ' || currency"),
    ("credit_total_not_mirror", "/total_cost/incl_vat",
     "has_original AND total_cost_incl IS DISTINCT FROM -original_cost_incl",
     "coalesce(trim_scale(-original_cost_incl)::text || ' ' || original_currency, 'no amount')",
     "coalesce(trim_scale(total_cost_incl)::text || ' ' || currency, 'no amount')"),
    ("credit_token_owner_differs", "/cdr_token", "has_original AND token_owner <> original_token_owner",
     "original_token_owner", "token_owner"),
    ("credited_twice", "/credit_reference_id", "earlier_credit_id IS NOT NULL", "earlier_credit_id", "cdr_id"),
    ("undelivered_cdr", "/id", f"NOT coalesce({ACCEPTED.format('facts')}, true)", "'1000'", "verdict_code::text"),
)  # fmt: skip
# Of a settled CDR only these are told.
OF_SETTLED = {
    *("undelivered_cdr", "credit_of_credit", "credit_reference_unknown", "credit_total_not_mirror"),
    *("credit_token_owner_differs", "credited_twice"),
}
# One expression, of which the texts are made only where a fault holds: writing out moments and numbers costs more than
# comparing them, and a row for each that does not hold costs most.
FAULT_ROWS = " || ".join(
    f"CASE WHEN {'' if kind in OF_SETTLED else 'NOT is_settled AND '}({holds})"
    f" THEN ARRAY[['{kind}', '{path}', coalesce({expected}, ''), coalesce({actual}, '')]] ELSE '{{}}' END"
    for kind, path, holds, expected, actual in FAULTS
)

# `faults` has a row for each: kind, path, expected, actual. They stay with their CDR, so that what is to be closed is
# found by the CDR's key, never by comparing all findings with all verdicts.
CLASSIFY = f"""
WITH {CHECKS_TABLE},
facts AS MATERIALIZED ({FACTS}),
judged AS MATERIALIZED (
    SELECT owner, token_owner, cdr_id, cdr_key, session_id, session_key, is_credit, {FAULT_ROWS} AS faults FROM facts
),
verdict AS (
    SELECT judged.owner, judged.token_owner, judged.cdr_id, judged.cdr_key, judged.session_id, judged.session_key,
           checks.kind, checks.severity, checks.path, checks.words,
           judged.faults[n][3] AS expected, judged.faults[n][4] AS actual
      FROM judged
     CROSS JOIN LATERAL generate_subscripts(judged.faults, 1) AS n
      JOIN checks ON checks.kind = judged.faults[n][1] AND checks.path = judged.faults[n][2]
),
raised AS ({RAISE}),
billed AS (
    UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
      FROM judged
     WHERE NOT judged.is_credit AND judged.session_key <> ''
       AND finding.owner = judged.owner AND finding.session_key = judged.session_key AND finding.state = 'open'
       AND finding.kind = 'session_without_cdr'
)
UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
  FROM judged
 WHERE finding.owner = judged.owner AND finding.cdr_key = judged.cdr_key AND finding.state = 'open'
   AND finding.kind = ANY(%(judged)s)
   AND NOT (finding.session_key = judged.session_key
            AND EXISTS (SELECT FROM generate_subscripts(judged.faults, 1) AS n
                         WHERE judged.faults[n][1] = finding.kind AND judged.faults[n][2] = finding.path))
"""

# A receiver may accept it long after it was compared, when nothing else about it changes.
EXPLAIN_DELIVERED = f"""
UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
  FROM cdrs_cdr c
 WHERE finding.kind = 'undelivered_cdr' AND finding.state = 'open'
   AND c.owner = finding.owner AND c.object_key = finding.cdr_key AND c.audience = ''
   AND {ACCEPTED.format("c")}
"""
