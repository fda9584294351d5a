"""What one web process works with: facts, writer, reader, client, the lanes' wake-up. Started and stopped in order."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import connections

from alerts.watchman import Watchman
from forwarding.wake import Waker
from gateway.admission import Admission
from gateway.facts import FactsKeeper
from gateway.heartbeats import Heartbeats
from gateway.hops import Hops
from gateway.quirk_writer import QuirkWriter
from journal.reader import Reader
from journal.writer import Writer
from parties.client import AsyncClient
from parties.limits import get_limits, stop_limits
from parties.quirk_notes import QuirkNotes
from telemetry import tally

logger = logging.getLogger(__name__)

T = TypeVar("T")

CONFIGURATION_THREADS = 8  # handshakes at the same time
LIST_THREADS = 3  # lists being read: of their own, so that no list keeps a push waiting


class Hub:
    def __init__(self) -> None:
        self.waker = Waker()
        self.writer = Writer(on_events=lambda _: self.waker.wake())
        self.reader = Reader()
        self.list_reader = Reader(threads=LIST_THREADS, max_waiting=settings.HUB_MAX_LISTS)
        self.facts = FactsKeeper()
        self.heartbeats = Heartbeats()
        self.oddities = QuirkNotes()
        self._odd_writer = QuirkWriter(self.oddities)
        self.limits = get_limits("web")
        self.admission = Admission(writer=self.writer, limits=self.limits)
        self.client = AsyncClient(limits=self.limits)
        self.hops = Hops()
        self.watchman = Watchman()
        self.threads = ThreadPoolExecutor(CONFIGURATION_THREADS, thread_name_prefix="handshake")

    async def start(self) -> None:
        tally.start()
        self.writer.start()
        self.facts.start()
        self.waker.start()
        self.heartbeats.start()
        self._odd_writer.start()
        self.watchman.start()
        await self.client.__aenter__()
        await self.facts.wait_until_known()

    async def stop(self) -> None:
        await self.client.__aexit__(None, None, None)
        await self.hops.close()
        for part in (
            self.watchman,
            self.writer,
            self.waker,
            self.heartbeats,
            self._odd_writer,
            self.facts,
            self.reader,
            self.list_reader,
        ):
            await asyncio.to_thread(part.stop)
        await asyncio.to_thread(stop_limits)
        await asyncio.to_thread(self.threads.shutdown, wait=True, cancel_futures=True)
        await asyncio.to_thread(tally.stop)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run what blocks (handshakes, the ORM) off the event loop; its database connection ends with it."""

        def run() -> T:
            try:
                return work()
            finally:
                connections.close_all()

        in_context = contextvars.copy_context().run  # log lines of the thread are lines of its call
        return await asyncio.get_running_loop().run_in_executor(self.threads, in_context, run)


def get_endpoint_url(module: str, interface: str) -> str:
    """Where the hub itself offers a module; never made from a Host header (decision 7)."""
    return f"{settings.HUB_PUBLIC_URL}/ocpi/2.2.1/{interface.lower()}/{module}"
