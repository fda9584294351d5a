"""A partner's SENDER lists as a test wants them, a pull of one of them, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils.timezone import now

from forwarding.pull import pull_next
from forwarding.pull_ask import ask
from journal.models import PullRequest
from tests.conftest import Cast
from tests.documents import as_json
from tests.live.partner import Partner
from tests.parties.http_peer import Handler, Seen

Answer = Callable[[Handler, dict[str, str]], None]


def write_page(objects: Sequence[Any], *, status_code: int = 1000) -> bytes:
    data = b"[" + b",".join(one if isinstance(one, bytes) else as_json(one) for one in objects) + b"]"
    return b'{"data":%s,"status_code":%d,"timestamp":"2026-11-22T12:00:00Z"}' % (data, status_code)


@dataclass
class Lists:
    """`pages`: per module, the objects of each page. The first is at the endpoint, the others at a cursor."""

    partner: Partner
    pages: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)  # (module, cursor) that misbehaves

    def __post_init__(self) -> None:
        self.partner.behave = self._behave

    @property
    def seen(self) -> list[Seen]:
        return [one for one in self.partner.seen if one.path.startswith("/sender")]

    def get_url(self, module: str, cursor: str = "") -> str:
        return f"{self.partner.peer.url}/sender/{module}" + (f"?cursor={cursor}" if cursor else "")

    def _behave(self, handler: Handler) -> None:
        parts = urlsplit(handler.path)
        if handler.command != "GET" or not parts.path.startswith("/sender/"):
            return handler.answer(write_page([]))
        module = parts.path.removeprefix("/sender/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        odd = self.answers.get((module, query.get("cursor", "")))
        return odd(handler, query) if odd else self.answer(handler, module, query)

    def answer(self, handler: Handler, module: str, query: Mapping[str, str]) -> None:
        pages = self.pages.get(module, [[]])
        number = int(query.get("cursor", "0"))
        headers = []
        if module in self.totals:
            headers.append(("x-total-count", str(self.totals[module])))
        if number + 1 < len(pages):
            headers.append(("link", f'<{self.get_url(module, str(number + 1))}>; rel="next"'))
        handler.answer(write_page(pages[number]), headers=tuple(headers))


def pull(partner: Partner, module: str = "locations", *, is_full: bool = False, **options: Any) -> PullRequest:
    """Asked for by staff and read at once."""
    asked = ask(partner.platform, [module], reason=PullRequest.Reason.STAFF, now=now(), is_full=is_full)
    assert len(asked) == 1, asked
    done = pull_next(clock=now, **options)
    assert done is not None
    assert done.pk == asked[0].pk
    return done


def get_ids(partner: Partner, module: str = "locations", query: str = "") -> list[str]:
    """What a partner of the owner is served by the hub."""
    answer = partner.call("GET", module, query, interface="sender").json()
    assert answer["status_code"] == 1000, answer
    return [one.get("id") or one["uid"] for one in answer["data"]]


def get_pushed(cast: Cast) -> list[str]:
    cast.hub.deliver()
    return [f"{seen.method} {seen.path}" for seen in cast.emsp.seen if seen.method != "GET"]
