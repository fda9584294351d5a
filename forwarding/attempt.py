"""One attempt to deliver: the request as it goes out, and what its end means for the lane. Decides nothing else."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from forwarding.events import Event
from forwarding.modules import find_people, get_log_id, get_personal_id
from forwarding.plan import Planned
from ocpi import envelope
from ocpi.ids import new_id
from parties import quirks
from parties.client import (
    Answer,
    AnswerTooLarge,
    AsyncClient,
    NotSent,
    Peer,
    PeerBusy,
    PeerError,
    PeerResting,
    PeerTimeout,
    write_headers,
)
from parties.egress import is_clean
from parties.quirks import Quirk
from telemetry import count, spans, work
from telemetry.redact import hide_id

logger = logging.getLogger(__name__)

TIMEOUT = 8.0  # seconds; a lease is longer and is renewed meanwhile

# Not about this object: the hub's token, the peer's patience, its load. Worth another attempt.
_PASSING = frozenset({401, 403, 407, 408, 425, 429})


class End(Enum):
    DELIVERED = "delivered"
    REFUSED = "refused"  # the receiver's own word on this object
    UNKNOWN_THERE = "unknown there"  # 404: a PATCH of what it never got (ROUTE-34)
    FAILED = "failed"  # it answered, but not on the object
    TIMED_OUT = "timed out"
    UNREACHED = "unreached"
    UNSENDABLE = "unsendable"  # nothing was sent, and never can be
    BUSY = "busy"  # our own limit for this peer
    RESTING = "resting"  # its breaker is open: nothing was tried


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    end: End
    request_id: str
    method: str
    http_status: int | None = None
    status_code: int | None = None
    message: str = ""
    elapsed_ms: int = 0
    may_have_arrived: bool = False  # and nobody knows: its answer is lost
    repeated: bool = False  # sent twice, as the first connection broke
    oddities: Mapping[Quirk, str] = {}
    changed_at: datetime | None = None  # of the object, where all of it was sent instead of the event

    @property
    def told_code(self) -> int | None:
        """What the receiver itself said, not what stands for its silence."""
        return self.status_code if self.http_status is not None else None


async def attempt(planned: Planned, *, client: AsyncClient, peer: Peer, method: str, url: str, body: bytes) -> Attempt:
    """A new request id each time, the correlation id of the push it began with (ROUTE-10); the body as it came."""
    event = planned.event
    at = work.begin(
        work.Work(correlation_id=event.correlation_id, module=event.module, method=method, platform=peer.id)
    )
    personal = get_personal_id(event.module, event.method, event.path)
    at.hide(personal)
    url = quirks.shape_url(url, peer.quirks)
    request_id = new_id()
    headers = write_headers(
        peer,
        request_id=request_id,
        correlation_id=event.correlation_id or request_id,
        sender=planned.sender,
        receiver=planned.receiver,
        has_body=bool(body),
    )
    with _span(planned, peer=peer, method=method) if spans.are_made() else spans.NOTHING:
        try:
            answer = await client.send(
                peer, method=method, url=url, headers=headers, body=body, timeout=TIMEOUT, patience=TIMEOUT
            )
            end = _read(answer, planned, request_id=request_id, method=method, url=url)
        except PeerError as error:
            end = _explain(error, event, request_id=request_id, method=method)
        except Exception:  # ours to mend; without an end of the attempt the lane would be taken up again and again
            logger.exception("a delivery to platform %d failed", peer.id)
            end = Attempt(
                end=End.FAILED,
                request_id=request_id,
                method=method,
                status_code=4000,
                message="the hub failed",
                may_have_arrived=True,
            )
    if end.message:
        end = replace(end, message=_hide_people(end.message, event, personal=personal, body=body))
    count.note_call_out(platform=peer.id, module=event.module, interface="RECEIVER", method=method, code=end.told_code)
    return end


def _hide_people(message: str, event: Event, *, personal: str, body: bytes) -> str:
    if personal:
        message = hide_id(message, personal, shown=get_log_id(event.module, event.method, event.path))
    for named in find_people(event.module, body):
        message = hide_id(message, named)
    return message


def _span(planned: Planned, *, peer: Peer, method: str) -> AbstractContextManager[Any]:
    event = planned.event
    named = {"hub.correlation_id": event.correlation_id, "hub.module": event.module, "hub.method": method}
    return spans.span("deliver", **{"hub.platform": peer.id, "hub.event": event.id, **named})


def _explain(error: PeerError, event: Event, *, request_id: str, method: str) -> Attempt:
    made = partial(Attempt, request_id=request_id, method=method, message=str(error))
    match error:
        case PeerTimeout():
            return made(
                end=End.TIMED_OUT,
                status_code=4002,
                elapsed_ms=round(TIMEOUT * 1000),
                may_have_arrived=True,
                repeated=error.repeated,
            )
        case AnswerTooLarge():
            return made(end=End.FAILED, status_code=4000)
        case PeerResting():
            return made(end=End.RESTING, status_code=4003)
        case PeerBusy():
            return made(end=End.BUSY, status_code=4003)
        case NotSent() if not is_clean(event.path + event.query):
            return made(end=End.UNSENDABLE, status_code=4000)
    return made(end=End.UNREACHED, status_code=4003, may_have_arrived=not error.before_send, repeated=error.repeated)


def _read(answer: Answer, planned: Planned, *, request_id: str, method: str, url: str) -> Attempt:
    told = envelope.read(answer.body)
    status = answer.http_status
    seen_status, location = answer.redirect or (status, answer.headers.get("Location"))
    return Attempt(
        end=classify(status, told.status_code if told else None, method=method),
        request_id=request_id,
        method=method,
        http_status=status,
        status_code=told.status_code if told else None,
        message=(told.status_message or "") if told else f"no OCPI answer (HTTP {status})",
        elapsed_ms=answer.elapsed_ms,
        repeated=answer.repeated,
        oddities=quirks.find_in_answer(
            module=planned.event.module,
            method=method,
            path=planned.event.path,
            url=url,
            http_status=seen_status,
            location=location,
        ),
    )


def classify(http_status: int, status_code: int | None, *, method: str) -> End:
    """Both layers must agree on success (AMB-03); a 400 or 5xx around an envelope of 2xxx is an answer (AMB-18)."""
    is_good_http = 200 <= http_status < 300
    if is_good_http and status_code is not None and 1000 <= status_code < 2000:
        return End.DELIVERED
    if http_status in _PASSING:
        return End.FAILED
    if http_status == 404 and method == "PATCH":
        return End.UNKNOWN_THERE
    if http_status == 404 and method == "DELETE":
        return End.DELIVERED  # gone since an attempt whose answer was lost, or never told
    if http_status in (400, 500) and status_code is None and method == "PATCH":
        return End.UNKNOWN_THERE  # seen at partners that do not hold the object, or judge a PATCH as a whole one
    if status_code is not None and 2000 <= status_code < 3000:
        return End.REFUSED
    if 400 <= http_status < 500 and (status_code is None or status_code < 3000):
        return End.REFUSED
    return End.FAILED
