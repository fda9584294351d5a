"""One hop outward: put a call behind the receiver's URL, and read what came back (ROUTE-05 to ROUTE-14)."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from agreements.network import Facts
from gateway.hops import make_key
from gateway.hub import Hub
from journal.storable import mend_text
from ocpi import envelope, patch
from ocpi.calls import Call, PartyId, Reply
from ocpi.errors import ForwardTimeout, HubError, OcpiError, ReceiverNotConnected
from ocpi.ids import new_id
from ocpi.raw import is_crowded
from parties import quirks
from parties.client import Answer, Peer, PeerBusy, PeerResting, PeerTimeout, PeerUnreachable, write_headers
from parties.hot_settings import hot
from parties.quirks import Quirk
from telemetry import count, spans

_LIST_HEADERS = ("X-Total-Count", "X-Limit")
_TOKEN_PROBLEMS = (401, 403, 407)


class Hop(msgspec.Struct, frozen=True, kw_only=True):
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
    repeated: bool = False  # the receiver may have got it before
    note: str = ""  # what the hub did to the answer, for the log
    answered: int | None = None  # HTTP status of an answer that was none in OCPI's sense

    @property
    def http_status(self) -> int | None:
        return self.reply.http_status if self.reply else self.answered

    @property
    def status_code(self) -> int:
        return self.reply.status_code if self.reply else self.error.status_code if self.error else 0

    @property
    def message(self) -> str:
        told = (self.reply.status_message if self.reply else self.error.message if self.error else "") or ""
        return f"{told} [{self.note}]".strip() if self.note else told

    @property
    def was_not_reached(self) -> bool:
        """It failed on the way: what store-and-forward is for."""
        return isinstance(self.error, ReceiverNotConnected | ForwardTimeout)


async def relay(
    call: Call, hub: Hub, facts: Facts, *, platform: int, receiver: PartyId, url: str, timeout: float
) -> Hop:
    """Send `call` to `url` as it is: body, TO and FROM unchanged, with a new request id (ROUTE-10). Never raises."""
    with spans.span("forward", **{"hub.platform": platform, "hub.module": call.module, "hub.method": call.method}):
        send = _relay_to_hub if facts.network.is_hub(platform) else _relay
        hop = await send(call, hub, facts, platform=platform, receiver=receiver, url=url, timeout=timeout)
    count.note_call_out(
        platform=platform,
        module=call.module,
        interface=call.interface,
        method=call.method,
        code=hop.reply.status_code if hop.reply else None,
    )
    return hop


async def _relay_to_hub(
    call: Call, hub: Hub, facts: Facts, *, platform: int, receiver: PartyId, url: str, timeout: float
) -> Hop:
    """The same, unless this very call is on its way there already: then it came round, and is refused (ROUTE-46)."""
    key = make_key(call, platform=platform, receiver=receiver, url=url)
    async with hub.hops.hold(key, seconds=timeout) as is_first:
        if is_first:
            return await _relay(call, hub, facts, platform=platform, receiver=receiver, url=url, timeout=timeout)
    return Hop(
        request_id="",
        platform=platform,
        receiver=receiver,
        url=url,
        error=HubError(f"{receiver}: this call is on its way to the next hub already: it goes round in a loop"),
        may_have_arrived=False,
    )


async def _relay(
    call: Call, hub: Hub, facts: Facts, *, platform: int, receiver: PartyId, url: str, timeout: float
) -> Hop:
    peer = facts.peers[platform]
    request_id = new_id()
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
            peer,
            method=call.method,
            url=url,
            headers=headers,
            body=call.body,
            timeout=timeout,
            patience=hot.HUB_TURN_PATIENCE,
        )
    except (PeerTimeout, PeerUnreachable, PeerBusy) as e:
        return Hop(
            request_id=request_id,
            platform=platform,
            receiver=receiver,
            url=url,
            error=_explain(e, receiver),
            may_have_arrived=not e.before_send,
            repeated=e.repeated,
        )
    _note_quirks(answer, call, hub, platform=platform, url=url)
    try:
        reply = _take_out(read_answer(answer, call, receiver=receiver), call, hub, peer=peer)
    except OcpiError as e:
        return Hop(
            request_id=request_id,
            platform=platform,
            receiver=receiver,
            url=url,
            error=e,
            elapsed_ms=answer.elapsed_ms,
            repeated=answer.repeated,
            answered=answer.http_status,
        )
    return Hop(
        request_id=request_id,
        platform=platform,
        receiver=receiver,
        url=url,
        reply=reply,
        link=answer.headers.get("Link"),
        elapsed_ms=answer.elapsed_ms,
        repeated=answer.repeated,
    )


def _note_quirks(answer: Answer, call: Call, hub: Hub, *, platform: int, url: str) -> None:
    status, location = answer.redirect or (answer.http_status, answer.headers.get("Location"))
    found = quirks.find_in_answer(
        module=call.module,
        method=call.method,
        path=call.raw_path,
        url=url,
        http_status=status,
        location=location,
    )
    hub.oddities.note(platform, found)


def _take_out(reply: Reply, call: Call, hub: Hub, *, peer: Peer) -> Reply:
    """A single object that came as a list of one: noted, and taken out for platforms that are set so."""
    if not quirks.is_single(call) or not reply.is_success or not reply.body:
        return reply
    told = envelope.read(reply.body)
    only = quirks.find_wrapped(call, envelope.get_data(told) if told else None)
    if only is None:
        return reply
    hub.oddities.note(peer.id, {Quirk.WRAPPED_OBJECT: f"GET {call.module}: answered with a list of one object"})
    if Quirk.WRAPPED_OBJECT not in peer.quirks:
        return reply
    return replace(reply, body=patch.set_fields(reply.body, {"data": only}))


def _explain(error: PeerTimeout | PeerUnreachable | PeerBusy, receiver: PartyId) -> OcpiError:
    if isinstance(error, PeerTimeout):
        return ForwardTimeout(f"{receiver} did not answer in time")
    if isinstance(error, PeerResting):
        return ReceiverNotConnected(f"{receiver} is left alone for now: {error}")
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
    if is_crowded(answer.body):
        raise HubError(f"{receiver} answered with so many values that they can be no objects of OCPI")
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


def join_url(endpoint: str, call: Call, *, habits: frozenset[Quirk] = frozenset()) -> str:
    """The endpoint as the peer gave it, exactly one "/", the path and query as they came (TRANS-33, TRANS-47)."""
    url = endpoint.rstrip("/") + "/" + call.raw_path if call.raw_path else endpoint
    return quirks.shape_url(f"{url}?{call.query}" if call.query else url, habits)


def get_verdict_columns(hop: Hop, *, message: str, now: datetime) -> dict[str, object]:
    """What is kept with the object of how its receiver took it (decision 4); the message as it may be kept."""
    code = hop.status_code if 0 <= hop.status_code < 10_000 else 0  # the peer's number may be anything
    return {"verdict_code": code, "verdict_message": mend_text(message, limit=500), "verdict_at": now}
