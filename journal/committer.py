"""One connection that makes batches durable, whatever happens to it. Used by one thread at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import psycopg2
from psycopg2 import errors

from journal.batch import Result, run_batch
from journal.connection import connect, is_lost
from journal.rows import Job
from journal.script import RememberingConnection
from ocpi.errors import OcpiError, ServerError
from telemetry import count, metrics

logger = logging.getLogger(__name__)

ATTEMPTS = 4  # of a whole batch, when another process was merely quicker
# Of the same key inserted meanwhile: at the next attempt the other's row can be locked. The last three: a plan that a
# migration, or a pooler that changes servers, has made useless; the next attempt plans anew.
PASSING = (
    errors.UniqueViolation,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.FeatureNotSupported,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
)
BUSY = (errors.LockNotAvailable, errors.QueryCanceled)
FULL = (errors.DiskFull, errors.OutOfMemory)


class DatabaseDown(Exception):
    """No connection to be had; nothing was written."""


class OutcomeUnknown(Exception):
    """The connection broke during COMMIT: the batch may be durable or not, and nobody can tell."""


class NoRoom(ServerError):
    """The disk of the database, or its memory, is full: of this call nothing was stored, another may still fit."""


class Committer:
    def __init__(
        self, *, dsn: str | None = None, patience: float = 5.0, run: Callable[..., list[Result]] = run_batch
    ) -> None:
        self._dsn = dsn
        self._patience = patience
        self._run = run
        self._connection: RememberingConnection | None = None

    def commit(self, jobs: Sequence[Job], *, since: float) -> list[Result]:
        """One result per job, in order. `since` is the monotonic time from which the first job's patience counts."""
        began = time.perf_counter()
        try:
            results = self._commit_together(jobs)
            count.note_commit(len(jobs), seconds=time.perf_counter() - began)
            return results
        except DatabaseDown as error:
            metrics.writer_failures.labels("unreachable").inc(len(jobs))
            return _all_failed(jobs, "the database cannot be reached", cause=error)
        except OutcomeUnknown as error:
            metrics.writer_failures.labels("outcome unknown").inc(len(jobs))
            return _all_failed(jobs, "the connection to the database broke; the outcome is unknown", cause=error)
        except Exception as error:
            if len(jobs) == 1:
                return [_told(error)]
            ours = not isinstance(error, psycopg2.Error)  # then each batch fails so, and all are slow
            logger.log(
                logging.ERROR if ours else logging.WARNING,
                "a batch of %d jobs failed and is tried job by job: %s",
                len(jobs),
                _short(error),
                exc_info=ours,
            )
        return self._commit_singly(jobs, since=since)

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
            self._connection = None

    def _commit_together(self, jobs: Sequence[Job]) -> list[Result]:
        lost = False
        for attempt in range(ATTEMPTS):
            connection = self._connected()
            try:
                with connection.cursor() as cursor:
                    results = self._run(cursor, jobs)
            except Exception as error:
                if is_lost(connection, error):
                    self.close()
                    if lost:  # once may be a restart, twice is not worth more of anybody's time
                        raise DatabaseDown(_short(error)) from error
                    lost = True
                    continue
                self._roll_back(connection)
                if not isinstance(error, PASSING) or attempt == ATTEMPTS - 1:
                    raise
                continue
            self._commit(connection)
            return results
        raise DatabaseDown("the connection does not hold")

    def _commit_singly(self, jobs: Sequence[Job], *, since: float) -> list[Result]:
        results: list[Result] = []
        for job in jobs:
            if time.monotonic() - since > self._patience:
                results.append(ServerError("the database is too busy"))
            else:
                results.extend(self.commit([job], since=since))
        return results

    def _commit(self, connection: RememberingConnection) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("COMMIT")
        except psycopg2.Error as error:
            if is_lost(connection, error):
                self.close()
                raise OutcomeUnknown(_short(error)) from error
            self._roll_back(connection)
            raise

    def _connected(self) -> RememberingConnection:
        if self._connection is None or self._connection.closed:
            try:
                made = connect(self._dsn, name="hub writer", connection_factory=RememberingConnection)
                self._connection = cast(RememberingConnection, made)
                self._connection.autocommit = True  # else psycopg2 sends a BEGIN of its own first: a round trip more
                self._connection.keep_plans()
            except psycopg2.Error as error:
                self.close()
                raise DatabaseDown(_short(error)) from error
        return self._connection

    def _roll_back(self, connection: RememberingConnection) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
            connection.forget()  # which of the failed batch's statements were planned, nobody knows
        except psycopg2.Error:
            self.close()  # the next attempt gets a new one


def _all_failed(jobs: Sequence[Job], message: str, *, cause: Exception) -> list[Result]:
    logger.error("%d jobs failed: %s: %s", len(jobs), message, cause)
    return [ServerError(message) for _ in jobs]


def _told(error: Exception) -> Exception:
    """What the one who asked for a job hears when the job, alone in its transaction, still failed."""
    if isinstance(error, OcpiError):
        return error
    if isinstance(error, (*PASSING, *BUSY)):
        logger.warning("a job failed: %s", _short(error))
        metrics.writer_failures.labels("busy").inc()
        return ServerError("the database is too busy")
    if isinstance(error, FULL):
        logger.error("the database has no room: %s", _short(error))
        metrics.writer_failures.labels("full").inc()
        return NoRoom("the database has no room")
    logger.error("a job cannot be stored", exc_info=error)
    metrics.writer_failures.labels("other").inc()
    failure = ServerError("this cannot be stored")
    failure.__cause__ = error
    return failure


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
