"""What the hub asks when it reads a partner's list, and where it goes on. Pure: no clock, no database, no HTTP."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from ocpi import envelope
from ocpi.links import find_next, is_same_origin
from ocpi.raw import is_crowded
from ocpi.times import SENTINEL, format_datetime

PAGE_LIMIT = 1000  # objects asked for per page; the partner may give fewer
SMALL_LIMIT = 250
MAX_PAGES = 10_000
MAX_EMPTY = 3  # pages without an object, one after the other, that still name a next one
MAX_REREADS = 50
JITTER = 0.1  # of the interval, either way (TRANS-26)
GOES_ON_FOR = timedelta(days=1)  # an older reading that broke off begins anew
TURN = timedelta(minutes=15)  # of a list that others wait for
TURN_SHARE = 4  # or, if that is longer, this part of the time since it was asked for

_OFFSET = re.compile(r"([?&]offset=)(\d{1,18})(?=&|$)")
_objects = msgspec.json.Decoder(list[msgspec.Raw])


class _Named(msgspec.Struct):
    country_code: msgspec.Raw = msgspec.Raw()
    party_id: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()
    uid: msgspec.Raw = msgspec.Raw()


_named = msgspec.json.Decoder(_Named)


class CrawlBroken(Exception):
    """This list cannot be read on. What was read is kept; it is not the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    objects: tuple[bytes, ...]
    next_url: str | None
    total: int | None  # X-Total-Count

    @property
    def digest(self) -> str:
        """Of the objects it names, in their order, whatever else it says of them."""
        names = hashlib.sha256()
        for raw in self.objects:
            names.update(_get_name(raw) + b"\n")
        return names.hexdigest()


def _get_name(raw: bytes) -> bytes:
    try:
        named = _named.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return raw
    return b" ".join(bytes(part) for part in (named.country_code, named.party_id, named.id, named.uid))


def can_go_on(*, page_url: str, started_at: datetime | None, now: datetime) -> bool:
    """Whether a reading that broke off may go on in the middle."""
    return bool(page_url) and started_at is not None and now - started_at <= GOES_ON_FOR


def is_turn_over(*, began_at: datetime, requested_at: datetime, now: datetime) -> bool:
    """Whoever answers slowly, or without an end, has its part of the time and no more. Turns grow, so that a list that
    has to be begun anew after each comes to its end."""
    return now - began_at > max(TURN, (began_at - requested_at) / TURN_SHARE)


def get_date_from(
    *,
    is_full: bool,
    needs_date: bool,
    since: datetime | None,
    pulled_at: datetime | None,
    newest: datetime | None,
    overlap: timedelta,
    now: datetime,
) -> datetime | None:
    """From when changes are asked for; None: the list unfiltered.

    Earlier than the last pull by `overlap`, as objects may come late with an older `last_updated` (ROUTE-47, AMB-33).
    `since` reaches back to the begin of an outage. A list that must be filtered is asked from the epoch (SESS-02).
    """
    known = pulled_at or newest
    if is_full or known is None:
        return SENTINEL if needs_date else None
    return min(moment for moment in (known, since, now) if moment is not None) - overlap


def get_limit(attempts: int) -> int:
    """Of objects a page. Large ones cost least; a list that broke off may have had too large or too slow ones."""
    return PAGE_LIMIT if attempts <= 1 else SMALL_LIMIT


def write_first_url(endpoint: str, *, date_from: datetime | None, limit: int = PAGE_LIMIT) -> str:
    """Never with `date_to`: partners disagree whether it is inclusive, and lists shrink under it (TRANS-26)."""
    query = ({"date_from": format_datetime(date_from)} if date_from else {}) | {"limit": str(limit)}
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def is_due(*, last: datetime | None, hours: int, name: str, now: datetime) -> bool:
    """Is a scheduled pull due? The interval varies by a tenth, differently each time, so that not all ask at once."""
    if last is None:
        return True
    share = zlib.crc32(f"{name}:{last.isoformat()}".encode()) / 2**32  # 0 to 1
    return now >= last + timedelta(hours=hours) * (1 - JITTER + 2 * JITTER * share)


