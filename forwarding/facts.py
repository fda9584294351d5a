"""The routing facts while a drain runs: looked at four times a second, and trusted for one (decision 8)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import psycopg2
from django.db.utils import Error

from agreements.network import Facts
from forwarding.plan import Roster
from forwarding.store import Store

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
TRUSTED_SECONDS = 1.0


@dataclass(slots=True)
class Known:
    """The facts of the drain before, in this process: mostly they are still those, and need not be read again."""

    facts: Facts | None = None


class FactsWatch:
    """A revoked agreement stops what still waits within a second."""

    facts: Facts
    roster: Roster

    def __init__(self, store: Store, *, known: Known | None = None) -> None:
        self._store = store
        self._known = known or Known()
        self._confirmed = float("-inf")
        self._look = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> FactsWatch:
        await self._begin(asyncio.get_running_loop().time())
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def is_fresh(self) -> bool:
        return asyncio.get_running_loop().time() - self._confirmed <= TRUSTED_SECONDS

    async def confirm(self) -> None:
        """Look now: what was committed before this call is known after it, so that no event that was read is sent to
        somebody who had left before it happened (CRED-15). Lanes that ask at the same time share one look."""
        asked = asyncio.get_running_loop().time()
        async with self._look:
            if self._confirmed < asked:
                await self._check()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            async with self._look:
                await self._check()

    async def _check(self) -> None:
        asked = asyncio.get_running_loop().time()
        try:
            if await self._store.get_facts_version() != self.facts.version:
                await self._load(asked)
            self._confirmed = asked
        except (Error, psycopg2.Error) as error:  # also that the connection is closed, which is no DatabaseError
            logger.warning("routing facts: %s", str(error).strip().split("\n")[0])

    async def _begin(self, asked: float) -> None:
        known = self._known.facts
        if known is not None and known.version == await self._store.get_facts_version():
            self._take(known, asked)
        else:
            await self._load(asked)

    async def _load(self, asked: float) -> None:
        self._known.facts = facts = await self._store.load_facts()
        self._take(facts, asked)

    def _take(self, facts: Facts, asked: float) -> None:
        self.facts, self.roster = facts, Roster(facts.network)
        self._confirmed = asked
