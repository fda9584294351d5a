"""Fill the tables of sessions and CDRs by SQL, with faults planted at known places: for what is measured on many rows.

20 CPOs, 25 eMSPs, 50,000 EVSEs; one row is as wide as a short document of each kind is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

FIRST = "timestamptz '2026-01-01 00:00:00Z'"
ARRIVED = datetime(2026, 11, 1, tzinfo=UTC)
DOCUMENT = {"session": 606, "cdr": 1333}  # bytes of those in tests/documents.py

# Number n: its session, and the CDR that bills it, unless a fault is planted.
_START = f"{FIRST} + (n / 50000) * interval '6 hours' + n % 3600 * interval '1 second'"
_COLUMNS = f"""
    'dec' || lpad((n %% 20)::text, 2, '0') AS owner, 'nlm' || lpad((n %% 25)::text, 2, '0') AS token_owner,
    md5('session' || n)::uuid::text AS session_key, 10 + n %% 50000 * 0.001 AS kwh,
    {_START.replace("%", "%%")} AS start_at, {_START.replace("%", "%%")} + interval '45 minutes' AS end_at
"""
SESSIONS = f"""
INSERT INTO charging_sessions_session (
    owner, object_key, audience, object_id, version, document, last_updated, is_verified, flags, received_at,
    changed_at, verdict_message, token_owner, status, start_at, end_at, kwh, total_cost, currency, location_key)
SELECT owner, session_key, '', session_key, '2.2.1', repeat('s', {DOCUMENT["session"]}), end_at, true, '', start_at,
       end_at, '', token_owner, 'COMPLETED', start_at, end_at, kwh, round(kwh * 0.39, 2), 'EUR', 'l' || n %% 10000
  FROM (SELECT n, {_COLUMNS} FROM generate_series(%(first)s, %(last)s) n) told
"""
# Of 2,000 CDRs: 4 with other energy, 2 with another cost, 1 whose session is unknown, 1 that bills a session again,
# 1 that runs into the next charge of its EVSE, 1 credit of the one 20 before it.
CDRS = f"""
INSERT INTO cdrs_cdr (
    owner, object_key, audience, object_id, version, document, last_updated, is_verified, flags, received_at,
    changed_at, verdict_code, verdict_message, token_owner, session_key, start_at, end_at, total_energy, total_cost,
    currency, is_credit, credit_reference_key, evse_key, token_key)
SELECT owner, md5('cdr' || n)::uuid::text, '', md5('cdr' || n)::uuid::text, '2.2.1',
       repeat('c', {DOCUMENT["cdr"]}), end_at, true, '', end_at + interval '1 minute',
       %(arrived)s + (n - %(first)s) * interval '1 millisecond', 1000, '', token_owner,
       CASE WHEN n %% 2000 = 2 THEN md5('lost' || n)::uuid::text
            WHEN n %% 2000 IN (23, 45) THEN md5('session' || n - 20)::uuid::text ELSE session_key END,
       start_at, CASE WHEN n %% 2000 = 4 THEN end_at + interval '6 hours' ELSE end_at END,
       CASE WHEN n %% 500 = 0 THEN kwh + 1 ELSE kwh END,
       round(kwh * 0.39, 2) * CASE WHEN n %% 2000 = 45 THEN -1 ELSE 1 END
           + CASE WHEN n %% 1000 = 1 THEN 0.5 ELSE 0 END,
       'EUR', n %% 2000 = 45, CASE WHEN n %% 2000 = 45 THEN md5('cdr' || n - 20)::uuid::text ELSE '' END,
       'evse' || n %% 50000, 'token' || n %% 200000
  FROM (SELECT n, {_COLUMNS} FROM generate_series(%(first)s, %(last)s) n) told
"""
TABLES = ("charging_sessions_session", "cdrs_cdr")


def seed(cursor: Any, *, sessions: int, cdrs: int) -> None:
    """Both tables from nothing, vacuumed and analysed as autovacuum would leave them."""
    with _without_indexes(cursor):
        cursor.execute(SESSIONS, {"first": 1, "last": sessions})
        add_cdrs(cursor, first=1, last=cdrs, arrived=ARRIVED)
    for table in TABLES:
        cursor.execute(f"VACUUM ANALYZE {table}")


def add_cdrs(cursor: Any, *, first: int, last: int, arrived: datetime) -> None:
    """`arrived`: when the first of them came, the others a millisecond later each."""
    cursor.execute(CDRS, {"first": first, "last": last, "arrived": arrived})


@contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Built once at the end, as a restore does: filling is not what is measured."""
    cursor.execute(
        "SELECT indexdef, indexname FROM pg_indexes i WHERE tablename = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = i.indexname)",
        [list(TABLES)],
    )
    found = cursor.fetchall()
    for _, name in found:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for definition, _ in found:
        cursor.execute(definition)
