"""Writes what was noted of partners' habits every few seconds, off the way of every message."""

from __future__ import annotations

import logging
import threading

from django.db import connections
from django.db.utils import DatabaseError
from django.utils.timezone import now

from parties.quirk_notes import QuirkNotes, record_quirks

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0


class QuirkWriter:
    def __init__(self, notes: QuirkNotes) -> None:
        self._notes = notes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quirks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()
        self.flush()
        connections.close_all()

    def flush(self) -> None:
        taken = self._notes.take()
        try:
            record_quirks(taken, now=now())
        except DatabaseError as e:
            logger.warning("quirks: %s; kept for later", str(e).strip().split("\n")[0])
            self._notes.give_back(taken)
            connections.close_all()
