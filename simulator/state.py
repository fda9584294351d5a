"""All a platform remembers: its own objects, what each of its parties received, and the connection to its peer."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Clock
from simulator.config import Party, PlatformConfig
from simulator.record import Record
from simulator.store import Objects

VERSION = "2.2.1"
OWNER_ROLE = {
    **{"locations": "CPO", "tariffs": "CPO", "sessions": "CPO", "cdrs": "CPO", "tokens": "EMSP"},
    **{"commands": "EMSP", "chargingprofiles": "EMSP"},  # who sends them has the SENDER interface
}
CONFIGURATION = ("versions", "credentials", "hubclientinfo")


@dataclass(slots=True)
class Connection:
    """The registration with the one peer (a hub, or another platform)."""

    accepted: set[str] = field(default_factory=set)  # tokens the peer may use on every module
    token_a: str | None = None  # issued, not yet used; opens versions and credentials only (TRANS-06)
    token_out: str = ""  # what we use
    versions_url: str = ""
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    roles: list[dict[str, Any]] = field(default_factory=list)
    registered: bool = False

    def issue_token_a(self) -> str:
        """A new registration may begin with it; until it has succeeded the old tokens stay good (CRED-06)."""
        self.token_a = secrets.token_urlsafe(32)
        return self.token_a

    def get_hub(self) -> str | None:
        """The hub's own party as "NL*HUB"; None if the peer is no hub."""
        for role in self.roles:
            if role["role"] == "HUB":
                return f"{role['country_code']}*{role['party_id']}".upper()
        return None


class State:
    def __init__(self, config: PlatformConfig) -> None:
        self.config = config
        self.clock = Clock()
        self.record = Record()
        self.connection = Connection(token_a=config.token_a)
        self.own: dict[str, dict[str, Objects]] = {}  # party → module → objects
        self.received: dict[str, dict[str, Objects]] = {}  # our receiving party → module → objects
        self.client_info: dict[str, dict[str, Any]] = {}  # "NL*CPO/CPO" → ClientInfo
        self.cdr_posts: Counter[str] = Counter()  # "NL*CPO/ID" → how often it was received
        self.cdr_locations: dict[str, str] = {}  # "NL*CPO/ID" → Location the receiver gave
        self.undelivered: dict[str, tuple[str, str]] = {}  # "cdrs NL*CPO/ID" → (party, receiver): never got there
        self.pulled: dict[str, int] = {}
        self.asked: dict[str, dict[str, Any]] = {}  # id in our response_url → what came there
        self.reservations: dict[str, str] = {}  # "NL*CPO/FR*MSP/ID" → response_url
        self.remote_sessions: list[dict[str, Any]] = []  # what became of those started by a command
        self.profiles: dict[str, dict[str, Any]] = {}  # "NL*CPO/ID of session" → ChargingProfile
        self.active_profiles: dict[str, dict[str, Any]] = {}  # "FR*MSP/ID of session" → ActiveChargingProfile, as told
        self.base_url = config.base_url

    @property
    def parties(self) -> dict[str, Party]:
        return {party.key: party for party in self.config.parties}

    @property
    def roles(self) -> set[str]:
        return {party.role for party in self.config.parties}

    def own_of(self, party: str, module: str) -> Objects:
        return self.own.setdefault(party, {}).setdefault(module, Objects(module))

    def received_by(self, party: str, module: str) -> Objects:
        return self.received.setdefault(party, {}).setdefault(module, Objects(module))

    def find_party(self, role: str) -> list[Party]:
        return [party for party in self.config.parties if party.role == role]

    def list_endpoints(self) -> list[dict[str, str]]:
        """What version details say (VERS-04): SENDER of what our roles own, RECEIVER of what the others own."""
        endpoints = [("credentials", "SENDER"), ("hubclientinfo", "RECEIVER")]
        for module, owner in OWNER_ROLE.items():
            if owner in self.roles:
                endpoints.append((module, "SENDER"))
            if self.roles - {owner}:
                endpoints.append((module, "RECEIVER"))
        return [{"identifier": module, "role": role, "url": self.build_url(module, role)} for module, role in endpoints]

    def build_url(self, module: str, role: str) -> str:
        middle = "" if module == "credentials" else f"{role.lower()}/"
        return f"{self.base_url}{self.config.base_path}/{VERSION}/{middle}{module}"

    @property
    def versions_url(self) -> str:
        return f"{self.base_url}{self.config.base_path}/versions"

    def build_credentials(self, token: str) -> dict[str, Any]:
        return {
            "token": token,
            "url": self.versions_url,
            "roles": [party.to_credentials_role() for party in self.config.parties],
        }
