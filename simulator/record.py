"""What a platform saw: every message in and out, and every breach of the protocol by its peer. Kept in memory only."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_SECRET = {"authorization"}
_KEPT = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request and what was answered. Headers are without secrets, names in lower case."""

    at: str
    direction: str  # "in" or "out"
    method: str
    path: str
    module: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    status_code: int = 0
    answer: str = ""


@dataclass(slots=True)
class Record:
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=_KEPT))
    breaches: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, message: Message) -> None:
        self.messages.append(message)
        verdict = "ok" if message.status < 300 and 1000 <= message.status_code < 2000 else "refused"
        self.counts[f"{message.direction}.{message.module}.{message.method}.{verdict}"] += 1

    def note_breach(self, text: str) -> None:
        """The peer broke a rule. The message may have been served all the same; the report names it."""
        self.breaches.append(text)

    def find(self, *, limit: int = 1000, **wanted: str) -> list[dict[str, Any]]:
        """The newest messages whose fields equal what is asked for; `path` need only be contained."""
        found = []
        for message in reversed(self.messages):
            if all(_fits(message, name, value) for name, value in wanted.items()):
                found.append(asdict(message))
            if len(found) >= limit:
                break
        return found[::-1]


def _fits(message: Message, name: str, value: str) -> bool:
    seen = str(getattr(message, name))
    return value in seen if name == "path" else value == seen


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _SECRET}
