"""A partner of the fault tests, on the test's own event loop: it keeps every call it gets, and tries again itself.

It knows nothing of the hub's code: only its versions URL and a Token A.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.documents import as_json

MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles")
TIMEOUT = 20.0  # seconds for one call; the hub's own are shorter
PAUSES = (0.2, 0.4, 0.8, 1.5)  # seconds between tries; the last one again and again


@dataclass(frozen=True)
class Arrival:
    """One call of the hub's, in the order in which calls came in."""

    number: int
    method: str
    module: str
    path: str  # behind the endpoint
    request_id: str
    correlation_id: str
    body: bytes
    was_answered: bool


@dataclass(frozen=True)
class Answer:
    http: int
    code: int | None
    message: str
    data: Any
    request_id: str

    @property
    def is_success(self) -> bool:
        return 200 <= self.http < 300 and self.code is not None and 1000 <= self.code < 2000

    @property
    def is_worth_another_try(self) -> bool:
        """The hub or the receiver could not; nobody said anything about the call itself."""
        return self.http >= 500 or self.http in (401, 429) or self.code is None or self.code >= 3000


@dataclass
class Tries:
    """What became of one call that somebody insists on."""

    correlation_id: str
    answer: Answer | None = None
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.unanswered + len(self.refused) + (self.answer is not None)


class Unanswered(Exception):
    """No whole answer: nobody knows what the hub did."""


class Refused(AssertionError):
    """An answer that says the call was wrong: a fault of the test or the hub."""


