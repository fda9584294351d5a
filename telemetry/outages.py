"""A server that is away, or a caller who sends what Django refuses, is told in one line each time: a night's outage, or
a stranger with a made-up `Host`, would else fill the disk with tracebacks in which nothing of ours is wrong."""

from __future__ import annotations

from typing import Any

import psycopg2
import redis
from django.core.exceptions import SuspiciousOperation
from structlog.typing import EventDict

OUTAGES = ("08", "53", "57P")  # classes of SQLSTATE: no connection, no room or no more connections, going or coming


def shorten(logger: Any, name: str, line: EventDict) -> EventDict:
    """Before exceptions are written out."""
    error = (line.get("exc_info") or (None, None))[1]
    if isinstance(error, BaseException) and (isinstance(error, SuspiciousOperation) or is_outage(error)):
        del line["exc_info"]
        first = str(line["event"]).partition("\n")[0]
        said = str(error).partition("\n")[0]
        line["event"] = first if said in first else f"{first}: {said}"
    return line


def is_outage(error: BaseException) -> bool:
    """Or it was caused by one: those who use PostgreSQL and Redis wrap what these say."""
    if isinstance(error, psycopg2.OperationalError):
        return error.pgcode is None or error.pgcode.startswith(OUTAGES)
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return True
    cause = error.__cause__
    if type(error).__name__ == "SchedulingError":  # Celery's beat does not say from what
        cause = error.__context__
    return cause is not None and is_outage(cause)
