"""The objects of a list on their way into the store, a transaction for each piece of them.

Two pieces are under way at a time, each on a connection of its own: while PostgreSQL works on one, the other is made
ready in Python. They may become durable in either order, so an object is never in both: the later one waits.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from journal.committer import Committer
from journal.rows import Job, Outcome
from ocpi.errors import OcpiError, Overloaded, ServerError

PIECE = 250  # objects per transaction

Results = list[tuple[Outcome, ...] | OcpiError]
Key = tuple[str, tuple[str, ...]]  # name of the table, key


class StoreFailed(Exception):
    """The database would not take it now: try the list again later."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    keys: frozenset[Key]
    committer: Committer
    results: Future[Results]
    page: object
    then: Callable[[Results], None]


class Pieces:
    """Used by one thread, which is told the results in the order in which it gave the jobs."""

    def __init__(self, *committers: Committer) -> None:
        self._idle = list(committers)
        self._threads = ThreadPoolExecutor(len(committers), "pull store")
        self._under_way: deque[Piece] = deque()

    def put(self, jobs: Sequence[Job], *, page: object, then: Callable[[Results], None]) -> None:
        """Waits for earlier ones where it must.

        Raises:
            StoreFailed: an earlier one; this one is not begun.
        """
        keys = frozenset((change.table.name, change.key) for job in jobs for change in job.changes)
        while not self._idle or any(not piece.keys.isdisjoint(keys) for piece in self._under_way):
            self._wait_for_oldest()
        committer = self._idle.pop()
        results = self._threads.submit(commit, committer, jobs)
        self._under_way.append(Piece(keys=keys, committer=committer, results=results, page=page, then=then))

    def finish(self, page: object) -> None:
        """Until all of this page is durable.

        Raises:
            StoreFailed: one of them.
        """
        while any(piece.page is page for piece in self._under_way):
            self._wait_for_oldest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What is under way comes to its end, though nobody may be told any more."""
        self._threads.shutdown()

    def _wait_for_oldest(self) -> None:
        piece = self._under_way.popleft()
        results = piece.results.result()
        self._idle.append(piece.committer)
        piece.then(results)


def commit(committer: Committer, jobs: Sequence[Job]) -> Results:
    """Durable when this returns: the outcomes of each job, or why it was refused.

    Raises:
        StoreFailed: not for what the objects are like.
    """
    told: Results = []
    for start in range(0, len(jobs), PIECE):
        for result in committer.commit(jobs[start : start + PIECE], since=time.monotonic()):
            if isinstance(result, ServerError | Overloaded) or (
                isinstance(result, Exception) and not isinstance(result, OcpiError)
            ):
                raise StoreFailed(str(result)) from result
            told.append(result if isinstance(result, OcpiError) else result.outcomes)
    return told
