"""A partner in tests: its place in the database, its HTTP server that records, and its way to call the hub."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import requests

from ocpi.calls import PartyId
from parties.models import Endpoint, Party, Platform
from parties.secrets import make_token, token_digest
from tests.live.hub import LiveHub
from tests.parties.http_peer import Handler, Seen, serve

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands", "chargingprofiles")
OK = json.dumps({"status_code": 1000, "timestamp": "2026-11-20T10:00:00Z"}).encode()

Answer = Callable[[Handler], None]


def answer_ok(handler: Handler) -> None:
    status = 201 if handler.command == "POST" else 200
    handler.answer(OK, status=status, headers=(("Content-Type", "application/json"),))


class Partner:
    """One registered platform with one or several parties; offers every module on both interfaces by default."""

    def __init__(
        self, hub: LiveHub, *parties: tuple[str, str], offers: tuple[str, ...] = MODULES, **platform: Any
    ) -> None:
        self.hub = hub
        self.parties = [PartyId.of_text(text) for text, _ in parties]
        self.token, self.token_out = make_token(), make_token()
        self.behave: Answer = answer_ok
        self._stack = ExitStack()
        self.peer = self._stack.enter_context(serve(lambda handler: self.behave(handler)))
        columns = {"state": "REGISTERED", "registered_at": LONG_AGO, "changed_at": LONG_AGO} | platform
        self.platform = Platform.objects.create(
            name="-".join(text for text, _ in parties),
            token_in_digest=token_digest(self.token),
            token_out=self.token_out,
            versions_url=f"{self.peer.url}/versions",
            **columns,
        )
        for text, role in parties:
            party = PartyId.of_text(text)
            Party.objects.create(
                platform=self.platform,
                country_code=party.country_code,
                party_id=party.party_id,
                role=role,
                name=text,
                changed_at=LONG_AGO,
            )
        for module in (*offers, "hubclientinfo"):
            for interface in ("SENDER", "RECEIVER"):
                Endpoint.objects.create(
                    platform=self.platform,
                    module=module,
                    interface=interface,
                    url=f"{self.peer.url}/{interface.lower()}/{module}",
                )

    def close(self) -> None:
        self._stack.close()

    # Towards the hub

    def call(
        self,
        method: str,
        module: str,
        path: str = "",
        *,
        interface: str = "receiver",
        body: Any = None,
        to: str | None = None,
        sender: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        url = self.hub.get_url(module, interface) + (f"/{path}" if path and not path.startswith("?") else path)
        return self.call_url(method, url, body=body, to=to, sender=sender, headers=headers)

    def call_url(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        to: str | None = None,
        sender: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        sent = {
            "Authorization": "Token " + base64.b64encode(self.token.encode()).decode(),
            "X-Request-ID": str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
            **self._routing("from", sender or str(self.parties[0])),
            **(self._routing("to", to) if to else {}),
            **(headers or {}),
        }
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.hub.request(method, url, data=data, headers={k: v for k, v in sent.items() if v})

    @staticmethod
    def _routing(which: str, text: str) -> dict[str, str]:
        party = PartyId.of_text(text)
        return {f"OCPI-{which}-country-code": party.country_code, f"OCPI-{which}-party-id": party.party_id}

    # What the hub said to it

    @property
    def seen(self) -> list[Seen]:
        return self.peer.seen

    def answer_with(self, body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> None:
        encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.behave = lambda handler: handler.answer(encoded, status=status, headers=headers)


def get_code(response: requests.Response) -> int:
    return int(response.json()["status_code"])