class Partner:
    def __init__(self, party: str, role: str, *, dice: random.Random, lost: float = 0.0) -> None:
        self.party = party
        self.role = role
        self.arrivals: list[Arrival] = []
        self.platform = 0  # the hub's number for it
        self.token = ""  # what it shows to the hub
        self.token_b = secrets.token_urlsafe(32)
        self.hub: dict[tuple[str, str], str] = {}
        self.on_command: Callable[[dict[str, Any]], None] | None = None
        self.before_answer: Callable[[Arrival], Awaitable[None]] | None = None
        self.pause = 0.0  # seconds it thinks about a push
        self._dice = dice
        self._lost = lost  # share of the answers that get lost on their way back
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    # Its server

    async def start(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                trust_env=False,
            )
            self._session._retry_connection = False  # aiohttp's own repeat: every try is to be counted
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def go_away(self) -> None:
        """Nobody can reach it; it can still call."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        await self.go_away()
        if self._session is not None:
            await self._session.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/ocpi"

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        parts = request.path.removeprefix("/ocpi/").split("/")
        if parts[0] in ("versions", "details", "credentials"):
            return _envelope(self._describe(parts[0]))
        if request.method == "GET":
            return _envelope([], headers={"X-Total-Count": "0", "X-Limit": "100"})
        await asyncio.sleep(self.pause)
        is_lost = self._dice.random() < self._lost
        self.arrivals.append(
            Arrival(
                number=len(self.arrivals),
                method=request.method,
                module=parts[1] if parts[0] in ("sender", "receiver") else parts[0],
                path="/".join(parts[2:]) + (f"?{request.query_string}" if request.query_string else ""),
                request_id=request.headers.get("X-Request-ID", ""),
                correlation_id=request.headers.get("X-Correlation-ID", ""),
                body=body,
                was_answered=not is_lost,
            )
        )
        if self.before_answer is not None:
            await self.before_answer(self.arrivals[-1])
        if is_lost and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if parts[1] == "commands" and parts[0] == "receiver":
            if self.on_command is not None:
                self.on_command(json.loads(body))
            return _envelope({"result": "ACCEPTED", "timeout": 30})
        return _envelope(status=201 if parts[1:2] == ["cdrs"] else 200)

    def _describe(self, what: str) -> Any:
        if what == "versions":
            return [{"version": "2.2.1", "url": f"{self.url}/details"}]
        if what == "credentials":
            return self._build_credentials()
        endpoints = [{"identifier": "credentials", "role": "SENDER", "url": f"{self.url}/credentials"}]
        for module in MODULES:
            for role in ("SENDER", "RECEIVER"):
                url = f"{self.url}/{role.lower()}/{module}"
                endpoints.append({"identifier": module, "role": role, "url": url})
        return {"version": "2.2.1", "endpoints": endpoints}

    def _build_credentials(self) -> dict[str, Any]:
        country, _, party = self.party.partition("*")
        role = {"role": self.role, "country_code": country, "party_id": party, "business_details": {"name": self.party}}
        return {"token": self.token_b, "url": f"{self.url}/versions", "roles": [role]}

    # Its calls

    async def register(self, versions_url: str, *, token_a: str) -> None:
        self.token = token_a
        versions = (await self.call_once("GET", versions_url, routed=False)).data
        details = next(version["url"] for version in versions if version["version"] == "2.2.1")
        found = (await self.call_once("GET", details, routed=False)).data
        self.hub = {(one["identifier"], one["role"]): one["url"] for one in found["endpoints"]}
        url = next(url for (module, _), url in self.hub.items() if module == "credentials")
        answer = await self.call_once("POST", url, body=self._build_credentials(), routed=False)
        assert answer.is_success, f"{self.party} could not register: {answer}"
        self.token = answer.data["token"]

    async def insist(
        self, method: str, url: str, *, body: Any = None, to: str = "", correlation_id: str = "", until: float = 240.0
    ) -> Tries:
        """Until it is answered; each try is a request of its own, all of them one story (TRANS-42)."""
        tries = Tries(correlation_id or str(uuid.uuid4()))
        loop = asyncio.get_running_loop()
        end = loop.time() + until
        while True:
            pause = PAUSES[min(tries.count, len(PAUSES) - 1)]
            try:
                answer = await self.call_once(method, url, body=body, to=to, correlation_id=tries.correlation_id)
            except Unanswered:
                tries.unanswered += 1
            else:
                if answer.is_success or (answer.http == 404 and method == "DELETE" and tries.count):
                    tries.answer = answer  # what an earlier try has deleted is not there any more
                    return tries
                if not answer.is_worth_another_try:
                    raise Refused(f"{self.party} {method} {url}: {answer}")
                tries.refused.append(f"{answer.http} {answer.code} {answer.message}")
            if loop.time() > end:
                raise Refused(f"{self.party} {method} {url}: not in {until:.0f} s: {tries.refused[-3:]}")
            await asyncio.sleep(pause * (0.5 + self._dice.random()))

    async def call_once(
        self, method: str, url: str, *, body: Any = None, to: str = "", correlation_id: str = "", routed: bool = True
    ) -> Answer:
        assert self._session is not None
        request_id = str(uuid.uuid4())
        headers = {
            "Authorization": "Token " + base64.b64encode(self.token.encode()).decode(),
            "X-Request-ID": request_id,
            "X-Correlation-ID": correlation_id or str(uuid.uuid4()),
        }
        if routed:
            headers |= _routing("from", self.party) | (_routing("to", to) if to else {})
        data = None
        if body is not None:
            data, headers["Content-Type"] = as_json(body), "application/json"
        try:
            async with self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as reply:
                content = await reply.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as e:
            raise Unanswered(str(e)) from e
        return _read(reply.status, content, request_id=request_id)

    def get_url(self, module: str, path: str = "", *, interface: str = "RECEIVER", query: str = "") -> str:
        return self.hub[module, interface] + (f"/{path}" if path else "") + (f"?{query}" if query else "")


def _read(status: int, content: bytes, *, request_id: str) -> Answer:
    try:
        told = json.loads(content)
        return Answer(status, told["status_code"], told.get("status_message") or "", told.get("data"), request_id)
    except (ValueError, KeyError, TypeError):
        return Answer(status, None, content[:200].decode(errors="replace"), None, request_id)


def _routing(which: str, party: str) -> dict[str, str]:
    country, _, id = party.partition("*")
    return {f"OCPI-{which}-country-code": country, f"OCPI-{which}-party-id": id}


def _envelope(data: Any = None, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    told = {"status_code": 1000, "timestamp": "2026-11-20T10:00:00Z"} | ({} if data is None else {"data": data})
    return web.Response(body=as_json(told), status=status, content_type="application/json", headers=headers)
