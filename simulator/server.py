"""The OCPI port: reads a request, lets the right interface answer, writes the envelope, records both."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from aiohttp import web

from simulator import jsontext, receiver, sender
from simulator.client import Client
from simulator.clock import format_moment, parse_moment
from simulator.errors import Refusal, build_not_allowed, build_not_found, build_wrong
from simulator.record import Message, without_secrets
from simulator.registration import handle_credentials
from simulator.remote import Remote
from simulator.request import Answer, Request, authorize, build_reply_headers, check_headers, read_token
from simulator.state import OWNER_ROLE, VERSION, State


class OcpiServer:
    """`serve` is the whole handler; there is no router, because the paths are three."""

    def __init__(self, state: State, client: Client, remote: Remote) -> None:
        self._state = state
        self._client = client
        self._remote = remote

    async def serve(self, http: web.BaseRequest) -> web.StreamResponse:
        request = _read_request(http, await http.read(), base_path=self._state.config.base_path)
        try:
            authorize(request, self._state)
            check_headers(request, self._state)
            answer = await self._answer(request)
        except Refusal as e:
            headers = {"Allow": e.allow} if e.allow else {}
            answer = Answer(status=e.status, status_code=e.status_code, message=str(e), headers=headers)
        return self._write(request, answer)

    async def _answer(self, request: Request) -> Answer:
        match request.module:
            case "versions":
                return self._answer_versions(request)
            case "credentials":
                return await handle_credentials(request, self._state, self._client)
            case "hubclientinfo":
                return _handle_client_info(request, self._state)
        offered = {(one["identifier"], one["role"]) for one in self._state.list_endpoints()}
        if request.module not in OWNER_ROLE or (request.module, request.interface) not in offered:
            raise build_not_found("no such endpoint")
        if request.module in ("commands", "chargingprofiles"):
            return self._remote.handle(request)
        return (sender if request.interface == "SENDER" else receiver).handle(request, self._state)

    def _answer_versions(self, request: Request) -> Answer:
        if request.method != "GET":
            raise build_not_allowed("GET")
        if not request.rest:
            url = f"{self._state.base_url}{self._state.config.base_path}/{VERSION}"
            return Answer(data=[{"version": VERSION, "url": url}])
        if request.rest != (VERSION,):
            raise build_not_found("no such version")
        return Answer(data={"version": VERSION, "endpoints": self._state.list_endpoints()})

    def _write(self, request: Request, answer: Answer) -> web.Response:
        now = format_moment(self._state.clock.tick())
        envelope: dict[str, Any] = {} if answer.data is None else {"data": answer.data}
        envelope |= {"status_code": answer.status_code}
        envelope |= {"status_message": answer.message} if answer.message else {}
        text = jsontext.dumps(envelope | {"timestamp": now})
        self._state.record.add(
            Message(
                at=now,
                direction="in",
                method=request.method,
                path=request.path,
                module=request.module,
                query="&".join(f"{name}={value}" for name, value in request.query.items()),
                headers=without_secrets(request.headers),
                body=request.body.decode("utf-8", "replace"),
                status=answer.status,
                status_code=answer.status_code,
                answer=text,
            )
        )
        headers = build_reply_headers(request) | dict(answer.headers)
        return web.Response(status=answer.status, text=text, headers=headers, content_type="application/json")


def _read_request(http: web.BaseRequest, body: bytes, *, base_path: str) -> Request:
    """`{base}/versions`, `{base}/2.2.1`, `{base}/2.2.1/credentials`, `{base}/2.2.1/{interface}/{module}/…`."""
    raw = http.rel_url.raw_path.removeprefix(base_path) if http.rel_url.raw_path.startswith(base_path) else ""
    segments = [unquote(segment) for segment in raw.strip("/").split("/")]
    module, interface = "", ""
    rest: tuple[str, ...] = ()
    match segments:
        case ["versions"]:
            module = "versions"
        case [version]:
            module, rest = "versions", (version,)
        case [_, "credentials"] if segments[0] == VERSION:
            module = "credentials"
        case [_, "sender" | "receiver", found, *others] if segments[0] == VERSION:
            module, interface, rest = found, segments[1].upper(), tuple(others)
    headers = {name.lower(): value for name, value in http.headers.items()}
    return Request(
        method=http.method,
        path=http.path,
        module=module,
        interface=interface,
        rest=rest,
        query=dict(http.query),
        headers=headers,
        body=body,
        token=read_token(headers.get("authorization")),
    )


def _handle_client_info(request: Request, state: State) -> Answer:
    """HubClientInfo RECEIVER (HCI-05, HCI-07). Kept per role, because the URL names none (AMB-43)."""
    if request.method not in ("GET", "PUT"):
        raise build_not_allowed("GET, PUT")
    if request.interface != "RECEIVER" or len(request.rest) != 2:
        raise build_not_found("no such party")
    party = "*".join(request.rest).upper()
    if request.method == "GET":
        found = [info for key, info in state.client_info.items() if key.startswith(f"{party}/")]
        if not found:
            raise build_not_found("no such party")
        return Answer(data=found[0])
    info = request.read_object()
    missing = [name for name in ("party_id", "country_code", "role", "status", "last_updated") if not info.get(name)]
    if missing or f"{info['country_code']}*{info['party_id']}".upper() != party:
        state.record.note_breach(f"PUT {request.path}: incomplete or another party (HCI-07)")
        raise build_wrong(f"{', '.join(missing) or 'party'}: missing or wrong")
    keep_client_info(state, info)
    return Answer()


def keep_client_info(state: State, info: dict[str, Any]) -> None:
    """The newest word counts, whether it was pushed or pulled."""
    key = f"{info['country_code']}*{info['party_id']}/{info['role']}".upper()
    known = state.client_info.get(key)
    if known is None or parse_moment(known["last_updated"]) <= parse_moment(info["last_updated"]):
        state.client_info[key] = info
