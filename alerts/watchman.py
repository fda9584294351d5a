"""Looks when nobody else does: a thread of the web process, for when Redis, the workers, beat or the database are away.

Also where nobody is set to be told: the dashboard shows what it finds. Of several web processes each looks now and
then; a lock lets one act.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, connections
from django.utils.timezone import now

from alerts.deliver import deliver
from alerts.evaluate import evaluate
from alerts.models import Evaluation
from alerts.outage import Outage

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
OVERDUE = timedelta(seconds=45)  # beat asks for an evaluation every 15 s


class Watchman:
    def __init__(self, *, outage: Outage | None = None) -> None:
        self._outage = outage or Outage()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look(now=now())
            except Exception:  # ours to mend; it must look again all the same
                logger.exception("the watchman failed")
        connections.close_all()

    def look(self, *, now: datetime) -> None:
        try:
            last = Evaluation.objects.filter(pk=1).first()
            if last is None or now - last.at > OVERDUE:
                evaluate(now=now)
                deliver(now=now)
        except DatabaseError as error:
            connections.close_all()
            self._outage.note_failure(str(error).strip().split("\n")[0], now=now)
        else:
            self._outage.note_success(now=now)
