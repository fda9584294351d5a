"""The routing facts in memory, kept fresh (decision 8): reloaded when the database says they moved, and only used while
that was confirmed within the last second. A revoked token or agreement stops working in every process within it.
"""

from __future__ import annotations

import asyncio
import logging
import select
import threading
import time

import psycopg2
from django.db import connection, connections
from django.db.utils import DatabaseError

from agreements.network import Facts, load_facts
from journal.connection import connect
from journal.reader import Reader
from ocpi.errors import Overloaded
from telemetry import metrics

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
TRUSTED_SECONDS = 1.0
FIRST_SECONDS = 10.0
_VERSION_SQL = "SELECT version FROM parties_factsversion"


class FactsKeeper:
    """One thread with one direct connection: woken by NOTIFY, and polling the version in case a notice was lost."""

    def __init__(self) -> None:
        self._facts: Facts | None = None
        self._confirmed = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    async def wait_until_known(self) -> None:
        """A process is only started when it can serve; without a database it starts all the same, and answers 503."""
        deadline = time.monotonic() + FIRST_SECONDS
        while self._facts is None and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    def get(self) -> Facts:
        """The facts of at most a second ago.

        Raises:
            Overloaded: they could not be confirmed (503): better no answer than one by a revoked right.
        """
        facts = self._facts
        if facts is None or time.monotonic() - self._confirmed > TRUSTED_SECONDS:
            raise Overloaded("the hub cannot confirm its routing facts right now: try again")
        return facts

    async def catch_up(self, reader: Reader) -> None:
        """Wait until what was committed before this call is in force here: a revoked token is dead when we say so."""
        version = (await reader.fetch(_VERSION_SQL))[0][0]
        deadline = time.monotonic() + TRUSTED_SECONDS
        while (self._facts is None or self._facts.version < version) and time.monotonic() < deadline:
            await asyncio.sleep(0.005)

    @property
    def age(self) -> float:
        """Seconds since the facts were last known to be true."""
        return time.monotonic() - self._confirmed

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (psycopg2.Error, DatabaseError, OSError) as e:
                logger.warning("routing facts: %s; trying again", str(e).strip().split("\n")[0])
                connections.close_all()
                self._stop.wait(0.2)
        connections.close_all()

    def _follow(self) -> None:
        listener = connect(name="facts")
        listener.autocommit = True
        try:
            with listener.cursor() as cursor:
                cursor.execute("SET statement_timeout = '2s'")
                cursor.execute("LISTEN facts")
                while not self._stop.is_set():
                    asked = time.monotonic()
                    cursor.execute(_VERSION_SQL)
                    row = cursor.fetchone()
                    version = row[0] if row else 0
                    if self._facts is None or self._facts.version != version:
                        self._load()
                    self._confirmed = asked
                    metrics.facts_confirmed.labels("web").set(time.time() - (time.monotonic() - asked))
                    select.select([listener], [], [], POLL_SECONDS)
                    listener.poll()
                    listener.notifies.clear()
        finally:
            listener.close()

    def _load(self) -> None:
        if connection.connection is not None:
            connection.close_if_unusable_or_obsolete()
        self._facts = load_facts()
        metrics.facts_loads.inc()
