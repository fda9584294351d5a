"""One hop outward: put a call behind the receiver's URL, and read what came back (ROUTE-05 to ROUTE-14)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from agreements.network import Facts
from gateway.hub import Hub
from ocpi import envelope
from ocpi.calls import Call, PartyId, Reply
from ocpi.errors import ForwardTimeout, HubError, OcpiError, ReceiverNotConnected
from parties.client import Answer, PeerBusy, PeerTimeout, PeerUnreachable, write_headers

_LIST_HEADERS = ("X-Total-Count", "X-Limit")
_TOKEN_PROBLEMS = (401, 403, 407)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What was sent, and what came back: a reply, or the error that stands for it."""

    request_id: str
    platform: int
    receiver: PartyId
    url: str
    reply: Reply | None = None
    error: OcpiError | None = None
    link: str | None = None  # as the receiver wrote it
    elapsed_ms: int = 0
    may_have_arrived: bool = True

    @property
    def http_status(self) -> int | None:
        return self.reply.http_status if self.reply else None

    @property
    def status_code(self) -> int:
        return self.reply.status_code if self.reply else self.error.status_code if self.error else 0

    @property
    def message(self) -> str:
        return (self.reply.status_message if self.reply else self.error.message if self.error else "") or ""

    @property
    def was_not_reached(self) -> bool:
        """It failed on the way: what store-and-forward is for."""
        return isinstance(self.error, ReceiverNotConnected | ForwardTimeout)


async def relay(
    call: Call, hub: Hub, facts: Facts, *, platform: int, receiver: PartyId, url: str, timeout: float
) -> Hop:
    """Send `call` to `url` as it is: body, TO and FROM unchanged, with a new request id (ROUTE-10). Never raises."""
    peer = facts.peers[platform]
    request_id = str(uuid.uuid4())
    headers = write_headers(
        peer,
        request_id=request_id,
        correlation_id=call.correlation_id,
        sender=call.sender,
        receiver=call.receiver or receiver,
        has_body=bool(call.body),
    )
    try:
        answer = await hub.client.send(
            peer, method=call.method, url=url, headers=headers, body=call.body, timeout=timeout
        )
    except (PeerTimeout, PeerUnreachable, PeerBusy) as e:
        return Hop(
            request_id=request_id,
            platform=platform,
            receiver=receiver,
            url=url,
            error=_explain(e, receiver),
            may_have_arrived=not e.before_send,
        )
    try:
        reply = read_answer(answer, call, receiver=receiver)
    except OcpiError as e:
        return Hop(
            request_id=request_id,
            platform=platform,
            receiver=receiver,
            url=url,
            error=e,
            elapsed_ms=answer.elapsed_ms,
        )
    return Hop(
        request_id=request_id,
        platform=platform,
        receiver=receiver,
        url=url,
        reply=reply,
        link=answer.headers.get("Link"),
        elapsed_ms=answer.elapsed_ms,
    )


def _explain(error: PeerTimeout | PeerUnreachable | PeerBusy, receiver: PartyId) -> OcpiError:
    if isinstance(error, PeerTimeout):
        return ForwardTimeout(f"{receiver} did not answer in time")
    if isinstance(error, PeerBusy):
        return ReceiverNotConnected(f"{receiver} has too many calls open: try again")
    return ReceiverNotConnected(f"{receiver} could not be reached")


def read_answer(answer: Answer, call: Call, *, receiver: PartyId) -> Reply:
    """The receiver's answer for the requester: its code, message and data as they are (ROUTE-12).

    Raises:
        HubError: it is no answer in OCPI's sense, or the receiver does not take the hub's token (ROUTE-14).
    """
    status = answer.http_status
    if status in _TOKEN_PROBLEMS:
        raise HubError(f"{receiver} refuses the hub's credentials (HTTP {status})")
    told = envelope.read(answer.body)
    if told is None:
        return _without_envelope(status, call, receiver=receiver)
    is_good_code = 1000 <= told.status_code < 2000
    if is_good_code and not 200 <= status < 300:
        raise HubError(f"{receiver} answered HTTP {status} with status_code {told.status_code}")  # AMB-03
    return Reply(
        http_status=200 if status == 400 or status >= 500 else status,
        status_code=told.status_code,
        status_message=told.status_message,
        body=answer.body,
        headers=tuple((name, answer.headers[name]) for name in _LIST_HEADERS if name in answer.headers),
        sender=receiver,
        receiver=call.sender,
    )


def _without_envelope(status: int, call: Call, *, receiver: PartyId) -> Reply:
    """A bare 404 still says "not there" where one object was asked for (ROUTE-13)."""
    if status == 404 and call.path and (call.method == "GET" or call.path[-1] == "authorize"):
        code = 2004 if call.path[-1] == "authorize" else 2001
        return Reply(
            http_status=404,
            status_code=code,
            status_message=f"{receiver} answered HTTP 404",
            sender=receiver,
            receiver=call.sender,
        )
    raise HubError(f"{receiver} did not answer in OCPI (HTTP {status})")


def join_url(endpoint: str, call: Call) -> str:
    """The endpoint as the peer gave it, exactly one "/", the path and query as they came (TRANS-33, TRANS-47)."""
    url = endpoint.rstrip("/") + "/" + call.raw_path if call.raw_path else endpoint
    return f"{url}?{call.query}" if call.query else url


def get_verdict_columns(hop: Hop, *, now: datetime) -> dict[str, object]:
    """What is kept with the object of how its receiver took it (decision 4)."""
    code = hop.status_code if 0 <= hop.status_code < 10_000 else 0  # the peer's number may be anything
    return {"verdict_code": code, "verdict_message": hop.message[:500], "verdict_at": now}
