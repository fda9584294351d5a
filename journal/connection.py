"""How the writer and the reader reach PostgreSQL: connections of their own, outside Django's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg2
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

# A server that vanished must be noticed within seconds, not after the kernel's quarter of an hour.
VANISHED = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}

GONE = (psycopg2.InterfaceError, errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)


def connect(
    dsn: str | None = None, *, name: str, connection_factory: Callable[..., Connection] | None = None
) -> Connection:
    """Without a DSN: the database Django uses. `name` is what pg_stat_activity shows."""
    own: dict[str, Any] = {"application_name": name, "connection_factory": connection_factory}
    if dsn is not None:
        return psycopg2.connect(dsn, client_encoding="UTF8", **VANISHED, **own)
    return psycopg2.connect(**{**VANISHED, **_django_parameters(), **own})


def _django_parameters() -> dict[str, Any]:
    return connections[DEFAULT_DB_ALIAS].get_connection_params()


def is_lost(connection: Connection, error: Exception) -> bool:
    """Whether the connection is gone, and not merely the statement refused."""
    return bool(connection.closed) or isinstance(error, GONE)
