"""Group commit: the rows of many calls in one transaction, and nobody is answered before it is durable.

While one batch commits, the next one gathers; its size finds itself. Make a Writer after a fork, never before.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from journal.batch import Result, run_batch
from journal.committer import Committer, NoRoom
from journal.intake import Intake
from journal.rows import Job, Written
from ocpi.errors import Overloaded, ServerError
from telemetry import count, metrics, spans

logger = logging.getLogger(__name__)

MAX_BATCH = 256
MAX_WAITING = 10_000
PATIENCE = 5.0  # seconds after which a job that waits is given up
WAKE_INTERVAL = 0.02  # seconds between two calls of `on_events`

Future = asyncio.Future[Written]


class _Waiting(msgspec.Struct, frozen=True):
    job: Job
    future: Future
    loop: asyncio.AbstractEventLoop
    since: float = msgspec.field(default_factory=time.monotonic)


class Writer:
    """`on_events(last_id)` is called after COMMIT, on the writer's thread and rarely: it must not block."""

    def __init__(
        self,
        *,
        dsn: str | None = None,
        on_events: Callable[[int], None] | None = None,
        max_waiting: int = MAX_WAITING,
        patience: float = PATIENCE,
        run: Callable[..., list[Result]] = run_batch,
    ) -> None:
        self._on_events = on_events
        self._max_waiting = max_waiting
        self._patience = patience
        self._new_committer = lambda: Committer(dsn=dsn, patience=patience, run=run)
        self._intake: Intake[_Waiting] = Intake()
        self._thread: threading.Thread | None = None
        self._idle: list[Committer] = []  # of `write_blocking`
        self._last_event = 0  # appended and not yet told
        self._told_at = 0.0
        self._busy_since: float | None = None
        self._full_at: float | None = None

    @property
    def stalled_for(self) -> float:
        """Seconds that the oldest job of the batch at hand has been waiting; what comes now would wait behind it."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def full_for(self) -> float | None:
        """Seconds since the database last had no room for a job; None: it always had."""
        at = self._full_at
        return None if at is None else time.monotonic() - at

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="journal writer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """What was handed in before is still written."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._intake.end()
            thread.join()
        while self._idle:
            self._idle.pop().close()

    async def write(self, job: Job) -> Written:
        """Returns when the job is durable; raises its own refusal, Overloaded, or ServerError (nothing promised)."""
        if self._thread is None:
            raise ServerError("the hub is stopping")
        if self._intake.count >= self._max_waiting:
            raise Overloaded("too many calls wait to be stored")
        loop = asyncio.get_running_loop()
        future: Future = loop.create_future()
        self._intake.add(_Waiting(job, future, loop), loop=loop)
        limit = loop.call_later(self._patience + 1, _give_up, future)
        try:
            with spans.span("store"):
                return await future
        finally:
            limit.cancel()

    def write_blocking(self, job: Job) -> Written:
        """The same for threads and tasks, in a transaction of its own on a connection of its own."""
        try:
            committer = self._idle.pop()
        except IndexError:
            committer = self._new_committer()
        try:
            result = committer.commit([job], since=time.monotonic())[0]
        finally:
            self._idle.append(committer)
        if isinstance(result, Exception):
            raise result
        if result.event is not None:
            self._tell(result.event)
        return result

    # The thread

    def _work(self) -> None:
        committer = self._new_committer()
        try:
            while (batch := self._gather()) is not None:
                if batch:
                    self._write(batch, committer=committer)
                self._tell_if_due()
        finally:
            self._told_at = 0.0
            self._tell_if_due()
            committer.close()

    def _gather(self) -> list[_Waiting] | None:
        """Whatever waits, up to a full batch; nothing when events wait to be told; None at the end."""
        batch = self._intake.take(most=MAX_BATCH, timeout=WAKE_INTERVAL if self._last_event else None)
        if batch:
            count.note_waiting_jobs(self._intake.count)
        return batch

    def _write(self, batch: Sequence[_Waiting], *, committer: Committer) -> None:
        oldest = time.monotonic() - self._patience
        late = [each for each in batch if each.since < oldest]
        timely = [each for each in batch if each.since >= oldest]
        _resolve(late, [ServerError("the database is too busy") for _ in late])
        if late:
            metrics.writer_failures.labels("busy").inc(len(late))
        if not timely:
            return
        self._busy_since = timely[0].since  # not from now: it may have waited behind a batch that was given up
        try:
            results = committer.commit([each.job for each in timely], since=timely[0].since)
        except Exception as error:  # ours to mend; the callers must not wait for it
            logger.exception("the writer failed")
            results = [ServerError(f"the writer failed: {type(error).__name__}") for _ in timely]
        finally:
            self._busy_since = None
        if any(isinstance(result, NoRoom) for result in results):
            self._full_at = time.monotonic()
        _resolve(timely, results)
        self._last_event = max([self._last_event, *(r.event or 0 for r in results if isinstance(r, Written))])

    def _tell_if_due(self) -> None:
        if self._last_event and time.monotonic() - self._told_at >= WAKE_INTERVAL:
            last, self._last_event = self._last_event, 0
            self._told_at = time.monotonic()
            self._tell(last)

    def _tell(self, last_id: int) -> None:
        if self._on_events is None:
            return
        try:
            self._on_events(last_id)
        except Exception:  # the events are durable, and lanes are swept anyway
            logger.exception("telling of event %d failed", last_id)


def _resolve(batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
    """One call into each event loop, not one per job: waking a loop costs a system call."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Future, Result]]] = {}
    for waiting, result in zip(batch, results, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, result))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:
            logger.debug("an event loop ended before its %d answers", len(pairs))


def _give_up(future: Future) -> None:
    if not future.done():
        future.set_exception(ServerError("the database did not answer in time; the outcome is unknown"))


def _settle(pairs: Sequence[tuple[Future, Result]]) -> None:
    for future, result in pairs:
        if future.done():  # the caller went away
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
