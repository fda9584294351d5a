"""A hub with two registered partners, and a stranger's way to ask it anything. Every answer is judged here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.journeys.caller import Answer, Headers, connect, write_ids, write_party, write_request, write_token
from tests.journeys.hub import JourneyHub, run_hub
from tests.parties.fake_platform import FakePlatform, run_platform
from tests.parties.http_peer import Handler

CPO, EMSP = "NL*CPO", "FR*MSP"
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs")
OFFERS = [("credentials", "RECEIVER"), *((module, role) for module in MODULES for role in ("SENDER", "RECEIVER"))]


@dataclass
class Town:
    """The hub, and the tokens that open it."""

    hub: JourneyHub
    tokens: dict[str, str] = field(default_factory=dict)  # by party
    token_a: str = ""  # of a third platform, not registered
    _web: int = 0
    _log_read: int = 0  # characters

    def ask(
        self,
        method: str,
        path: str | bytes,
        *,
        by: str | None = None,
        to: str | None = "NL*HUB",
        headers: Headers = (),
        body: bytes | None = None,
        chunk: int = 0,
    ) -> Answer:
        """One request on a connection of its own; `by` is the party whose token and FROM headers it carries."""
        given = {str(name).lower() for name, _ in headers}
        ids = [(name, value) for name, value in write_ids() if name.lower() not in given]
        own = [*ids, *headers]
        if by is not None:
            own += [write_token(self.tokens[by]), *write_party("from", by)]
        if to is not None:
            own += write_party("to", to)
        if body is not None and "content-type" not in given:
            own.append(("Content-Type", "application/json"))
        with connect(self.hub.port) as connection:
            connection.send(write_request(method, path, headers=own, body=body, chunk=chunk))
            answer = connection.read(method=method)
        assert answer is not None, f"{method} {path[:100]!r}: no answer at all"
        return judge(answer, ids=ids, has_body=method != "HEAD")

    # Whether the hub is well

    def start_watching(self) -> None:
        self._web = self.hub.stack.processes["web"]

    def demand_health(self) -> None:
        """Still the same process, ready for traffic, and nothing new in its log that somebody would have to mend."""
        with connect(self.hub.port) as connection:
            connection.send(write_request("GET", "/readyz"))
            answer = connection.read()
        assert answer is not None
        assert answer.status == 200, answer.body
        assert self.hub.stack.processes["web"] == self._web
        os.kill(self._web, 0)
        log = self.hub.read_log("web")[self._log_read :]
        self._log_read += len(log)
        assert "Traceback" not in log, log[-4000:]
        assert " ERROR " not in log, log[-4000:]


def judge(answer: Answer, *, ids: Headers = (), has_body: bool = True) -> Answer:
    """TRANS-14, TRANS-37: an envelope and both ids, whatever was asked; and a stranger cannot make the hub fail."""
    assert answer.status < 500, (answer.status, answer.body)
    assert answer.headers["content-type"].startswith(b"application/json"), answer.headers
    for name, value in ids:
        wanted = value if isinstance(value, bytes) else value.encode("latin-1")
        assert answer.headers[str(name).lower()] == wanted
    if has_body:
        assert isinstance(answer.envelope["status_code"], int)
        assert answer.envelope["timestamp"].endswith("Z")
        assert answer.code != 3000, answer.body
    return answer


@contextmanager
def build_town() -> Iterator[Town]:
    """A CPO and an eMSP with an agreement, and one who has a Token A only."""
    with run_hub(HUB_RATE_STRANGERS="0") as hub, ExitStack() as stack:  # they ask more often than one may
        town = Town(hub)
        api = hub.open_api()
        stack.callback(api.close)
        for party, role in ((CPO, "CPO"), (EMSP, "EMSP")):
            issued = api.create_platform(name=party, parties=[_party(party, role)])
            roles = [_party(party, role) | {"business_details": {"name": party}}]
            peer = stack.enter_context(run_platform(token=f"token-of-{party}", roles=roles, modules=OFFERS))
            town.tokens[party] = _register(town, peer, issued)
        town.token_a = api.create_platform(name="newcomer", parties=[_party("DE*NEW", "CPO")])["token_a"]
        api.create_agreement(
            {
                "provider": CPO,
                "consumer": EMSP,
                "modules": list(MODULES),
                "valid_from": "2020-01-01T00:00:00Z",
                "valid_until": None,
                "delivery": "relay",
                "delivery_by_module": {},
            }
        )
        town.start_watching()
        yield town


def _party(party: str, role: str) -> dict[str, Any]:
    country, party_id = party.split("*")
    return {"country_code": country, "party_id": party_id, "role": role, "name": party}


def _register(town: Town, peer: FakePlatform, issued: dict[str, Any]) -> str:
    """POST of credentials with Token A; afterwards the peer says yes to everything."""
    credentials = json.dumps(peer.make_credentials()).encode()
    headers = [write_token(issued["token_a"])]
    answer = town.ask("POST", "/ocpi/2.2.1/credentials", to=None, headers=headers, body=credentials)
    assert answer.code == 1000, answer.body
    token: str = answer.envelope["data"]["token"]
    assert peer.http is not None
    peer.http.behave = _say_yes
    return token


def _say_yes(handler: Handler) -> None:
    handler.answer(b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}')
