"""The hub's management API as a client with a staff token uses it. The scenario touches the hub in no other way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import requests

from simulator import jsontext

_PATIENCE = 60.0  # a hub that is being restarted is back before that
_PAUSE = 0.5


class HubError(Exception):
    """The management API refused, or was away for too long."""


class Api:
    """JSON under one path of the hub, with one token."""

    def __init__(self, base: str, *, token: str) -> None:
        self._base = base
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._http.close()

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        page = self._call("GET", path)
        yield from page["results"]
        while page.get("next"):
            page = self._call("GET", page["next"])
            yield from page["results"]

    def _call(self, method: str, path: str, document: Any = None, *, repeatable: bool = False) -> Any:
        """Raises: HubError."""
        text = self._ask(method, path, document, repeatable=repeatable).text
        return jsontext.loads(text) if text else {}

    def _ask(self, method: str, path: str, document: Any = None, *, repeatable: bool = False) -> requests.Response:
        """Tried again where no connection came about, and what is repeatable whatever happened. Raises: HubError."""
        repeatable = repeatable or method == "GET"
        url = path if path.startswith("http") else self._base + path
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                response = self._send(method, url, document)
                if response.status_code < 500 or not repeatable:
                    return _check(method, path, response)
                trouble: object = response.status_code
            except requests.ConnectionError as e:
                if not repeatable and "refused" not in str(e):
                    raise HubError(f"{method} {path}: {e}") from e
                trouble = e
            except requests.Timeout as e:
                raise HubError(f"{method} {path}: no answer in time") from e
            if time.monotonic() + _PAUSE > end:
                raise HubError(f"{method} {path}: {trouble}")
            time.sleep(_PAUSE)

    def _send(self, method: str, url: str, document: Any) -> requests.Response:
        if document is None:
            return self._http.request(method, url, timeout=60)
        headers = {"Content-Type": "application/json"}
        return self._http.request(method, url, data=jsontext.dumps(document).encode(), headers=headers, timeout=60)


class PartnerApi(Api):
    """What a platform's own people and programs see of disputes, with a token of theirs."""

    def __init__(self, *, public_url: str, token: str) -> None:
        super().__init__(f"{public_url.rstrip('/')}/api/partner", token=token)

    def list_findings(self, *, cdr_id: str) -> list[dict[str, Any]]:
        return list(self._list(f"/findings/?state=open&cdr_id={cdr_id}"))

    def open_dispute(self, *, finding: int, reason: str) -> dict[str, Any]:
        opened: dict[str, Any] = self._call("POST", "/disputes/", {"finding": finding, "reason": reason})
        return opened

    def list_disputes(self, *, state: str) -> list[dict[str, Any]]:
        return list(self._list(f"/disputes/?state={state}"))

    def write(self, dispute: int, text: str) -> None:
        self._call("POST", f"/disputes/{dispute}/message/", {"text": text})


class HubApi(Api):
    def __init__(self, *, public_url: str, staff_token: str) -> None:
        self.public_url = public_url.rstrip("/")
        super().__init__(f"{self.public_url}/api", token=staff_token)

    def create_platform(self, *, name: str, parties: list[dict[str, str]]) -> dict[str, Any]:
        created: dict[str, Any] = self._call("POST", "/platforms/", {"name": name, "parties": parties})
        return created

    def register_at(self, platform_id: int, *, versions_url: str, token_a: str) -> None:
        """The hub starts the handshake."""
        self._call("POST", f"/platforms/{platform_id}/register/", {"versions_url": versions_url, "token_a": token_a})

    def renew_token_a(self, platform_id: int) -> dict[str, Any]:
        """After a handshake that broke in the middle. What the hub may have kept of it is given up first."""
        try:
            renewed: dict[str, Any] = self._call("POST", f"/platforms/{platform_id}/token-a/", {})
        except HubError:
            self._call("POST", f"/platforms/{platform_id}/suspend/", {}, repeatable=True)
            renewed = self._call("POST", f"/platforms/{platform_id}/token-a/", {})
        return renewed

    def create_agreement(self, document: dict[str, Any]) -> None:
        self._call("POST", "/agreements/", document)

    def list_platforms(self) -> list[dict[str, Any]]:
        return list(self._list("/platforms/"))

    def list_findings(self) -> list[dict[str, Any]]:
        """The open ones: what was explained since is no finding any more."""
        return list(self._list("/findings/?state=open"))

    def list_dead_letters(self) -> list[dict[str, Any]]:
        return list(self._list("/dead-letters/"))

    def list_lanes(self) -> list[dict[str, Any]]:
        return list(self._list("/lanes/"))

    def reconcile_now(self) -> None:
        """Judge what is there, sessions without a CDR too, however young they are."""
        self._call("POST", "/reconciliation/run/", {"older_than_seconds": 0}, repeatable=True)

    def get_reconciliation(self) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", "/reconciliation/")
        return found

    # Disputes, settlement, invoices

    def watch_disputes_now(self) -> None:
        """Look for the credits and replacements that came."""
        self._call("POST", "/disputes/run/", {}, repeatable=True)

    def get_dispute(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", f"/disputes/{number}/")
        return found

    def enter_company(self, document: dict[str, Any]) -> None:
        self._call("POST", "/companies/", document)

    def enter_terms(self, document: dict[str, Any]) -> None:
        self._call("POST", "/terms/", document)

    def settle(self, *, until: str) -> dict[str, Any]:
        """Close every period that ended by then, of all pairs; safe to repeat, but only new statements are shown."""
        ran: dict[str, Any] = self._call("POST", "/settlement/run/", {"until": until}, repeatable=True)
        return ran

    def list_statements(self, *, kind: str) -> list[dict[str, Any]]:
        return list(self._list(f"/statements/?kind={kind}"))

    def list_lines(self, statement: int) -> list[dict[str, Any]]:
        return list(self._list(f"/statements/{statement}/lines/"))

    def issue_invoice(self, reference: str) -> dict[str, Any]:
        """The one that stands, if the hub was faster."""
        issued: dict[str, Any] = self._call("POST", "/invoices/issue/", {"statement": reference}, repeatable=True)
        return issued

    def list_invoices(self) -> list[dict[str, Any]]:
        return list(self._list("/invoices/"))

    def fetch_pdf(self, invoice: int) -> bytes:
        return self._ask("GET", f"/invoices/{invoice}/pdf/").content


def _check(method: str, path: str, response: requests.Response) -> requests.Response:
    if not response.ok:
        raise HubError(f"{method} {path}: {response.status_code} {response.text[:500]}")
    return response
