"""Whether somebody waits for an advisory lock: how a test knows without a clock that another thread has come so far."""

from __future__ import annotations

from django.db import connection


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])
