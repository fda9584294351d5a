"""Sends what is due: leases lanes, runs them side by side, looks for more until there is none or time is up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from forwarding.facts import FactsWatch, Known
from forwarding.lane_run import LaneRun
from forwarding.pace import Pace, Paces
from forwarding.signs import Signs
from forwarding.store import Store
from forwarding.threads import Threads
from parties.client import AsyncClient
from parties.egress import Egress
from parties.limits import Limits, get_limits

logger = logging.getLogger(__name__)

SECONDS = 8.0
LANES = 128  # at the same time
QUICK_LANES = 32  # of them those whose partners answer at once: enough to be busy, and each is saved less often
LOOK_SECONDS = 0.05
MORE_SECONDS = 0.2
HEARD_SECONDS = 2.0
LINGER = 0.5  # seconds for which a drain that had work waits for more: to begin one costs more than many deliveries
LINGER_LOOK = 0.03
HUSH_AGAIN = 0.5


async def drain(
    *,
    clock: Callable[[], datetime],
    seconds: float = SECONDS,
    limit: int = LANES,
    egress: Egress | None = None,
    limits: Limits | None = None,
    known: Known | None = None,
    linger: float = 0.0,
    hush: Callable[[bool], None] = lambda is_awake: None,
    threads: Threads | None = None,
) -> int:
    """How many deliveries succeeded. `limits` and `threads` are those of the process, `known` what it knew before.
    `hush` tells those who wake drains whether one is awake that looks for itself."""
    deadline = asyncio.get_running_loop().time() + seconds
    async with Store(threads) as store:
        await store.begin_lanes(now=clock())
        client = AsyncClient(egress=egress, limits=limits or get_limits())
        async with FactsWatch(store, known=known) as watch, client:
            made = _Drain(store, watch, client, clock=clock, deadline=deadline, limit=limit, linger=linger, hush=hush)
            return await made.run()


class _Drain:
    def __init__(
        self,
        store: Store,
        watch: FactsWatch,
        client: AsyncClient,
        *,
        clock: Callable[[], datetime],
        deadline: float,
        limit: int,
        linger: float,
        hush: Callable[[bool], None],
    ) -> None:
        self._store = store
        self._watch = watch
        self._client = client
        self._clock = clock
        self._deadline = deadline
        self._limit = limit
        self._linger = linger
        self._hush = hush
        self._hushed_at: float | None = None
        self._loop = asyncio.get_running_loop()
        self._signs = Signs(clock=self._loop.time)
        self._paces = Paces()
        self._running: dict[asyncio.Task[int], Pace] = {}
        self._ended: list[asyncio.Task[int]] = []
        self._has_ended = asyncio.Event()
        self._looked_at = self._worked_at = float("-inf")
        self._are_more_due = True
        self._lingers: bool | None = None  # None: not asked yet
        self._sent = 0

    async def run(self) -> int:
        heard_at = self._loop.time()
        try:
            while True:
                await self._start_lanes()
                if self._running:
                    await self._wait_for_lanes()
                elif self._is_time_left and await self._may_linger():
                    await asyncio.sleep(LINGER_LOOK)
                elif self._hushed_at is not None:
                    await self._end_hush()
                    continue  # to look once more: what came since the last look woke nobody
                else:
                    break
                await self._hush_others()
                if self._loop.time() - heard_at >= HEARD_SECONDS:
                    heard_at = self._loop.time()
                    await self._tell_presence()
        finally:
            if self._running:
                await asyncio.wait(self._running)
        await self._tell_presence()
        return self._sent

    async def _wait_for_lanes(self) -> None:
        """Until one has ended, or it is time to look. `asyncio.wait` would ask all of them to tell it, each time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._has_ended.wait()
        self._has_ended.clear()
        ended, self._ended = self._ended, []
        self._take(ended)
        self._worked_at = self._loop.time()

    def _note_end(self, task: asyncio.Task[int]) -> None:
        self._ended.append(task)
        self._has_ended.set()

    @property
    def _looks_for_more(self) -> bool:
        """At its end it only waits for the lanes it has."""
        return self._may_begin and self._get_room() > 0

    @property
    def _may_begin(self) -> bool:
        return self._loop.time() < self._deadline and self._watch.is_fresh

    @property
    def _is_time_left(self) -> bool:
        return self._loop.time() < self._worked_at + self._linger and self._looks_for_more

    async def _may_linger(self) -> bool:
        if self._lingers is None:
            self._lingers = await self._store.claim_lingering()
        return self._lingers

    async def _hush_others(self) -> None:
        """While this one takes all that is due, and looks for more by itself. Else others come."""
        if self._are_more_due or not self._looks_for_more:
            if self._hushed_at is not None:
                await self._tell_hush(None)
        elif await self._may_linger() and (
            self._hushed_at is None or self._loop.time() - self._hushed_at >= HUSH_AGAIN
        ):
            await self._tell_hush(self._loop.time())

    async def _tell_hush(self, at: float | None) -> None:
        self._hushed_at = at
        await self._loop.run_in_executor(None, self._hush, at is not None)

    async def _end_hush(self) -> None:
        self._lingers = False
        await self._tell_hush(None)

    async def _start_lanes(self) -> None:
        if not self._may_begin:
            return
        room = self._get_room()
        if room <= 0 or self._may_wait(room):
            return
        self._looked_at = self._loop.time()
        leased = await self._store.lease(limit=room, now=self._clock())
        self._are_more_due = len(leased) == room
        for lane in leased:
            pace = self._paces.get(lane.platform)
            run = LaneRun(
                lane,
                store=self._store,
                client=self._client,
                watch=self._watch,
                signs=self._signs,
                pace=pace,
                clock=self._clock,
                deadline=self._deadline,
            )
            task = asyncio.create_task(run.run())
            task.add_done_callback(self._note_end)
            self._running[task] = pace

    def _get_room(self) -> int:
        """Lanes that wait for slow partners cost nothing meanwhile; those that work slow each other down."""
        quick = sum(not pace.is_slow for pace in self._running.values())
        return min(self._limit - len(self._running), QUICK_LANES - quick)

    def _may_wait(self, room: int) -> bool:
        """To look for lanes means to look at all of them: worth it for many at a time, or once in a while."""
        if not self._running:
            return False
        waited = self._loop.time() - self._looked_at
        if self._are_more_due:  # and those that run are through soon
            return waited < MORE_SECONDS and room < min(self._limit, QUICK_LANES) // 2
        return waited < LOOK_SECONDS

    def _take(self, ended: Sequence[asyncio.Task[int]]) -> None:
        for task in ended:
            del self._running[task]
            error = task.exception()
            if error is None:
                self._sent += task.result()
            else:  # the lane's lease runs out, and somebody takes it up again
                logger.error("a lane failed", exc_info=error)

    async def _tell_presence(self) -> None:
        """An answer is a sign of life, and ends a row of failures (HCI-12)."""
        heard = self._signs.take_heard()
        if heard:
            await self._store.record_heard(heard, now=self._clock())
        await self._store.record_quirks(now=self._clock())
