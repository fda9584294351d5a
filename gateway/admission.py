"""How much one web process takes on at a time (decision 5): what is too much is refused at once, before any work."""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from agreements.network import Facts
from journal.writer import Writer
from ocpi.errors import Overloaded, TooManyCalls
from parties.hot_settings import hot
from parties.limits import Limits
from parties.limits.rate import Buckets
from telemetry import count

logger = logging.getLogger(__name__)

SAY_AGAIN = 10.0  # seconds between two log lines about the same platform
MOST_HANDSHAKES = 2  # of one platform: each holds one of a few threads for as long as its server likes


class Admission:
    """`enter` for every call; `Slot.charge` once it is known whose it is."""

    def __init__(self, *, writer: Writer, limits: Limits) -> None:
        self._writer = writer
        self._limits = limits
        self._platforms = Buckets()
        self._strangers = Buckets()
        self._open: Counter[int] = Counter()  # by platform
        self._lists: Counter[int] = Counter()
        self._handshakes: Counter[int] = Counter()
        self._said: dict[int, float] = {}
        self.calls = 0

    def enter(self) -> Slot:
        """
        Raises:
            Overloaded: this process has enough to do, or the database does not take what it has already.
        """
        if self.calls >= hot.HUB_MAX_CALLS:
            raise Overloaded("the hub has too many calls open: try again")
        if self._writer.stalled_for > hot.HUB_STALL:
            raise Overloaded("the hub cannot store anything right now: try again")
        return Slot(self)

    def demand_stranger(self, address: str) -> None:
        """Before anything is looked up for a caller the facts do not know.

        Raises:
            TooManyCalls
        """
        webs = self._limits.count_processes("web")
        rate, burst = hot.HUB_RATE_STRANGERS / webs, hot.HUB_RATE_STRANGERS_BURST / webs
        wait = self._strangers.take(_get_network(address), rate=rate, burst=burst)
        if wait:
            raise TooManyCalls("too many calls without a token that the hub knows", seconds=math.ceil(wait))

    @contextmanager
    def handshake(self, platform: int) -> Iterator[None]:
        """
        Raises:
            TooManyCalls: this platform has begun others, and not answered the hub yet.
        """
        if self._handshakes[platform] >= MOST_HANDSHAKES:
            raise TooManyCalls("other handshakes of yours are under way", seconds=1)
        self._handshakes[platform] += 1
        try:
            yield
        finally:
            _take_off(self._handshakes, platform)

    def _charge(self, platform: int, facts: Facts) -> None:
        if self._open.get(platform, 0) >= max(1, hot.HUB_MAX_CALLS // 2):
            self._say(platform, "has too many calls open")
            raise TooManyCalls("too many of your calls are open at the same time", seconds=1)
        webs = self._limits.count_processes("web")
        rate = facts.rates.get(platform, hot.HUB_RATE_PER_PLATFORM)
        burst = hot.HUB_RATE_BURST * rate / (hot.HUB_RATE_PER_PLATFORM or rate or 1)
        wait = self._platforms.take(platform, rate=rate / webs, burst=burst / webs)
        if wait:
            self._say(platform, f"calls more than {rate} times a second")
            raise TooManyCalls(f"more than {rate} calls a second", seconds=math.ceil(wait))

    def _say(self, platform: int, what: str) -> None:
        now = time.monotonic()
        if now - self._said.get(platform, float("-inf")) >= SAY_AGAIN:
            self._said[platform] = now
            logger.warning("platform %d %s: answered 429", platform, what)


class Slot:
    """The room of one call, from its first byte until its answer was taken. `with slot:`"""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._platform: int | None = None
        self._is_list = False

    def charge(self, platform: int, facts: Facts, *, is_list: bool) -> None:
        """
        Raises:
            TooManyCalls: this platform alone asks too much.
            Overloaded: it is a list, and enough of them are on their way.
        """
        admission = self._admission
        admission._charge(platform, facts)
        if is_list:
            most = hot.HUB_MAX_LISTS
            if admission._lists[platform] >= max(1, most // 2):
                raise TooManyCalls("too many of your lists are open at the same time", seconds=1)
            if admission._lists.total() >= most:
                raise Overloaded("the hub is busy with other lists: try again")
            admission._lists[platform] += 1
            self._is_list = True
        admission._open[platform] += 1
        self._platform = platform

    def __enter__(self) -> Slot:
        self._admission.calls += 1
        count.note_open(self._admission.calls)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.calls -= 1
        count.note_open(self._admission.calls)
        if self._platform is not None:
            _take_off(self._admission._open, self._platform)
            if self._is_list:
                _take_off(self._admission._lists, self._platform)


def _take_off(counter: Counter[int], platform: int) -> None:
    counter[platform] -= 1
    if not counter[platform]:
        del counter[platform]


def _get_network(address: str) -> str:
    """One IPv6 caller has a /64 to call from; all of IPv4, as a socket for both writes it, lies in one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
