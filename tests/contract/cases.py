"""One case per module: what a valid push looks like. What all modules must obey is in the tests beside this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.documents import (
    ABSENT,
    cdr_document,
    location_document,
    session_document,
    tariff_document,
    token_document,
)

CPO, EMSP = "NL*CPO", "FR*MSP"


@dataclass(frozen=True)
class Case:
    module: str
    document: Callable[..., dict[str, Any]]
    method: str
    from_cpo: bool
    required: str  # a field whose absence must be named
    id_field: str = "id"
    list_query: str = ""
    broadcast: bool = True

    @property
    def owner(self) -> str:
        return CPO if self.from_cpo else EMSP

    def make(self, *, id: str = "X1", owner: str | None = None, **changes: Any) -> dict[str, Any]:
        extra = {} if self.broadcast else {"cdr_token": {"country_code": "FR", "party_id": "MSP"}}
        if self.id_field == "uid":
            return self.document(owner=owner or self.owner, uid=id, **changes)
        return self.document(owner=owner or self.owner, id=id, **(extra | changes))

    def path(self, *, id: str = "X1", owner: str | None = None) -> str:
        return "" if self.method == "POST" else f"{(owner or self.owner).replace('*', '/')}/{id}"


CASES = [
    Case("locations", location_document, "PUT", True, "coordinates"),
    Case("tariffs", tariff_document, "PUT", True, "currency"),
    Case("tokens", token_document, "PUT", False, "issuer", id_field="uid"),
    Case(
        "sessions", session_document, "PUT", True, "kwh", list_query="?date_from=2020-01-01T00:00:00Z", broadcast=False
    ),
    Case("cdrs", cdr_document, "POST", True, "total_cost", broadcast=False),
]
BROADCAST = [case for case in CASES if case.broadcast]
ADDRESSED = [case for case in CASES if not case.broadcast]

__all__ = ["ABSENT", "ADDRESSED", "BROADCAST", "CASES", "Case"]
