"""Where partners' hosts are: asked of the machine's resolver, and kept for a while.

A server of names that does not answer holds a thread for many seconds. So the threads are the client's own, each host
takes one at most for each who asks, each of these has a few, and what is known is used while it is asked for again.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

from parties.client.resolver import AddressInfo, Resolver

THREADS = 32
FRESH_SECONDS = 30.0  # how long an answer is used
STALE_SECONDS = 300.0  # and how long after that, as long as there is no newer one
MAX_KEPT = 10_000  # names come from partners

_Place = tuple[str, int]


class Names:
    """One per event loop."""

    def __init__(self) -> None:
        self._resolver = Resolver(THREADS, name="names")
        self._known: dict[_Place, tuple[float, list[AddressInfo]]] = {}
        self._asked: dict[tuple[_Place, int], asyncio.Future[list[AddressInfo]]] = {}

    async def look_up(self, host: str, port: int, *, asker: int) -> list[AddressInfo]:
        """For the platform `asker`, which waits behind no other. The egress guard looks at each address when it is
        used, however old the answer.

        Raises:
            OSError, UnicodeError: no such host, or nobody who knows.
        """
        place, now = (host, port), time.monotonic()
        until, found = self._known.get(place, (0.0, []))
        if found and now < until:
            return found
        asked = self._asked.get((place, asker)) or self._ask(place, asker=asker)
        if found and now < until + STALE_SECONDS:
            return found
        await asyncio.wait([asked])  # awaited by itself it would end for all with the first who gives up
        return asked.result()

    def close(self) -> None:
        for asked in self._asked.values():
            asked.cancel()  # its answer may come after the loop has ended
        self._resolver.close()

    def _ask(self, place: _Place, *, asker: int) -> asyncio.Future[list[AddressInfo]]:
        asked = asyncio.wrap_future(self._resolver.ask(*place, asker=asker))
        self._asked[place, asker] = asked
        asked.add_done_callback(partial(self._note, place, asker))
        return asked

    def _note(self, place: _Place, asker: int, asked: asyncio.Future[list[AddressInfo]]) -> None:
        del self._asked[place, asker]
        if asked.cancelled() or asked.exception() is not None:
            return
        if len(self._known) >= MAX_KEPT:
            self._known.clear()
        self._known[place] = (time.monotonic() + FRESH_SECONDS, asked.result())
