"""From an HTTP request to a `Call` and back. No rules here: authenticate, read, one call down, write the answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from agreements.network import Facts
from gateway import announcements, configuration, pipeline, trail
from gateway.admission import Slot
from gateway.auth import Authenticator, Caller
from gateway.hub import Hub
from ocpi import envelope
from ocpi.calls import Call, Interface, PartyId, Reply, Version, get_party
from ocpi.errors import InvalidParameter, NotAuthorized, OcpiError, ServerError, UnknownObject
from ocpi.ids import new_id
from parties.hot_settings import hot
from parties.quirks import Quirk
from telemetry import count, spans, work

logger = logging.getLogger(__name__)

_INTERFACES = {interface.lower(): interface for interface in Interface}
_FROM = ("from", "ocpi-from-country-code", "ocpi-from-party-id")
_TO = ("to", "ocpi-to-country-code", "ocpi-to-party-id")
LONG = 64 * 1024  # bytes of data that are sent as they are, not copied into an envelope first


class Request(msgspec.Struct, frozen=True):
    """One HTTP request under /ocpi. `read_body` is awaited only after the caller is known (TRANS-02)."""

    method: str
    path: str  # percent-encoded, as it came
    query: str
    headers: Mapping[str, str]  # names in lower case (TRANS-51)
    is_secure: bool  # by https, as far as the hub or a proxy it trusts can tell
    read_body: Callable[[], Awaitable[bytes]]
    slot: Slot
    address: str = ""

    @property
    def is_list(self) -> bool:
        """Of objects, as far as the URL can tell: the answer may be large."""
        return self.method == "GET" and self.path.strip("/").count("/") == 3


class Response(msgspec.Struct, frozen=True):
    """`parts` are the body; only that of a long one has several."""

    status: int
    headers: list[tuple[bytes, bytes]]
    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))


class Views:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._authenticator = Authenticator(hub)

    async def respond(self, request: Request) -> Response:
        """Never raises; always an envelope, always both message ids (TRANS-37)."""
        now = datetime.now(UTC)
        ids = _read_ids(request.headers)
        segments = [unquote(part) if "%" in part else part for part in request.path.strip("/").split("/")[1:]]
        call = Call(
            module=_get_module_name(segments),
            interface=Interface.SENDER,
            method=request.method,
            request_id=ids[0],
            correlation_id=ids[1],
        )
        note = trail.Trail(call=call, platform=None, now=now)
        at = work.begin(work.Work(request_id=ids[0], correlation_id=ids[1], module=call.module, method=call.method))
        at.hide(request.headers.get("authorization"))
        with spans.span("call", **{"hub.module": call.module, "hub.method": call.method}):
            try:
                reply = await self._route(request, segments, call, note, now)
            except OcpiError as e:
                reply = _address(await note.refuse(e, self._hub), request, segments)
            except Exception:
                logger.exception("%s %s failed", request.method, request.path[:200])
                error = ServerError("the hub failed; nothing was promised: try again")
                reply = _address(await note.refuse(error, self._hub), request, segments)
        count.note_call_in(at, interface=_get_interface(segments), code=reply.status_code)
        return write_reply(reply, ids=ids, now=datetime.now(UTC))

    def refuse_at_once(self, error: OcpiError, headers: Mapping[str, str]) -> Response:
        """There is no room to do anything about this call."""
        return write_reply(trail.refusal(error), ids=_read_ids(headers), now=datetime.now(UTC))

    async def _route(
        self, request: Request, segments: list[str], call: Call, note: trail.Trail, now: datetime
    ) -> Reply:
        hub = self._hub
        if hot.HUB_REQUIRE_HTTPS and hot.HUB_PUBLIC_URL.startswith("https:") and not request.is_secure:
            raise NotAuthorized("OCPI is spoken by https only")  # TRANS-01; the token is burnt: rotate it
        facts = hub.facts.get()
        token = request.headers.get("authorization")
        caller = self._authenticator.recognise(token, facts, now=now)
        if caller is None:
            caller = await self._authenticator.authenticate(token, facts, now=now, address=request.address)
        note.platform = caller.platform
        if (at := work.get()) is not None:
            at.platform = caller.platform
        self._record_heard(caller, facts)
        request.slot.charge(caller.platform, facts, is_list=request.is_list)
        if not (request.headers.get("x-request-id") and request.headers.get("x-correlation-id")):
            hub.oddities.note(caller.platform, {Quirk.NO_MESSAGE_IDS: f"{request.method} {call.module}"})
        match segments:
            case ["versions"]:
                configuration.demand_get(request.method)
                return await note.finish(configuration.get_versions(), hub)
            case [version]:
                configuration.demand_version(version)
                configuration.demand_get(request.method)
                return await note.finish(configuration.get_version_details(caller=caller, hub=hub), hub)
            case [version, "credentials"]:
                configuration.demand_credentials_version(version)
                body = await request.read_body()
                reply = await configuration.handle_credentials(request.method, body, caller=caller, hub=hub, now=now)
                return await note.finish(reply, hub)
        configuration.demand_registered(caller)
        return await self._route_module(request, segments, call, caller, note, now)

    async def _route_module(
        self, request: Request, segments: list[str], call: Call, caller: Caller, note: trail.Trail, now: datetime
    ) -> Reply:
        hub = self._hub
        match segments:
            case [version, "sender", "hubclientinfo"]:
                configuration.demand_version(version)
                reply = configuration.get_client_infos(request.method, request.query, caller=caller, hub=hub, now=now)
                return await note.finish(reply, hub)
            case [_, "sender", "hubclientinfo", *_]:
                raise UnknownObject("no such URL in hubclientinfo SENDER")  # there is only the list (HCI-01)
            case [version, "receiver", "hubclientinfo", *path]:
                configuration.demand_version(version)
                body = await request.read_body()
                reply = await announcements.handle(request.method, path, body, caller=caller, hub=hub, now=now)
                return await note.finish(reply, hub)
            case [version, "alias", token]:
                configuration.demand_version(version)
                call = replace(call, sender=_read_party(request.headers, _FROM))
                if request.method == "POST":
                    call = replace(call, body=await request.read_body())
                else:
                    configuration.demand_get(request.method)
                return await pipeline.follow_alias(token, call, hub=hub, now=now, note=note)
            case [version, "sender" | "receiver" as interface, module, *path]:
                configuration.demand_version(version)
                call = await read_call(request, _INTERFACES[interface], module, path, call)
                return await pipeline.handle(call, hub=hub, now=now, note=note)
        raise UnknownObject("no such URL")

    def _record_heard(self, caller: Caller, facts: Facts) -> None:
        if caller.is_registered:
            self._hub.limits.breakers.note_heard(caller.platform)
            self._hub.heartbeats.record(caller.platform, was_offline=caller.platform in facts.network.offline)


async def read_call(request: Request, interface: Interface, module: str, path: list[str], call: Call) -> Call:
    """The request to a functional module, with its routing headers."""
    parts = request.path.strip("/").split("/", 4)
    return Call(
        module=module,
        interface=interface,
        method=request.method,
        path=tuple(path),
        raw_path=parts[4] if len(parts) > 4 else "",
        query=request.query,
        body=await request.read_body(),
        sender=_read_party(request.headers, _FROM),
        receiver=_read_party(request.headers, _TO),
        request_id=call.request_id,
        correlation_id=call.correlation_id,
        version=Version.V2_2_1,
    )


def write_reply(reply: Reply, *, ids: tuple[str, str], now: datetime) -> Response:
    parts = (reply.body,) if reply.body else _wrap(reply, now)
    headers = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % sum(map(len, parts))),
        (b"X-Request-ID", _one_line(ids[0])),
        (b"X-Correlation-ID", _one_line(ids[1])),
        *((name.encode("latin-1"), _one_line(value)) for name, value in reply.headers),
    ]
    if reply.sender is not None and reply.receiver is not None:
        headers += [
            (b"OCPI-to-country-code", _one_code(reply.receiver.country_code)),
            (b"OCPI-to-party-id", _one_code(reply.receiver.party_id)),
            (b"OCPI-from-country-code", _one_code(reply.sender.country_code)),
            (b"OCPI-from-party-id", _one_code(reply.sender.party_id)),
        ]
    return Response(reply.http_status, headers, parts)


def _wrap(reply: Reply, now: datetime) -> tuple[bytes, ...]:
    parts = envelope.write_parts(
        status_code=reply.status_code, status_message=reply.status_message, data=reply.data, now=now
    )
    return parts if reply.data and len(reply.data) >= LONG else (b"".join(parts),)


def _read_ids(headers: Mapping[str, str]) -> tuple[str, str]:
    """Both message ids; made up where the peer sent none (TRANS-38)."""
    request_id, correlation_id = headers.get("x-request-id"), headers.get("x-correlation-id")
    if request_id and correlation_id:
        return request_id, correlation_id
    made = new_id()
    return request_id or made, correlation_id or made


def _read_party(headers: Mapping[str, str], pair: tuple[str, str, str]) -> PartyId | None:
    """A pair of routing headers (ROUTE-02)."""
    which, country_code, party_id = pair
    country = headers.get(country_code, "").strip()
    party = headers.get(party_id, "").strip()
    if not country and not party:
        return None
    if not country or not party:
        missing = "country-code" if not country else "party-id"
        raise InvalidParameter(f"OCPI-{which}-{missing}: is missing; routing headers come in pairs")
    found = get_party(country, party)
    if not found.is_well_formed:
        raise InvalidParameter(f"OCPI-{which}-party-id: {country[:5]!r} {party[:5]!r} is not a party")
    return found


def _address(reply: Reply, request: Request, segments: list[str]) -> Reply:
    """A refusal that came before the call was read is addressed all the same (ROUTE-06), as far as FROM can be read."""
    if not _is_routed(segments):
        return reply
    try:
        asked_by = _read_party(request.headers, _FROM)
    except InvalidParameter:
        return reply
    return reply if asked_by is None else replace(reply, sender=hot.HUB_PARTY, receiver=asked_by)


def _is_routed(segments: list[str]) -> bool:
    """Configuration modules never are (ROUTE-01)."""
    match segments:
        case [_, "sender" | "receiver", module, *_]:
            return module != "hubclientinfo"
        case [_, "alias", _]:
            return True
    return False


def _get_interface(segments: list[str]) -> str:
    return segments[1].upper() if len(segments) > 2 and segments[1] in ("sender", "receiver") else ""


def _get_module_name(segments: list[str]) -> str:
    """For the log of calls that never get as far as a module."""
    match segments:
        case [_, "sender" | "receiver", module, *_]:
            return module[:32]
        case ["versions"] | [_]:
            return "versions"
        case [_, "credentials"]:
            return "credentials"
    return ""


def _one_line(text: str) -> bytes:
    line = text.encode("latin-1", "replace")
    return line.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in line or b"\r" in line else line


_one_code = lru_cache(maxsize=8192)(_one_line)  # codes of parties are few; bounded, as strangers choose what they write
