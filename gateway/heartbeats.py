"""Who was heard when (HCI-11): collected in memory, written every few seconds, off the way of every message."""

from __future__ import annotations

import logging
import threading

from django.db import connections
from django.db.utils import DatabaseError
from django.utils.timezone import now

from parties import presence

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0


class Heartbeats:
    def __init__(self) -> None:
        self._heard: set[int] = set()
        self._back: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=5)

    def record(self, platform: int, *, was_offline: bool) -> None:
        """Called for every authenticated message. One that comes from an offline platform brings it back (HCI-12)."""
        self._heard.add(platform)
        if was_offline:
            with self._lock:
                self._back.add(platform)
            self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            try:
                self._flush()
            except DatabaseError as e:
                logger.warning("heartbeats: %s; kept for later", str(e).strip().split("\n")[0])
                connections.close_all()
        connections.close_all()

    def _flush(self) -> None:
        heard, self._heard = self._heard, set()
        with self._lock:
            back, self._back = self._back, set()
        try:
            if heard:
                presence.record_heard(sorted(heard), now=now())
            for platform in back:
                presence.set_online(platform, now=now())
        except DatabaseError:
            self._heard |= heard
            with self._lock:
                self._back |= back
            raise
