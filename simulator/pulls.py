"""Pulling lists from the peer: page after page by its Link, until there is none."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from yarl import URL

from simulator.client import Client, demand
from simulator.errors import PeerError
from simulator.server import keep_client_info
from simulator.state import State
from simulator.store import Document, build_key

_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


@dataclass(slots=True)
class Pull:
    """What one crawl brought."""

    pages: int = 0
    count: int = 0
    announced: int = -1  # X-Total-Count of the first page
    by_owner: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    def add(self, module: str, documents: list[Document]) -> None:
        self.pages += 1
        self.count += len(documents)
        for document in documents:
            owner = f"{document['country_code']}*{document['party_id']}".upper()
            self.by_owner[owner] = self.by_owner.get(owner, 0) + 1
            self.keys.append(build_key(module, document))


async def pull_all(
    state: State, client: Client, *, module: str, party: str, to: str, query: dict[str, str] | None = None
) -> Pull:
    """Crawl a list and keep what came beside what was pushed.

    Raises:
        PeerError: a page was refused; what came before it is kept.
    """
    pull, objects = Pull(), state.received_by(party, module)
    async for page, total in _crawl(state, client, module=module, party=party, to=to, query=query or {}):
        pull.add(module, page)
        pull.announced = total if pull.announced < 0 else pull.announced
        for document in page:
            objects.put(document, pulled=True)
    state.pulled[f"{party}.{module}"] = pull.count
    return pull


async def pull_client_info(state: State, client: Client) -> int:
    """HubClientInfo's list; without routing headers (ROUTE-01)."""
    count = 0
    async for page, _ in _crawl(state, client, module="hubclientinfo", party=None, to=None, query={}):
        count += len(page)
        for info in page:
            keep_client_info(state, info)
    return count


async def _crawl(
    state: State, client: Client, *, module: str, party: str | None, to: str | None, query: dict[str, str]
) -> AsyncIterator[tuple[list[Any], int]]:
    endpoint = state.connection.endpoints.get((module, "SENDER"))
    if endpoint is None:
        raise PeerError(f"the peer offers no {module} SENDER")
    url: str | None = f"{endpoint}?{urlencode(query)}" if query else endpoint
    while url is not None:
        reply = await client.call("GET", url, module=module, sender=party, receiver=to)
        page = demand(reply, f"GET {module}") or []
        yield page, int(reply.headers.get("x-total-count", "-1"))
        url = _read_next(reply.headers.get("link", ""), endpoint)


def _read_next(link: str, endpoint: str) -> str | None:
    """The Link, verbatim (TRANS-25). Raises: PeerError: it leads to another host, which must not get our token."""
    found = _NEXT.search(link)
    if found is None:
        return None
    if URL(found.group(1)).origin() != URL(endpoint).origin():
        raise PeerError(f"the next page is on another host: {found.group(1)}")
    return found.group(1)
