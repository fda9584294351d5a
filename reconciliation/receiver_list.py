"""The list of CDRs an eMSP has in its books, beside what the CPOs sent it: one statement, findings on both sides.

OCPI gives an eMSP no list to be read: it serves single CDRs at the URLs it chose (CDR-03). So the list comes as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from reconciliation.position import turn
from reconciliation.reconcile import get_thresholds
from reconciliation.sql import ACCEPTED, CHECKS_COLUMNS, CHECKS_TABLE, LIVE, RAISE

KINDS = ("missing_at_receiver", "unknown_to_cpo", "differs_at_receiver")

# What the receiver refused is a finding already (`undelivered_cdr`).
COMPARE = f"""
WITH {CHECKS_TABLE},
told AS (
    SELECT * FROM unnest(%(owners)s::text[], %(keys)s::text[], %(ids)s::text[], %(costs)s::numeric[],
                         %(currencies)s::text[], %(energies)s::numeric[])
        AS t (owner, cdr_key, cdr_id, total_cost, currency, total_energy)
),
sent AS MATERIALIZED (
    SELECT c.owner, c.object_key, c.object_id, c.session_key, c.total_cost, c.currency, c.total_energy,
           c.last_updated >= %(since)s AND c.last_updated < %(until)s AS is_within,
           coalesce({ACCEPTED.format("c")}, true) AS is_accepted
      FROM cdrs_cdr c WHERE c.token_owner = %(receiver)s AND {LIVE.format("c")}
       AND (c.last_updated >= %(since)s AND c.last_updated < %(until)s
            OR EXISTS (SELECT FROM told WHERE told.owner = c.owner AND told.cdr_key = c.object_key))
),
beside AS (
    SELECT coalesce(sent.owner, told.owner) AS owner, coalesce(sent.object_id, told.cdr_id) AS cdr_id,
           coalesce(sent.object_key, told.cdr_key) AS cdr_key, coalesce(sent.session_key, '') AS session_key,
           sent.object_key IS NOT NULL AS is_sent, told.cdr_key IS NOT NULL AS is_told,
           sent.is_within AND sent.is_accepted AS is_owed,
           sent.total_cost, sent.currency, sent.total_energy,
           told.total_cost AS told_cost, told.currency AS told_currency, told.total_energy AS told_energy
      FROM sent FULL JOIN told ON told.owner = sent.owner AND told.cdr_key = sent.object_key
),
verdict AS (
    SELECT beside.owner, %(receiver)s AS token_owner, cdr_id, cdr_key, session_key AS session_id, session_key,
           checks.kind, checks.severity, checks.path, checks.words,
           coalesce(found.expected, '') AS expected, coalesce(found.actual, '') AS actual
      FROM beside
     CROSS JOIN LATERAL (VALUES
            ('missing_at_receiver', '/id', is_owed AND NOT is_told, cdr_id, ''),
            ('unknown_to_cpo', '/id', is_told AND NOT is_sent, '', cdr_id),
            ('differs_at_receiver', '/total_cost/excl_vat',
             abs(told_cost - total_cost) > %(cost)s OR upper(told_currency) <> upper(currency),
             trim_scale(total_cost)::text || ' ' || currency, trim_scale(told_cost)::text || ' ' || told_currency),
            ('differs_at_receiver', '/total_energy', abs(told_energy - total_energy) > %(energy)s,
             trim_scale(total_energy)::text, trim_scale(told_energy)::text)
           ) AS found (kind, path, holds, expected, actual)
      JOIN checks ON checks.kind = found.kind AND checks.path = found.path
     WHERE found.holds
),
raised AS ({RAISE}),
explained AS (
    UPDATE reconciliation_finding finding SET state = 'explained', closed_at = %(now)s
      FROM beside
     WHERE finding.owner = beside.owner AND finding.cdr_key = beside.cdr_key AND finding.token_owner = %(receiver)s
       AND finding.state = 'open' AND finding.kind = ANY(%(ours)s)
       AND NOT EXISTS (
            SELECT FROM verdict
             WHERE verdict.owner = finding.owner AND verdict.cdr_key = finding.cdr_key
               AND verdict.session_key = finding.session_key
               AND verdict.kind = finding.kind AND verdict.path = finding.path)
)
SELECT (SELECT count(*) FROM beside WHERE is_owed), (SELECT count(*) FROM told),
       (SELECT count(*) FROM verdict WHERE kind = 'missing_at_receiver'),
       (SELECT count(*) FROM verdict WHERE kind = 'unknown_to_cpo'),
       (SELECT count(DISTINCT (owner, cdr_key)) FROM verdict WHERE kind = 'differs_at_receiver')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the receiver's list. Figures it does not give are not compared."""

    owner: str  # key of the CPO
    cdr_id: str
    total_cost: Decimal | None = None  # excl. VAT
    currency: str | None = None
    total_energy: Decimal | None = None  # kWh


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    sent: int
    listed: int
    missing_at_receiver: int
    unknown_to_cpo: int
    differs_at_receiver: int


def compare_list(
    listed: Sequence[Listed], *, receiver: str, since: datetime, until: datetime, now: datetime
) -> Compared:
    """Raise what differs by more than CDR and session may, close what no longer does. `since` and `until` bound the
    CDRs' `last_updated`, the moment of their creation (CDR-04): those of that time must be in the list, others may."""
    columns: dict[str, Any] = {
        "owners": [one.owner for one in listed],
        "keys": [one.cdr_id.lower() for one in listed],
        "ids": [one.cdr_id for one in listed],
        "costs": [one.total_cost for one in listed],
        "currencies": [one.currency for one in listed],
        "energies": [one.total_energy for one in listed],
    }
    thresholds = get_thresholds()
    moments: dict[str, Any] = {"since": since, "until": until, "now": now}
    tolerances = {"cost": thresholds.cost, "energy": thresholds.energy}
    values = {**columns, **moments, **tolerances, **CHECKS_COLUMNS, "receiver": receiver, "ours": list(KINDS)}
    with turn(patient=True), connection.cursor() as cursor:
        cursor.execute(COMPARE, values)
        sent, told, missing, unknown, differs = cursor.fetchone()
    return Compared(
        sent=sent,
        listed=told,
        missing_at_receiver=missing,
        unknown_to_cpo=unknown,
        differs_at_receiver=differs,
    )
