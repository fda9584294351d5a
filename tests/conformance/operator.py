"""What only a hub's operator can do, behind one interface: `ManagementApi` drives ours, `NoOperator` has none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
import requests

NO_OPERATOR = "not applicable: needs operator"


@dataclass
class Planned:
    """A partner that was announced to the hub; `handle` is the operator's word for it."""

    handle: Any
    token_a: str


class Operator(Protocol):
    def plan(self, name: str, roles: Sequence[str]) -> Planned:
        """A new partner with its Token A. `roles`: "DE*CPA CPO"."""

    def renew_token_a(self, handle: Any) -> str:
        """A fresh Token A, also for a partner that is registered (CRED-06)."""

    def contract(
        self,
        provider: str,
        consumer: str,
        *,
        modules: Sequence[str],
        delivery: str = "relay",
        commands: Sequence[str] | None = None,
    ) -> Any:
        """`commands`: those the two may use; None: all of them (CMD-15)."""

    def end_contract(self, contract: Any) -> None: ...

    def mandate(self, agent: str, principal: str, *, modules: Sequence[str]) -> Any:
        """The agent acts for the principal (SESS-07, SESS-17, CDR-09, LOC-19)."""

    def end_mandate(self, mandate: Any) -> None: ...

    def set_up(self, handle: Any, **settings: Any) -> None:
        """Settings of a platform: its quirks, and whether `operator` is filled in for it (LOC-14)."""

    def register_at(self, handle: Any, *, versions_url: str, token_a: str) -> bool:
        """The hub starts the handshake. False: it failed."""

    def rotate(self, handle: Any, *, compromised: bool = False) -> bool: ...

    def update(self, handle: Any) -> bool:
        """A hub-started PUT with endpoints read afresh (CRED-26)."""

    def suspend(self, handle: Any) -> None: ...

    def disconnect(self, handle: Any) -> None:
        """Unregister at the partner (CRED-15)."""

    def pull(self, handle: Any, *, modules: Sequence[str], full: bool = False) -> None: ...

    def get(self, handle: Any) -> dict[str, Any]:
        """What the operator sees of a platform: at least `state` and `status`."""

    def reconcile(self) -> None:
        """Compare sessions with CDRs now."""

    def find_flags(self, owner: str, id: str) -> list[str]:
        """What the hub has told its people of the owner's CDR or session of this id, as texts."""


class NoOperator:
    """Whatever needs one is not applicable."""

    def __getattr__(self, name: str) -> Any:
        pytest.skip(NO_OPERATOR)


class ManagementApi:
    """This hub's: /api/ with a staff token."""

    def __init__(self, *, url: str, staff_token: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {staff_token}"

    def plan(self, name: str, roles: Sequence[str]) -> Planned:
        created = self.call("POST", "/platforms/", {"name": name, "parties": [_plan_party(role) for role in roles]})
        return Planned(created["id"], created["token_a"])

    def renew_token_a(self, handle: Any) -> str:
        return str(self.call("POST", f"/platforms/{handle}/token-a/")["token_a"])

    def contract(
        self,
        provider: str,
        consumer: str,
        *,
        modules: Sequence[str],
        delivery: str = "relay",
        commands: Sequence[str] | None = None,
    ) -> Any:
        document = {"provider": provider, "consumer": consumer, "modules": list(modules), "delivery": delivery}
        if commands is not None:
            document["commands"] = list(commands)
        return self.call("POST", "/agreements/", document)["id"]

    def end_contract(self, contract: Any) -> None:
        self.call("POST", f"/agreements/{contract}/end/")

    def mandate(self, agent: str, principal: str, *, modules: Sequence[str]) -> Any:
        document = {"agent": agent, "principal": principal, "modules": list(modules)}
        return self.call("POST", "/mandates/", document)["id"]

    def end_mandate(self, mandate: Any) -> None:
        self.call("POST", f"/mandates/{mandate}/end/")

    def set_up(self, handle: Any, **settings: Any) -> None:
        self.call("PATCH", f"/platforms/{handle}/", settings)

    def register_at(self, handle: Any, *, versions_url: str, token_a: str) -> bool:
        return self._try(f"/platforms/{handle}/register/", {"versions_url": versions_url, "token_a": token_a})

    def rotate(self, handle: Any, *, compromised: bool = False) -> bool:
        return self._try(f"/platforms/{handle}/rotate/", {"compromised": compromised})

    def update(self, handle: Any) -> bool:
        return self._try(f"/platforms/{handle}/update/", {})

    def suspend(self, handle: Any) -> None:
        self.call("POST", f"/platforms/{handle}/suspend/")

    def disconnect(self, handle: Any) -> None:
        self.call("POST", f"/platforms/{handle}/disconnect/")

    def pull(self, handle: Any, *, modules: Sequence[str], full: bool = False) -> None:
        self.call("POST", f"/platforms/{handle}/pull/", {"modules": list(modules), "full": full})

    def get(self, handle: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/platforms/{handle}/")
        return found

    def reconcile(self) -> None:
        self.call("POST", "/reconciliation/run/", {"older_than_seconds": 0})

    def find_flags(self, owner: str, id: str) -> list[str]:
        self.reconcile()
        found = [self.call("GET", f"/findings/?{kind}={id}")["results"] for kind in ("cdr_id", "session_id")]
        found.append(self.call("GET", f"/flags/?party={owner}&object_id={id}"))
        return [json.dumps(finding) for findings in found for finding in findings]

    def _try(self, path: str, document: Any) -> bool:
        """False where the partner failed (502); anything else that is refused is a fault of the test or the hub."""
        response = self._send("POST", path, document)
        assert response.ok or response.status_code == 502, f"{path}: {response.status_code} {response.text[:300]}"
        return response.ok

    def call(self, method: str, path: str, document: Any = None) -> Any:
        response = self._send(method, path, document)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return response.json() if response.content else {}

    def _send(self, method: str, path: str, document: Any) -> requests.Response:
        return self._session.request(method, self._url + path, json=document, timeout=60)


def _plan_party(role: str) -> dict[str, str]:
    party, kind = role.split()
    country, _, id = party.partition("*")
    return {"country_code": country, "party_id": id, "role": kind, "name": f"{party} {kind}"}