def read_page(*, http_status: int, headers: Mapping[str, str], body: bytes, url: str) -> Page:
    """
    Raises:
        CrawlBroken: it is no success on both layers (AMB-03), `data` is no list, or the next page's URL is none. Of a
            failure `data` is not looked at: anything may stand there (TRANS-50).
    """
    if is_crowded(body):
        raise CrawlBroken("so many values that they can be no objects of OCPI")
    found = envelope.read(body)
    if not 200 <= http_status < 300:
        raise CrawlBroken(f"HTTP {http_status}" + (f", status code {found.status_code}" if found else ""))
    if found is None:
        raise CrawlBroken("the answer is no OCPI envelope")
    if not 1000 <= found.status_code < 2000:
        raise CrawlBroken(f"status code {found.status_code}: {(found.status_message or '')[:200]}")
    return Page(
        objects=_split(envelope.get_data(found)),
        next_url=find_next(headers.get("Link"), base=url),
        total=_read_total(headers.get("X-Total-Count")),
    )


def _split(data: bytes | None) -> tuple[bytes, ...]:
    """The objects as they were told, byte for byte; a single one that is no list is a list of one."""
    if data is None:
        return ()
    if data.startswith(b"{"):
        return (data,)
    try:
        return tuple(bytes(raw) for raw in _objects.decode(data))
    except (msgspec.DecodeError, RecursionError) as e:
        raise CrawlBroken("data is not a list") from e


def _read_total(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 18 else None


@dataclass(slots=True, kw_only=True)
class Crawl:
    """The way through one list: follows Link verbatim (TRANS-25), never to another host and never for ever."""

    endpoint: str
    max_pages: int = MAX_PAGES
    pages: int = 0
    objects: int = 0
    total: int | None = None
    _empty: int = 0
    _rereads: int = 0
    _visited: set[str] = field(default_factory=set)

    def follow(self, url: str, page: Page) -> str | None:
        """The next URL after this page was read at `url`; None at the end.

        Raises:
            CrawlBroken: the next page may not be asked for.
        """
        self.pages += 1
        self.objects += len(page.objects)
        self._visited.add(url)
        self._empty = 0 if page.objects else self._empty + 1
        target = self._read_again(url, page) or page.next_url
        self.total = page.total if page.total is not None else self.total
        if target is not None:
            self._check(target)
        return target

    def go_on(self, url: str, page: Page) -> str | None:
        """The next URL behind the page at which an earlier reading broke off: it is counted already.

        Raises:
            CrawlBroken: the next page may not be asked for.
        """
        self._visited.add(url)
        self.total = page.total if page.total is not None else self.total
        if page.next_url is not None:
            self._check(page.next_url)
        return page.next_url

    @property
    def is_whole(self) -> bool:
        """As many objects came as the partner says there are, as far as it says so."""
        return self.total is None or self.objects >= self.total

    def _read_again(self, url: str, page: Page) -> str | None:
        """The list became shorter meanwhile: what slid onto the page before is in reach so much lower (TRANS-26)."""
        offset = _OFFSET.search(url)
        if page.total is None or self.total is None or page.total >= self.total or offset is None:
            return None
        if int(offset[2]) == 0 or self._rereads >= MAX_REREADS:
            return None
        self._rereads += 1
        self._visited.clear()
        lower = max(0, int(offset[2]) - (self.total - page.total))
        self.objects = min(self.objects, lower)  # those behind it come again, and count once
        return _OFFSET.sub(lambda match: f"{match[1]}{lower}", url, count=1)

    def _check(self, target: str) -> None:
        if not is_same_origin(target, self.endpoint):
            raise CrawlBroken("the next page is on another host than the endpoint")  # it must not see the token
        if target in self._visited:
            raise CrawlBroken("the next page is one that was read before")
        if self._empty >= MAX_EMPTY:
            raise CrawlBroken(f"{MAX_EMPTY} empty pages, and still a next one")
        if self.pages >= self.max_pages:
            raise CrawlBroken(f"more than {self.max_pages} pages")
