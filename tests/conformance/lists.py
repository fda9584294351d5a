"""Lists and waiting: crawl a list, find one object in it, ask until the hub has caught up with its operator."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.partner import PATIENCE, Partner
from tests.conformance.wire import Answer

PULL = 60.0  # seconds until a list that the operator asked for is read: a hub has more urgent things to do
EARLIEST = "2000-01-01T00:00:00Z"


def crawl(partner: Partner, module: str, *, to: str = "", query: str = "") -> list[dict[str, Any]]:
    """All pages of a SENDER list, by Link alone. Sessions need a date_from (SESS-02)."""
    if module == "sessions" and "date_from" not in query:
        query = f"date_from={EARLIEST}" + (f"&{query}" if query else "")
    answer = partner.call("GET", module, interface="SENDER", to=to, query=query)
    found: list[dict[str, Any]] = []
    for _ in range(500):
        assert (answer.http, answer.code) == (200, 1000), answer
        assert isinstance(answer.data, list), answer
        found += answer.data
        if not answer.next_url:
            return found
        answer = partner.call_url("GET", answer.next_url, to=to)
    raise AssertionError("the list has no end")


def find_in_list(
    partner: Partner, module: str, id: str, *, to: str = "", owner: str = "", query: str = ""
) -> dict[str, Any] | None:
    """The object of this id (a token's uid), of this owner if one is named ("DE*CPA")."""
    country, _, party = owner.partition("*")
    for item in crawl(partner, module, to=to, query=query):
        is_owner = not owner or (item["country_code"], item["party_id"]) == (country, party)
        if item.get("id", item.get("uid")) == id and is_owner:
            return item
    return None


def ask_until(ask: Callable[[], Answer], *, code: int, within: float = PATIENCE) -> Answer:
    """What the operator changed is felt a moment later: the first answer with this code, or the last one."""
    end = time.monotonic() + within
    while True:
        answer = ask()
        if answer.code == code or time.monotonic() > end:
            return answer
        time.sleep(0.2)


def wait_until(is_so: Callable[[], bool], *, what: str, within: float = PATIENCE) -> None:
    end = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.2)


def new_moment() -> datetime:
    """A whole second in the past that no other test uses: as `last_updated` it finds the test's own objects again."""
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=random.SystemRandom().randrange(4 * 365 * 86400))


def write(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
