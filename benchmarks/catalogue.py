"""Copies of the hub's tables, for what PostgreSQL does by itself with the same rows."""

from __future__ import annotations

from benchmarks.stand import Stand

COPY = "bench_location"
COLUMNS = (
    "owner, object_key, audience, object_id, version, document, last_updated, is_verified, flags, received_at,"
    " changed_at, verdict_message, country, city, latitude, longitude, time_zone, publish, evse_count"
)


def make_copy(stand: Stand) -> None:
    copy_table(stand, "locations_location", COPY)


def copy_table(stand: Stand, table: str, copy: str) -> None:
    """Empty, with its keys, indexes and storage."""
    run(stand, f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL)")


def run(stand: Stand, sql: str, *parameters: object) -> None:
    with stand.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)


def clear(stand: Stand, *tables: str) -> None:
    """Empty as after a fresh start."""
    run(stand, f"TRUNCATE {', '.join(tables)}")
