"""A peer hub's HubClientInfo list, read to its end: who is behind it, and who is not any more (HCI-14 to HCI-16).

Between two platforms, so without routing headers (ROUTE-01). It is short, so one that broke off begins anew.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from msgspec.structs import replace

from agreements.network import load_facts
from forwarding import pull_claim, pull_gone
from forwarding.pull_claim import LeaseLost
from forwarding.pull_log import with_answer
from forwarding.pull_pieces import commit
from forwarding.pull_plan import Crawl, Page, read_page, write_first_url
from journal.committer import Committer
from journal.models import PullRequest
from journal.rows import Job, NewLogRow, Outcome
from journal.storable import mend_text
from ocpi.calls import Interface, PartyId
from ocpi.configuration.v2_2_1 import ClientInfo
from ocpi.errors import InvalidParameter, OcpiError
from ocpi.wire import decode
from parties import announced
from parties.announced import CLIENT_INFO, Named
from parties.client import Peer, PeerError, SyncClient, write_headers

logger = logging.getLogger(__name__)

SHOWN_ERRORS = 5


def read_hub_list(
    request: PullRequest,
    *,
    committer: Committer,
    client: SyncClient,
    clock: Callable[[], datetime],
    max_pages: int,
) -> None:
    """
    Raises:
        LeaseLost: it is no hub any more, or not connected.
        CrawlBroken, PeerError, StoreFailed: later again.
    """
    facts = load_facts()
    platform, peer = facts.network.platforms.get(request.platform), facts.peers.get(request.platform)
    endpoint = platform.get_endpoint(CLIENT_INFO, Interface.SENDER) if platform and platform.hub else None
    if peer is None or endpoint is None:
        raise LeaseLost(str(request))
    crawl = Crawl(endpoint=endpoint, max_pages=max_pages)
    HubReading(request=request, crawl=crawl, peer=peer, committer=committer, client=client, clock=clock).run()


@dataclass(slots=True, kw_only=True)
class HubReading:
    request: PullRequest
    crawl: Crawl
    peer: Peer
    committer: Committer
    client: SyncClient
    clock: Callable[[], datetime]
    listed: set[Named] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def run(self) -> None:
        begun_at = self.clock()
        self._read()
        if self._tells_who_is_gone:
            missing = announced.find_missing(self.peer.id, self.listed, begun_at=begun_at)
            gone = pull_gone.confirm(missing, self._read_again)
            self.request.removed = announced.suspend(self.peer.id, gone.values(), begun_at=begun_at, now=self.clock())
        pull_claim.finish(self.request, now=self.clock())

    def _read(self) -> None:
        url: str | None = write_first_url(self.crawl.endpoint, date_from=None)
        while url is not None:
            page = self._fetch(url)
            for document in page.objects:
                self._take(document)
            url = self._go_on(url, page)

    def _read_again(self) -> set[Named] | None:
        self.crawl, self.errors = Crawl(endpoint=self.crawl.endpoint, max_pages=self.crawl.max_pages), []
        self.request.unchanged = self.request.foreign = 0
        self._read()
        return self.listed if self._tells_who_is_gone else None

    @property
    def _tells_who_is_gone(self) -> bool:
        """A whole list, of which each entry can be read: else it may be about anybody."""
        return self.crawl.is_whole and not self.request.nameless

    def _go_on(self, url: str, page: Page) -> str | None:
        following = self.crawl.follow(url, page)
        request, crawl = self.request, self.crawl
        request.pages, request.objects_read, request.total = crawl.pages, crawl.objects, crawl.total
        request.last_error = mend_text("\n".join(self.errors[:SHOWN_ERRORS]))
        pull_claim.save_progress(request, now=self.clock())
        return following

    def _take(self, document: bytes) -> None:
        """The good ones, whatever the others are like (TRANS-25)."""
        try:
            info = decode(document, type=ClientInfo)
        except OcpiError as error:
            self.request.invalid += 1
            self.request.nameless += 1
            self.errors.append(error.message)
            return
        party = PartyId(info.country_code, info.party_id)
        self.listed.add((party.key, str(info.role)))
        try:
            outcome = announced.accept(self.peer.id, info, now=self.clock())
        except InvalidParameter as error:
            self.request.foreign += 1
            logger.info("platform %d announces %s", self.peer.id, error.message)
            return
        if outcome is Outcome.KEPT:
            self.request.unchanged += 1
        else:
            self.request.stored += 1

    def _fetch(self, url: str) -> Page:
        request_id, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())
        row = NewLogRow(
            at=self.clock(),
            leg="out",
            platform=self.peer.id,
            module=CLIENT_INFO,
            interface=Interface.SENDER,
            method="GET",
            sender="",
            receiver="",
            request_id=request_id,
            correlation_id=correlation_id,
            decision="pull",
        )
        headers = write_headers(self.peer, request_id=request_id, correlation_id=correlation_id)
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
        commit(self.committer, [Job(log=lambda _: (row,))])
