"""Brings a pair's CDRs into statements and lines, in one statement of SQL: no row is brought to Python.

The same amounts, one CDR at a time, are in `statement.py` and `vat.py`; a test holds the two to each other.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

from reconciliation.holds import HELD_CDRS
from reconciliation.judged import JUDGED
from reconciliation.sql import BILLS, CHECKS_COLUMNS, CHECKS_TABLE, CREDIT_OF, LIVE, MIRRORS, RAISE
from settlement.models import Statement
from tariffs.pricing.policy import MINOR_UNITS

# Other CDRs of what CDR `w` bills: of its session; where it names none, of the same EVSE, token and start. Where one of
# these is not told, or was what had to be put right, nothing says that the two are of one charge.
SAME_BILL = f"""
    SELECT b.id FROM cdrs_cdr b
     WHERE w.session_key <> '' AND b.owner = %(seller)s AND b.session_key = w.session_key AND b.id <> w.id
       AND {BILLS.format("b")}
     UNION ALL
    SELECT b.id FROM cdrs_cdr b
     WHERE w.session_key = '' AND w.token_key <> '' AND w.start_at > %(unknown)s AND b.owner = %(seller)s
       AND b.evse_key = w.evse_key AND b.evse_key <> '' AND b.start_at = w.start_at AND b.token_key = w.token_key
       AND b.id <> w.id AND {BILLS.format("b")}
