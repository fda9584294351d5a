"""What one simulated platform is: its parties, ports and secrets, read from a JSON file."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simulator import jsontext


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One role of one party. `locations`, `tariffs` and `tokens` say how much of the world it owns."""

    country_code: str
    party_id: str
    role: str
    name: str
    locations: int = 0
    tariffs: int = 0
    tokens: int = 0
    currency: str = "EUR"

    @property
    def key(self) -> str:
        return f"{self.country_code}*{self.party_id}".upper()

    def to_credentials_role(self) -> dict[str, Any]:
        return {
            "role": self.role,
            "business_details": {"name": self.name},
            "party_id": self.party_id,
            "country_code": self.country_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConfig:
    """`port` and `control_port` 0 mean any free port; `token_a` is what this platform issued to its peer."""

    name: str
    parties: tuple[Party, ...]
    host: str = "127.0.0.1"
    port: int = 0
    control_port: int = 0
    control_key: str = field(default_factory=secrets.token_urlsafe)
    token_a: str = field(default_factory=secrets.token_urlsafe)
    base_path: str = "/ocpi"
    base_url: str = ""  # where the peer reaches us, if not http://host:port
    page_limit: int = 50
    seed: int = 1
    patience: float = 60.0  # seconds a call is tried again while the peer restarts
    timeout: float = 20.0  # seconds one attempt may take

    @classmethod
    def of_file(cls, path: Path) -> PlatformConfig:
        """Read what `write` wrote, or what a person wrote; what is left out has its default."""
        document: dict[str, Any] = jsontext.loads(path.read_text(encoding="utf-8"))
        document["parties"] = tuple(Party(**party) for party in document["parties"])
        for name in _SECONDS:
            if name in document:
                document[name] = float(document[name])
        return cls(**document)

    def write(self, path: Path) -> None:
        """The file holds secrets: it is readable by its owner only."""
        path.touch(mode=0o600)
        seconds = {name: str(getattr(self, name)) for name in _SECONDS}
        path.write_text(jsontext.dumps(asdict(self) | seconds), encoding="utf-8")


_SECONDS = ("patience", "timeout")
