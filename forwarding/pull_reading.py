"""One list of one party, read to its end, page by page, as its PullRequest asks.

No HTTP inside a transaction: each page is fetched, stored, and only then counted as read. Meanwhile the next one is
fetched, and judged while the last objects of this one are written.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from msgspec.structs import replace

from forwarding import pull_claim, pull_gone
from forwarding.pull_log import with_answer
from forwarding.pull_pieces import Pieces, commit
from forwarding.pull_plan import (
    Crawl,
    CrawlBroken,
    Page,
    get_date_from,
    get_limit,
    is_turn_over,
    read_page,
    write_first_url,
)
from forwarding.pull_store import Intake, Tally
from journal.committer import Committer
from journal.models import PullRequest
from journal.rows import Job, NewLogRow
from journal.storable import mend_text
from ocpi.calls import Interface, PartyId
from ocpi.times import SENTINEL
from parties.client import Peer, PeerError, SyncClient, write_headers

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

SHOWN_ERRORS = 5


class TurnOver(Exception):
    """Others wait. What was read is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A page of which the last objects may be under way still. `crawl`: as it stood behind it."""

    url: str
    page: Page
    crawl: Crawl
    tally: Tally


@dataclass(slots=True, kw_only=True)
class Reading:
    request: PullRequest
    intake: Intake
    writers: tuple[Committer, Committer]
    log: Committer  # a connection of its own: a page is fetched while another is stored
    crawl: Crawl
    peer: Peer
    hub: PartyId
    client: SyncClient
    clock: Clock
    goes_on: bool = False
    began_at: datetime = SENTINEL
    errors: list[str] = field(default_factory=list)

    def read_to_the_end(self) -> None:
        """
        Raises:
            TurnOver, LeaseLost, CrawlBroken, PeerError, StoreFailed
        """
        request, self.began_at = self.request, self.clock()
        url = self._go_on_where_it_broke_off() if request.page_url else self._get_first_url()
        if url is not None:
            self._read_on(url)
        if self._tells_what_is_gone():
            request.removed = self._settle()
        pull_claim.finish(request, now=self.clock())

    def _settle(self) -> int:
        seen = pull_claim.get_seen(self.request)
        missing = pull_gone.find_missing(self.intake, seen=seen, begun_at=self._begun_at)
        gone = pull_gone.confirm(missing, self._read_again)
        return pull_gone.settle(self.intake, gone, seen=seen, begun_at=self._begun_at, now=self.clock())

    def _read_again(self) -> set[str] | None:
        self._begin_list()
        self.request.unchanged = self.request.foreign = self.request.invalid = 0
        self._read_on(self._get_first_url())
        return pull_claim.get_seen(self.request) if self._tells_what_is_gone() else None

    @property
    def _begun_at(self) -> datetime:
        assert self.request.started_at is not None
        return self.request.started_at

    def _read_on(self, url: str) -> None:
        """While a page is stored, the next one is fetched; one that has come is judged without waiting for the last
        objects of this one."""
        reads: deque[Read] = deque()
        with ThreadPoolExecutor(1, "pull ahead") as ahead, Pieces(*self.writers) as pieces:
            page = self._fetch(url)
            while True:
                following, broken = self._follow(url, page)
                may_ask = following is not None and pull_claim.is_ours(self.request)
                coming = ahead.submit(self._fetch, following) if following is not None and may_ask else None
                tally = self.intake.store(page.objects, pieces=pieces, now=self.clock())
                reads.append(Read(url=url, page=page, crawl=copy(self.crawl), tally=tally))
                while len(reads) > (1 if _has_come(coming) else 0):
                    pieces.finish(reads[0].tally)
                    self._step(reads.popleft())
                if broken is not None:
                    raise broken
                if following is None:
                    return
                # Not asked for yet: it was not ours then, and is again.
                url, page = following, coming.result() if coming is not None else self._fetch(following)

    def _follow(self, url: str, page: Page) -> tuple[str | None, CrawlBroken | None]:
        """What the next page may not be asked for is told when this one is stored."""
        try:
            return self.crawl.follow(url, page), None
        except CrawlBroken as error:
            return None, error

    def _get_first_url(self) -> str:
        limit = get_limit(self.request.attempts)
        return write_first_url(self.crawl.endpoint, date_from=self.request.date_from, limit=limit)

    def _go_on_where_it_broke_off(self) -> str | None:
        """Behind the page that was read last, if it names the same objects still: then nothing slid past meanwhile.

        A list that moved, or a cursor that is not valid any more, is read from its beginning.
        """
        request = self.request
        try:
            page = self._fetch(request.page_url)
        except CrawlBroken as error:
            logger.info("%s begins anew: %s", request, error)
        else:
            if page.digest == request.page_digest:
                self.goes_on = True
                return self.crawl.go_on(request.page_url, page)
        pull_claim.begin_anew(request, now=self.clock())
        set_date_from(request, self.intake, now=self.clock())
        self._begin_list()
        return self._get_first_url()

    def _begin_list(self) -> None:
        self.crawl = Crawl(endpoint=self.crawl.endpoint, max_pages=self.crawl.max_pages)
        self.errors = []

    def _step(self, read: Read) -> None:
        """What was stored stays counted, whatever the next page is like."""
        tally = read.tally
        self._count(tally, crawl=read.crawl)
        self.request.page_url, self.request.page_digest = read.url, read.page.digest
        if self.goes_on:
            self.request.attempts = 1  # it comes further each time: no reason to give it up
        at = self.clock()
        pull_claim.save_progress(self.request, now=at, seen=tally.keys if self._is_whole_asked else ())
        is_over = is_turn_over(began_at=self.began_at, requested_at=self.request.requested_at, now=at)
        if is_over and pull_claim.do_others_wait(now=at):
            raise TurnOver

    def _tells_what_is_gone(self) -> bool:
        """Only a whole list of which every object said which it is. Else it is left as it was, and the row says so."""
        request = self.request
        if not self._is_whole_asked:
            return False
        if not request.nameless and self.crawl.is_whole:
            return True
        why = "an object had no id" if request.nameless else f"{self.crawl.objects} of {self.crawl.total} objects came"
        self.errors.insert(0, f"nothing was removed: {why}")
        request.last_error = self._write_errors()
        return False

    @property
    def _is_whole_asked(self) -> bool:
        return self.request.is_full and self.request.date_from is None

    def _fetch(self, url: str) -> Page:
        """TO is the party, FROM the hub (ROUTE-48); each page in the call log."""
        request_id, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())
        headers = write_headers(
            self.peer,
            request_id=request_id,
            correlation_id=correlation_id,
            sender=self.hub,
            receiver=self.intake.party,
        )
        row = NewLogRow(
            at=self.clock(),
            leg="out",
            platform=self.peer.id,
            module=self.request.module,
            interface=Interface.SENDER,
            method="GET",
            sender=self.hub.key,
            receiver=self.request.party,
            request_id=request_id,
            correlation_id=correlation_id,
            decision="pull",
        )
        try:
            answer = self.client.request(
                self.peer, method="GET", url=url, headers=headers, timeout=settings.HUB_PULL_TIMEOUT
            )
        except PeerError as error:
            self._log(replace(row, message=str(error)))
            raise
        self._log(with_answer(row, answer))
        return read_page(http_status=answer.http_status, headers=answer.headers, body=answer.body, url=url)

    def _log(self, row: NewLogRow) -> None:
        commit(self.log, [Job(log=lambda _: (row,))])

    def _count(self, tally: Tally, *, crawl: Crawl) -> None:
        request = self.request
        self.errors = (self.errors + tally.errors)[:SHOWN_ERRORS]
        request.pages, request.objects_read, request.total = crawl.pages, crawl.objects, crawl.total
        request.stored += tally.stored
        request.unchanged += tally.unchanged
        request.foreign += tally.foreign
        request.invalid += tally.invalid
        request.nameless += tally.nameless
        request.last_error = self._write_errors()

    def _write_errors(self) -> str:
        return mend_text("\n".join(self.errors))


def _has_come(coming: Future[Page] | None) -> bool:
    return coming is not None and coming.done() and coming.exception() is None


def set_date_from(request: PullRequest, intake: Intake, *, now: datetime) -> None:
    own = intake.module.model._default_manager.filter(owner=request.party, audience="")
    request.date_from = get_date_from(
        is_full=request.is_full,
        needs_date=intake.module.list_needs_date,
        since=request.since,
        pulled_at=pull_claim.get_pulled_at(request),
        newest=own.aggregate(newest=Max("last_updated"))["newest"],
        overlap=timedelta(seconds=settings.HUB_PULL_OVERLAP),
        now=now,
    )
