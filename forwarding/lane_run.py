"""One leased lane: read on, send, record, until it is empty or time is up. In order per object, objects side by side.

What cannot be sent now stays in `waiting` and holds up its own object only; the lane looks past it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from forwarding import lanes, outdated
from forwarding.deliver import Chain, Deliverer, Held
from forwarding.events import PIECE, Event
from forwarding.facts import FactsWatch
from forwarding.lanes import Release
from forwarding.ledger import Ledger
from forwarding.pace import Pace
from forwarding.plan import Planned, coalesce, plan_event
from forwarding.signs import Signs
from forwarding.store import Store
from forwarding.waiting import Key, Waiting
from parties.client import AsyncClient

logger = logging.getLogger(__name__)

MAX_WAITING = 1000  # begun and not done; beyond it the lane does not look any further
FIRST_RETRY, LAST_RETRY = 1.0, 300.0  # seconds
RENEW_SECONDS = 4.0
SAVE_SECONDS = 0.1


class LaneRun:
    def __init__(
        self,
        lane: lanes.Leased,
        *,
        store: Store,
        client: AsyncClient,
        watch: FactsWatch,
        signs: Signs,
        pace: Pace,
        clock: Callable[[], datetime],
        deadline: float,
    ) -> None:
        self._lane = lane
        self._pace = pace
        self._store = store
        self._watch = watch
        self._client = client
        self._clock = clock
        self._deadline = deadline
        self._ledger = Ledger(lane, store=store, clock=clock)
        self._chains: dict[Key, Chain] = {}
        self._stuck: set[Chain] = set()
        self._deliverer = Deliverer(
            lane.platform, ledger=self._ledger, store=store, client=client, watch=watch, signs=signs, clock=clock
        )

    async def run(self) -> int:
        """How many were delivered."""
        renewing = asyncio.create_task(self._renew())
        release: Release | None = None
        try:
            while not self._must_stop and await self._pass():
                pass
            release = self._get_release()
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])
            await self._ledger.save(release=release)  # also when something failed: what was sent was sent
        if release is None and not self._ledger.is_lost:
            await self._give_back()
        return self._ledger.sent

    @property
    def _must_stop(self) -> bool:
        return self._ledger.is_lost or not self._watch.is_fresh or asyncio.get_running_loop().time() >= self._deadline

    async def _renew(self) -> None:
        """Small steps while it works: what is recorded is not repeated after a crash."""
        idle = 0.0
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            idle += SAVE_SECONDS
            if self._ledger.has_news or idle >= RENEW_SECONDS:
                await asyncio.shield(self._ledger.save())
                idle = 0.0

    async def _pass(self) -> bool:
        """One piece of work; False: there is none."""
        await self._learn_chains()
        ready = [one for one in self._ledger.waiting.values() if self._chains[one.key] not in self._stuck]
        old, is_all = await self._read_ready(ready)
        new = await self._read_new() if is_all else []
        if not old and not new:
            return False
        if new:
            await self._watch.confirm()
        now = self._clock()
        planned = self._plan_old(old, now=now) + self._plan_new(new, now=now)
        kept = await self._leave_out_outdated([one for one in planned if one.chain not in self._stuck], now=now)
        self._ledger.forget({one.key for one in planned if one.chain not in self._stuck} - {one.key for one in kept})
        await self._send(kept)
        return True

    async def _leave_out_outdated(self, planned: list[Planned], *, now: datetime) -> list[Planned]:
        """A newer full state behind it makes it needless: in this piece, or anywhere in the log when it is late."""
        kept = coalesce(planned)
        candidates = outdated.get_candidates(kept, now=now)
        if not candidates:
            return kept
        newer = await self._store.read_newer(candidates)
        needless = outdated.find_outdated(newer, platform=self._lane.platform, roster=self._watch.roster, now=now)
        return [one for one in kept if one.key not in needless]

    async def _learn_chains(self) -> None:
        """Which object what an earlier run began belongs to. Before its time it only holds up its own."""
        unknown = [one for one in self._ledger.waiting.values() if one.key not in self._chains]
        if not unknown:
            return
        keys = await self._store.read_object_keys(
            sorted({one.event for one in unknown}), since=min(one.at for one in unknown)
        )
        gone = {one.key for one in unknown if one.event not in keys}
        if gone:
            logger.error("lane %d: %d waiting events are not in the log any more", self._lane.id, len(gone))
            self._ledger.forget(gone)
        for one in unknown:
            if one.event in keys:
                self._chains[one.key] = chain = (keys[one.event], one.receiver)
                if not self._lane.may_retry:
                    self._stuck.add(chain)

    async def _read_ready(self, ready: list[Waiting]) -> tuple[list[Event], bool]:
        if not ready:
            return [], True
        ids = sorted({one.event for one in ready})
        found = await self._store.read_these(ids[:PIECE], since=min(one.at for one in ready))
        return found, len(found) == len(ids)

    async def _read_new(self) -> list[Event]:
        if self._is_held:
            return []
        return await self._store.read_on(
            sublane=self._lane.sublane, after=self._ledger.seen, after_at=self._ledger.seen_at
        )

    def _plan_old(self, events: Iterable[Event], *, now: datetime) -> list[Planned]:
        planned: list[Planned] = []
        waiting = self._ledger.waiting
        read: set[int] = set()
        for event in events:
            read.add(event.id)
            planned += [one for one in self._plan(event, now=now, is_begun=True) if one.key in waiting]
        found = {one.key for one in planned}
        gone = [key for key in waiting if key[0] in read and key not in found]
        self._ledger.forget(gone)  # allowed when it happened, not any more
        return planned

    def _plan_new(self, events: Iterable[Event], *, now: datetime) -> list[Planned]:
        """As many as fit into what it may hold: of a platform with many parties each event may be hundreds."""
        planned: list[Planned] = []
        looked_at: list[Event] = []
        room = MAX_WAITING - len(self._ledger.waiting)
        for event in events:
            if len(planned) >= room:
                break
            looked_at.append(event)
            for one in self._plan(event, now=now):
                self._chains[one.key] = one.chain
                planned.append(one)
        self._ledger.begin(planned, events=looked_at)
        return planned

    def _plan(self, event: Event, *, now: datetime, is_begun: bool = False) -> tuple[Planned, ...]:
        return plan_event(event, platform=self._lane.platform, roster=self._watch.roster, now=now, is_begun=is_begun)

    async def _send(self, planned: list[Planned]) -> None:
        chains: dict[Chain, list[Planned]] = {}
        for one in planned:
            chains.setdefault(one.chain, []).append(one)
        peer = self._watch.facts.peers.get(self._lane.platform)
        # The sub-lanes of a platform share what this process may have open there (decision 5).
        self._pace.most = self._client.limits.get_part(peer.max_in_flight) if peer else 1
        results = await asyncio.gather(
            *(self._send_chain(chain, links) for chain, links in chains.items()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_chain(self, chain: Chain, planned: list[Planned]) -> None:
        for one in planned:
            if not self._pace.take_at_once():
                await self._pace.wait()
            try:
                if self._must_stop:
                    return
                if one.key in self._ledger.waiting and not await self._deliverer.deliver(one):
                    self._stuck.add(chain)
                    return
            finally:
                self._pace.give_back()

    # The end of it

    @property
    def _is_held(self) -> bool:
        return self._deliverer.held is Held.UNREACHED or len(self._ledger.waiting) >= MAX_WAITING

    def _get_release(self) -> Release | None:
        """None: something is to be tried again later."""
        held = self._deliverer.held
        if held is Held.AWAY and not self._lane.is_there:  # its coming back makes it due, and not the clock
            is_full = len(self._ledger.waiting) >= MAX_WAITING
            return Release(error=self._deliverer.error, is_held=is_full)
        if held is not None and self._lane.may_retry:
            return None
        return None if self._stuck and not self._lane.may_retry else Release()

    async def _give_back(self) -> None:
        how = {"lane": self._lane.id, "fence": self._lane.fence}
        if self._deliverer.held is not None and self._lane.may_retry:
            now = self._clock()
            failures = 1 if self._deliverer.has_recovered else self._lane.failures + 1
            await self._store.give_back(
                lanes.park,
                **how,
                failures=failures,
                retry_at=now + get_pause(failures),
                error=self._deliverer.error,
                held=self._is_held,
                now=now,
            )
        else:
            await self._store.give_back(lanes.give_back, **how, held=self._is_held)


def get_pause(failures: int, *, jitter: Callable[[], float] = random.random) -> timedelta:
    """1 s, doubling to 5 min; a fifth of it by chance, so that lanes do not all come at once."""
    seconds = min(LAST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 20))
    return timedelta(seconds=seconds * (0.8 + 0.2 * jitter()))
