"""What commands and charging profiles have in common: a response_url of the requester, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.partner import BASE, Partner, reply
from tests.conformance.wire import Answer, Call

RESULTS = "results"  # where this suite's partners take asynchronous results
UNUSABLE = (
    "",
    "/relative/path",
    "ftp://127.0.0.1/results",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/results",
    "http://127.0.0.1.example.invalid:99999/results",
    "not a URL",
)


def make_url(requester: Partner, id: str) -> str:
    """The requester's own, with a path and a query that have to arrive as they are."""
    return f"{requester.url}{BASE}/{RESULTS}/{id}?request_id=5&k=a%2Fb"


def accepting(receiver: Partner, id: str, *, timeout: int = 30, **answer: Any) -> Any:
    """The receiver accepts what names this id, at once."""
    return receiver.answering(
        reply({"result": "ACCEPTED", "timeout": timeout}, **answer), when=lambda call: names(call, id)
    )


def names(call: Call, id: str) -> bool:
    """It was relayed to a receiver's endpoint and names this id."""
    return call.interface == "RECEIVER" and (id in f"{call.path}?{call.query}" or id.encode() in call.body)


def naming(id: str) -> Callable[[Call], bool]:
    """For `answering(when=…)`: any call that names this id."""
    return lambda call: id in f"{call.path}?{call.query}" or id.encode() in call.body


def find_relayed(receiver: Partner, id: str) -> list[Call]:
    return [call for call in receiver.calls if call.module in ("commands", "chargingprofiles") and names(call, id)]


def get_hub_url(call: Call) -> str:
    """The response_url that the hub gave to the receiver: in the body, else in the query."""
    return str(call.json["response_url"] if call.body else dict(parse_qsl(call.query))["response_url"])


def post_result(receiver: Partner, url: str, result: Any, *, to: str = "NL*MSA", **options: Any) -> Answer:
    """The receiver's asynchronous result, on the hub's URL."""
    return receiver.call_url("POST", url, body=result, to=to, **options)


def find_results(requester: Partner, id: str) -> list[Call]:
    return [call for call in requester.calls if call.path.endswith(f"/{RESULTS}/{id}")]


def assert_own_url(call: Call, *, hub: str, requester: Partner) -> None:
    """ROUTE-45, CMD-04: on the hub, short enough, and nothing of the requester's shows."""
    url = get_hub_url(call)
    assert urlsplit(url)[:2] == urlsplit(hub)[:2], url
    assert len(url) <= 255
    assert urlsplit(requester.url).netloc not in url
    assert len(urlsplit(url).path.rsplit("/", 1)[1]) >= 20, "can be guessed"
