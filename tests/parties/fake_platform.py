"""A partner's back end for handshakes: versions, details, credentials over real HTTP; each answer can be spoilt."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.parties.http_peer import Handler, HttpPeer, serve

CPO_ROLE = {"role": "CPO", "country_code": "NL", "party_id": "CPO", "business_details": {"name": "Blue Power"}}


@dataclass
class FakePlatform:
    token: str = "their-token"  # what it hands out in credentials
    roles: list[dict[str, Any]] = field(default_factory=lambda: [CPO_ROLE])
    versions: list[str] = field(default_factory=lambda: ["2.1.1", "2.2.1"])
    modules: list[tuple[str, str]] = field(
        default_factory=lambda: [("credentials", "RECEIVER"), ("locations", "SENDER")]
    )
    status: int = 200
    status_code: int = 1000
    spoil: dict[str, bytes] = field(default_factory=dict)  # by path: this body instead
    spoilt_status: int | None = None  # of these; None: that of all others
    on_call: Callable[[str, str], None] = lambda method, path: None
    credentials_status_code: int = 1000
    hang_up_on: tuple[str, ...] = ()  # methods
    url: str = ""
    http: HttpPeer | None = None

    @property
    def versions_url(self) -> str:
        return self.url + "/versions"

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """Method, path and token of everything that was asked."""
        assert self.http is not None
        return [(seen.method, seen.path, _read_token(seen.headers["authorization"])) for seen in self.http.seen]

    def get_body(self, method: str) -> dict[str, Any]:
        assert self.http is not None
        body: dict[str, Any] = json.loads(next(seen.body for seen in self.http.seen if seen.method == method))
        return body

    def make_credentials(self, **changes: object) -> dict[str, Any]:
        return {"token": self.token, "url": self.versions_url, "roles": self.roles} | changes

    def answer(self, handler: Handler) -> None:
        self.on_call(handler.command, handler.path)
        if handler.command in self.hang_up_on:
            handler.close_connection = True
            return
        if handler.path in self.spoil:
            handler.answer(self.spoil[handler.path], status=self.spoilt_status or self.status)
            return
        data, code = self._choose(handler)
        body = {"status_code": code, "timestamp": "2026-01-01T00:00:00Z"} | ({} if data is None else {"data": data})
        handler.answer(json.dumps(body).encode(), status=self.status)

    def _choose(self, handler: Handler) -> tuple[Any, int]:
        if handler.path == "/versions":
            return [{"version": v, "url": f"{self.url}/{v}"} for v in self.versions], self.status_code
        if handler.path == "/2.2.1":
            endpoints = [
                {"identifier": module, "role": role, "url": f"{self.url}/2.2.1/{module}"}
                for module, role in self.modules
            ]
            return {"version": "2.2.1", "endpoints": endpoints}, self.status_code
        data = None if handler.command == "DELETE" else self.make_credentials()
        return data, self.credentials_status_code


@contextmanager
def run_platform(**changes: Any) -> Iterator[FakePlatform]:
    platform = FakePlatform(**changes)
    with serve(platform.answer) as http:
        platform.http, platform.url = http, http.url
        yield platform


def _read_token(header: str) -> str:
    return base64.b64decode(header.removeprefix("Token ")).decode()
