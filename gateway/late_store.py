"""What is pushed to one receiver is stored together with that receiver's verdict: one transaction a call in place of
two, and a third less work for PostgreSQL (ADR 0013).

It is stored before, and by itself, where the receiver lets the hub wait, or another push of the same object comes: what
one process is told of one object, it stores in the order in which it was told.
"""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType

from journal.rows import Change, Job, Written
from journal.writer import Writer

logger = logging.getLogger(__name__)

PATIENCE = 0.3  # seconds for the receiver; meanwhile others read the state before


class LateStores:
    """By what keeps its order: of each object one push at most that is not stored yet."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._pending: dict[str, LateStore] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    async def settle(self, order_key: str) -> None:
        """Until what was pushed of this object before is stored, or could not be: its own call hears of that."""
        while (pending := self._pending.get(order_key)) is not None:
            await asyncio.wait([pending.begin()])

    def hold(self, order_key: str, changes: tuple[Change, ...]) -> LateStore:
        """Of an object that is settled."""
        held = self._pending[order_key] = LateStore(self, order_key, changes)
        return held

    def begin(self, held: LateStore) -> asyncio.Task[Written]:
        task = asyncio.create_task(self._writer.write(Job(changes=held.changes)))
        task.add_done_callback(lambda done: self._finish(held, done))
        return task

    def let_go(self, held: LateStore) -> None:
        if self._pending.get(held.order_key) is held:
            del self._pending[held.order_key]

    def _finish(self, held: LateStore, done: asyncio.Task[Written]) -> None:
        self.let_go(held)
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.warning("what was pushed could not be stored: %s", error)


class LateStore:
    """`with` it around the call to the receiver; a call that breaks off is stored all the same."""

    def __init__(self, stores: LateStores, order_key: str, changes: tuple[Change, ...]) -> None:
        self.order_key, self.changes = order_key, changes
        self._stores = stores
        self._begun: asyncio.Task[Written] | None = None
        self._taken = False
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, self.begin)

    def begin(self) -> asyncio.Task[Written]:
        if self._begun is None:
            self._begun = self._stores.begin(self)
        return self._begun

    async def take(self) -> Written | None:
        """How it was stored; None where it was not yet: then it is to be handed to the writer before anything is waited
        for.

        Raises:
            OcpiError: it could not be stored.
        """
        self._taken = True
        if self._begun is not None:
            return await asyncio.shield(self._begun)
        self._stores.let_go(self)
        return None

    def __enter__(self) -> LateStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._taken:
            self.begin()