"""

# LATERAL with LIMIT keeps the planner at one index probe per CDR, also while its statistics know no better.
COLLECT = f"""
WITH {CHECKS_TABLE},
-- From indexes alone, so that what was settled in years before costs little.
unsettled AS MATERIALIZED (
    SELECT c.id FROM cdrs_cdr c
      LEFT JOIN LATERAL (SELECT l.cdr_id FROM settlement_line l WHERE l.cdr_id = c.id LIMIT 1) line ON true
     WHERE c.owner = %(seller)s AND c.token_owner = %(buyer)s AND c.end_at < %(end)s AND line.cdr_id IS NULL
),
free AS MATERIALIZED (
    SELECT c.id, c.owner, c.token_owner, c.object_id, c.object_key, c.session_key, c.evse_key, c.token_key,
           c.start_at, c.end_at, c.total_energy, c.total_cost, c.total_cost_incl, c.is_credit, c.credit_reference_key,
           upper(c.currency) AS currency, coalesce(c.country, '') AS country,
           coalesce((%(digits)s::jsonb ->> upper(c.currency))::integer, 2) AS digits, mirrored.id AS mirrored_id
      FROM unsettled
     CROSS JOIN LATERAL (SELECT * FROM cdrs_cdr one WHERE one.id = unsettled.id LIMIT 1) c
      LEFT JOIN LATERAL (
            SELECT true AS holds FROM ({HELD_CDRS}) held
             WHERE held.owner = c.owner AND held.cdr_key = c.object_key LIMIT 1
           ) open ON true
      LEFT JOIN LATERAL (
            SELECT o.id FROM cdrs_cdr o
             WHERE c.is_credit AND o.owner = c.owner AND o.object_key = c.credit_reference_key
               AND {BILLS.format("o")} AND {MIRRORS.format("c", "o")} LIMIT 1
           ) mirrored ON true
     WHERE {LIVE.format("c")} AND {JUDGED}
       AND c.total_cost IS NOT NULL AND c.total_energy IS NOT NULL AND c.currency <> '' AND open.holds IS NULL
),
-- What is taken back goes together with what takes it back, or not at all: a credit closes what held its original. That
-- would be billed alone while the credit itself is held or not judged yet.
waiting AS MATERIALIZED (
    SELECT * FROM free
     WHERE is_credit OR NOT EXISTS ({CREDIT_OF.format("free")} OFFSET 0)
        OR id IN (SELECT mirrored_id FROM free WHERE mirrored_id IS NOT NULL)
),
traced AS (
    SELECT w.*, original.id AS original_id, original.total_energy AS original_energy, original.end_at AS original_end,
           original.statement_id AS original_statement, replaced.statement_id AS replaced_statement,
           replaced.id AS replaced_id, replaced.awaits_credit, settled_credit.cdr_id_text AS settled_credit,
           row_number() OVER (PARTITION BY original.id ORDER BY w.mirrored_id IS NULL, w.id) AS turn
      FROM waiting w
      LEFT JOIN LATERAL (
            SELECT o.id, o.total_energy, o.total_cost, o.end_at, line.statement_id
              FROM cdrs_cdr o LEFT JOIN settlement_line line ON line.cdr_id = o.id
             WHERE w.is_credit AND o.owner = %(seller)s AND o.object_key = w.credit_reference_key AND o.audience = ''
               AND o.token_owner = %(buyer)s AND upper(o.currency) = w.currency AND NOT o.is_credit LIMIT 1
           ) original ON true
      LEFT JOIN LATERAL (
            SELECT l.cdr_id_text FROM settlement_line l WHERE l.is_credit AND l.credited_id = original.id LIMIT 1
           ) settled_credit ON true
      LEFT JOIN LATERAL (
            SELECT line.statement_id, e.id,
                   EXISTS ({CREDIT_OF.format("e")} OFFSET 0) AND NOT EXISTS (
                        SELECT FROM settlement_line l WHERE l.is_credit AND l.credited_id = e.id) AS awaits_credit
              FROM ({SAME_BILL}) same
              JOIN cdrs_cdr e ON e.id = same.id
              JOIN settlement_line line ON line.cdr_id = e.id
             WHERE NOT w.is_credit AND e.token_owner = %(buyer)s
             ORDER BY line.id DESC LIMIT 1
           ) replaced ON true
     -- What takes back energy that was fed back is above zero; none ever bills the same again, and one of nothing takes
     -- nothing back, nor the place of the one that does.
     WHERE NOT w.is_credit OR sign(w.total_cost) = -sign(original.total_cost)
),
-- A credit goes with what it takes back, or after it; never before it, never twice. What replaces a settled bill goes
-- with the credit of that, or after it: nothing else holds it since the credit has come.
ready AS (
    SELECT t.*, coalesce(original_statement, replaced_statement) AS corrects FROM traced t
     WHERE NOT t.is_credit
           AND (t.awaits_credit IS NOT TRUE
                OR t.replaced_id IN (SELECT mirrored_id FROM waiting WHERE mirrored_id IS NOT NULL))
        OR (t.is_credit AND t.turn = 1 AND t.original_id IS NOT NULL
            AND (t.original_statement IS NOT NULL OR t.original_id IN (SELECT id FROM waiting))
            AND t.settled_credit IS NULL)
),
-- Nobody would see it: it has no fault of its own, or none that was not accepted.
verdict AS (
    SELECT t.owner, t.token_owner, t.object_id AS cdr_id, t.object_key AS cdr_key, t.session_key AS session_id,
           t.session_key, checks.kind, checks.severity, checks.path, checks.words,
           t.settled_credit AS expected, t.object_id AS actual
      FROM traced t JOIN checks ON checks.kind = 'credit_not_settled'
     WHERE t.settled_credit IS NOT NULL
),
raised AS ({RAISE}),
rounded AS (
    SELECT r.*, round(r.total_cost, r.digits) AS net,
           round(coalesce(r.total_cost_incl, r.total_cost), r.digits) AS stated_gross,
           CASE WHEN r.is_credit THEN -r.original_energy ELSE r.total_energy END AS energy,
           CASE WHEN r.corrects IS NOT NULL THEN 'correction'
                WHEN coalesce(r.original_end, r.end_at) < %(start)s THEN 'late' ELSE 'regular' END AS kind,
           standard.rate AS standard,
           standard.rate IS NULL OR r.total_cost_incl IS NULL
               OR abs(r.total_cost * (100 + standard.rate) / 100 - r.total_cost_incl) <= 10::numeric ^ (-r.digits)
               AS is_plausible,
           row_number() OVER (PARTITION BY r.country, r.currency ORDER BY r.end_at, r.id) AS position
      FROM ready r
      LEFT JOIN LATERAL (
            SELECT v.rate FROM settlement_vatrate v
             WHERE v.country = r.country AND v.valid_from <= (r.end_at AT TIME ZONE %(zone)s)::date
               AND (v.valid_until IS NULL OR v.valid_until >= (r.end_at AT TIME ZONE %(zone)s)::date)
             ORDER BY v.valid_from DESC LIMIT 1
           ) standard ON true
),
rated AS (
    SELECT r.*, CASE
           WHEN %(category)s <> '' OR r.total_cost_incl IS NULL THEN 0
           WHEN r.standard IS NOT NULL AND r.is_plausible THEN r.standard
           WHEN r.total_cost = 0 THEN 0
           ELSE least(greatest(round((r.total_cost_incl - r.total_cost) * 100 / r.total_cost, 0), 0), 999)
           END AS vat_rate
      FROM rounded r
),
priced AS MATERIALIZED (
    SELECT r.*, CASE WHEN %(category)s = '' THEN r.stated_gross - r.net ELSE 0 END AS vat,
           CASE WHEN %(category)s <> '' THEN %(category)s WHEN r.total_cost_incl IS NULL THEN 'E'
                WHEN r.vat_rate = 0 THEN 'Z' ELSE 'S' END AS vat_category
      FROM rated r
),
vat_totals AS (
    SELECT country, currency,
           jsonb_agg(jsonb_build_object('category', vat_category, 'rate', trim_scale(vat_rate)::text,
                                        'net', net::text, 'vat', vat::text) ORDER BY vat_category, vat_rate) AS totals
      FROM (SELECT country, currency, vat_category, vat_rate, sum(net) AS net, round(sum(vat), digits) AS vat
              FROM priced GROUP BY country, currency, digits, vat_category, vat_rate) parts
     GROUP BY country, currency
),
made AS (
    INSERT INTO settlement_statement (
        kind, state, closing_id, seller, buyer, country, currency, period_start, period_end, first_day, last_day,
        time_zone, issued_on, due_on, line_count, session_count, correction_count, energy, net, vat, gross, stated_vat,
        vat_treatment, vat_category, vat_note, vat_totals, implausible_vat_count, settlement_currency,
        seller_company, buyer_company, form, csv_sha256, json_sha256
    )
    SELECT 'cdr', 'draft', %(closing)s, %(seller)s, %(buyer)s, country, currency, %(start)s, %(end)s, %(first_day)s,
           %(last_day)s, %(zone)s, %(issued_on)s, %(due_on)s, count(*),
           sum(CASE WHEN is_credit THEN -1 ELSE 1 END), count(corrects), sum(energy), sum(net), sum(vat),
           sum(net + vat), sum(stated_gross - net), %(treatment)s, %(category)s, %(note)s, vat_totals.totals,
           count(*) FILTER (WHERE NOT is_plausible), '', %(seller_company)s, %(buyer_company)s, %(form)s, '',
           ''
      FROM priced JOIN vat_totals USING (country, currency)
     GROUP BY country, currency, vat_totals.totals
    RETURNING id, country, currency
)
INSERT INTO settlement_line (
    statement_id, position, kind, corrects_id, cdr_id, cdr_id_text, session_id_text, session_key, is_credit,
    credited_id, start_at, end_at, energy, stated_net, stated_gross, net, vat, gross, vat_category, vat_rate,
    is_vat_plausible
)
SELECT made.id, p.position, p.kind, p.corrects, p.id, p.object_id, coalesce(told.id, p.session_key), p.session_key,
       p.is_credit, p.original_id, p.start_at, p.end_at, p.energy, p.total_cost, p.total_cost_incl, p.net, p.vat,
       p.net + p.vat, p.vat_category, p.vat_rate, p.is_plausible
  FROM priced p JOIN made USING (country, currency)
  LEFT JOIN LATERAL (
        SELECT s.object_id AS id FROM charging_sessions_session s
         WHERE s.owner = %(seller)s AND s.object_key = p.session_key AND {LIVE.format("s")} LIMIT 1
       ) told ON true
 ORDER BY made.id, p.position
"""


def collect(facts: dict[str, Any]) -> int:
    """Make the draft statements of one closing, with their lines; how many lines. Raise which credits are never in one.

    `facts`: see `close._facts`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")  # compiling this for a pair would take longer than running it
        cursor.execute(
            COLLECT, facts | CHECKS_COLUMNS | {"digits": json.dumps(dict(MINOR_UNITS)), "form": Statement.Form.GUARDED}
        )
        return int(cursor.rowcount)
