"""Whether somebody waits for us: how a test knows without a clock that another thread has come so far."""

from __future__ import annotations

from django.db import connection


def somebody_waits() -> bool:
    """For a lock that this connection holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
