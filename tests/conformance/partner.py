"""A partner of the suite: a platform with its own HTTP server that records, its registration, its calls to the hub.

Like wire.py it knows nothing of any hub's code: the hub is what its versions URL leads to.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests

from tests.conformance.wire import Answer, Call, as_json, encode_token, new_id, routing, split_url
from tests.parties.http_peer import Handler, HttpPeer, Server

FUNCTIONAL = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles")
OFFERS = (
    *((module, interface) for module in FUNCTIONAL for interface in ("SENDER", "RECEIVER")),
    ("hubclientinfo", "RECEIVER"),
)
BASE = "/odd/base.path/2.2.1"  # taken verbatim by a hub that reads version details
PATIENCE = 20.0  # seconds until something that must come has come
QUIET = 2.5  # seconds in which something that must not come would have come

Reply = Callable[[Handler, Call], None]


def envelope(data: Any = ..., *, code: int = 1000, message: str = "") -> dict[str, Any]:
    """`data` left out unless given."""
    found: dict[str, Any] = {"status_code": code, "timestamp": "2026-11-20T10:00:00Z"}
    if message:
        found["status_message"] = message
    return found if data is ... else found | {"data": data}


def reply(
    data: Any = ...,
    *,
    code: int = 1000,
    message: str = "",
    http: int = 200,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    after: float = 0.0,
) -> Reply:
    """What a partner answers; `body` instead of an envelope; `after`: seconds it takes its time."""
    sent = as_json(envelope(data, code=code, message=message)) if body is None else body
    named = {"Content-Type": "application/json"} | dict(headers or {})

    def write(handler: Handler, call: Call) -> None:
        if after:
            handler.server.peer.released.wait(after)
        handler.answer(sent, status=http, headers=tuple(named.items()))

    return write


def hang_up(handler: Handler, call: Call) -> None:
    """Breaks the connection off without an answer."""
    handler.close_connection = True


class Partner:
    """`roles`: ("DE*CPA CPO", …). `offers`: what its version details list. The first role is FROM by default."""

    def __init__(
        self,
        *roles: str,
        versions_url: str,
        token_a: str = "",
        offers: Sequence[tuple[str, str]] = OFFERS,
        versions: Sequence[str] = ("2.2.1",),
        handle: Any = None,
    ) -> None:
        self.roles = [tuple(role.split()) for role in roles]
        self.party = self.roles[0][0]
        self.owner = self.party.replace("*", "/")  # "DE/CPA", for paths
        self.hub_versions_url = versions_url
        self.token_a = token_a
        self.token_b = secrets.token_urlsafe(32)  # what the hub has to show to us
        self.token = ""  # what we show to the hub, once registered
        self.handle = handle  # the operator's
        self.offers = list(offers)
        self.versions = list(versions)
        self.credentials_role = "SENDER"
        self.hub_endpoints: dict[tuple[str, str], str] = {}
        self.hub_credentials: dict[str, Any] = {}
        self._calls: list[Call] = []
        self._news = threading.Condition()
        self._behaviours: list[tuple[Callable[[Call], bool], Reply]] = []
        self._session = requests.Session()
        self._session.trust_env = False
        self._server: Server | None = None
        self._port = 0
        self.start()

    # Life

    def start(self) -> None:
        """Its server comes, or comes back on the port it had."""
        self._server = Server(("127.0.0.1", self._port), Handler)
        self._server.peer = HttpPeer(self._serve)
        self._port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self.versions_url = f"{self.url}{BASE}/versions"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        """Its server goes; calls to the hub are still possible."""
        if self._server is not None:
            self._server.peer.released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # What the hub said to it

    @property
    def calls(self) -> list[Call]:
        with self._news:
            return list(self._calls)

    def find(self, method: str = "", module: str = "", *, contains: str = "", interface: str = "") -> list[Call]:
        """Calls that came in so far; `contains` is looked for in path, query and body."""
        return [call for call in self.calls if _fits(call, method, module, contains, interface)]

    def wait_for(
        self,
        method: str = "",
        module: str = "",
        *,
        contains: str = "",
        interface: str = "",
        that: Callable[[Call], bool] = lambda call: True,
        within: float = PATIENCE,
    ) -> Call:
        """The first such call, as soon as it is there. It fails when none comes."""
        end = time.monotonic() + within
        with self._news:
            while True:
                for call in self._calls:
                    if _fits(call, method, module, contains, interface) and that(call):
                        return call
                left = end - time.monotonic()
                assert left > 0, (
                    f"{self.party} was not called: {method} {module} {contains} within {within} s; last: "
                    f"{[(c.method, c.path) for c in self._calls[-5:]]}"
                )
                self._news.wait(min(left, 0.5))

    def expect_nothing(self, method: str = "", module: str = "", *, contains: str = "", within: float = QUIET) -> None:
        """No such call came, and none comes for a while. Always give `contains`: others use this partner too."""
        time.sleep(within)
        found = self.find(method, module, contains=contains)
        assert not found, f"{self.party} was called: {[(c.method, c.path) for c in found]}"

    @contextmanager
    def answering(self, write: Reply, *, when: Callable[[Call], bool] = lambda call: True) -> Iterator[None]:
        """Its answers to functional calls for which `when` holds, inside the block; the newest rule first."""
        rule = (when, write)
        self._behaviours.insert(0, rule)
        try:
            yield
        finally:
            self._behaviours.remove(rule)

    # Towards the hub

    def call(
        self,
        method: str,
        module: str,
        path: str = "",
        *,
        interface: str = "RECEIVER",
        body: Any = None,
        to: str = "",
        sender: str | None = None,
        query: str = "",
        headers: Mapping[str, str | None] | None = None,
        timeout: float = 30,
    ) -> Answer:
        """To the endpoint that the hub advertised. `sender=""`: no FROM. A header given as None is left out."""
        url = self.hub_endpoints[module, interface] + (f"/{path}" if path else "") + (f"?{query}" if query else "")
        return self.call_url(method, url, body=body, to=to, sender=sender, headers=headers, timeout=timeout)

    def call_url(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        to: str = "",
        sender: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        timeout: float = 30,
    ) -> Answer:
        from_party = self.party if sender is None else sender
        sent: dict[str, str | None] = {
            "Authorization": encode_token(self.token if token is None else token),
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
            **(routing("from", from_party) if from_party else {}),
            **(routing("to", to) if to else {}),
        }
        data = body if body is None or isinstance(body, bytes) else as_json(body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        for name, value in (headers or {}).items():
            sent = {key: old for key, old in sent.items() if key.lower() != name.lower()} | {name: value}
        response = self._session.request(
            method,
            url,
            data=data,
            headers={name: value for name, value in sent.items() if value is not None},
            timeout=timeout,
            allow_redirects=False,
        )
        return Answer(response)

    def configure(self, method: str, url: str, *, token: str | None = None, body: Any = None, **options: Any) -> Answer:
        """Versions, details, credentials, hub client info: without routing headers."""
        return self.call_url(method, url, body=body, sender="", token=token, **options)

    # Registration

    def register(self) -> Partner:
        """The credentials handshake with Token A; it fails unless the hub takes it."""
        answer = self.post_credentials()
        assert (answer.http, answer.code) == (200, 1000), f"{self.party} could not register: {answer!r}"
        self.take(answer)
        return self

    def take(self, answer: Answer) -> None:
        """The hub's credentials, as a partner keeps them."""
        self.hub_credentials = answer.data
        self.token = answer.data["token"]

    def post_credentials(self, **changes: Any) -> Answer:
        self.read_hub(self.token_a)
        return self.send_credentials("POST", shown=self.token_a, **changes)

    def put_credentials(self, **changes: Any) -> Answer:
        return self.send_credentials("PUT", shown=self.token, **changes)

    def send_credentials(self, method: str, *, shown: str, **changes: Any) -> Answer:
        body = self.build_credentials() | changes
        return self.configure(method, self.hub_endpoints["credentials", "SENDER"], token=shown, body=body)

    def read_hub(self, token: str) -> None:
        """Versions and details of the hub; what it offers is in `hub_endpoints`."""
        listed = self.configure("GET", self.hub_versions_url, token=token)
        assert listed.code == 1000, f"versions: {listed!r}"
        url = next(version["url"] for version in listed.data if version["version"] == "2.2.1")
        details = self.configure("GET", url, token=token)
        assert details.code == 1000, f"version details: {details!r}"
        for endpoint in details.data["endpoints"]:
            role = "SENDER" if endpoint["identifier"] == "credentials" else endpoint["role"]
            self.hub_endpoints[endpoint["identifier"], role] = endpoint["url"]

    def build_credentials(self) -> dict[str, Any]:
        return {"token": self.token_b, "url": self.versions_url, "roles": [build_role(*role) for role in self.roles]}

    def get_endpoint(self, module: str, interface: str) -> str:
        """Where the hub has to call it."""
        return f"{self.url}{BASE}/{interface.lower()}/{module}"

    # Its server

    def _serve(self, handler: Handler) -> None:
        if self._server is None:  # a connection that outlived its server
            handler.close_connection = True
            return None
        call = self._read(handler)
        with self._news:
            self._calls.append(call)
            self._news.notify_all()
        for when, write in list(self._behaviours):
            if when(call):
                return write(handler, call)
        return self._answer(handler, call)

    def _read(self, handler: Handler) -> Call:
        path, query = split_url(handler.path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        call = Call(handler.command, path, query, headers, handler.body, at=time.monotonic())
        parts = path.removeprefix(BASE).strip("/").split("/")
        if parts[0] in ("sender", "receiver") and len(parts) > 1:
            call.interface, call.module, call.suffix = parts[0].upper(), parts[1], "/".join(parts[2:])
        else:
            call.module = parts[0]  # versions, details, credentials
        return call

    def _answer(self, handler: Handler, call: Call) -> None:
        if call.module == "versions":
            listed = [{"version": v, "url": f"{self.url}{BASE}/details/{v}"} for v in self.versions]
            return reply(listed)(handler, call)
        if call.module == "details":
            return reply(self.build_details(call.path.rsplit("/", 1)[1]))(handler, call)
        if call.module == "credentials":
            return self._answer_credentials(handler, call)
        if call.method == "GET" and call.interface == "SENDER" and not call.suffix:
            return reply([], headers={"X-Total-Count": "0", "X-Limit": "100"})(handler, call)
        return reply(http=201 if call.method == "POST" and call.module == "cdrs" else 200)(handler, call)

    def _answer_credentials(self, handler: Handler, call: Call) -> None:
        """The hub starts: it gives its token, we give a new one of ours."""
        if call.method in ("POST", "PUT"):
            self.hub_credentials = json.loads(call.body)
            self.token = self.hub_credentials["token"]
            self.token_b = secrets.token_urlsafe(32)
            return reply(self.build_credentials())(handler, call)
        return reply()(handler, call)

    def build_details(self, version: str) -> dict[str, Any]:
        endpoints = [
            {"identifier": module, "role": interface, "url": self.get_endpoint(module, interface)}
            for module, interface in self.offers
        ]
        own = {"identifier": "credentials", "role": self.credentials_role, "url": f"{self.url}{BASE}/credentials"}
        return {"version": version, "endpoints": [own, *endpoints]}


def build_role(party: str, role: str) -> dict[str, Any]:
    country, _, id = party.partition("*")
    return {"role": role, "country_code": country, "party_id": id, "business_details": {"name": f"{party} {role}"}}


def _fits(call: Call, method: str, module: str, contains: str, interface: str) -> bool:
    return (
        (not method or call.method == method)
        and (not module or call.module == module)
        and (not interface or call.interface == interface)
        and (not contains or contains in f"{call.path}?{call.query}" or contains.encode() in call.body)
    )


__all__ = ["BASE", "FUNCTIONAL", "OFFERS", "PATIENCE", "QUIET", "Partner", "envelope", "hang_up", "new_id", "reply"]
