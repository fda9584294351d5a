"""One request as a simulated platform reads it, and the checks every request has to pass."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator import jsontext
from simulator.errors import Refusal, build_wrong
from simulator.state import CONFIGURATION, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`rest` is the path behind the endpoint, decoded. Header names are in lower case (TRANS-51)."""

    method: str
    path: str
    module: str
    interface: str = ""
    rest: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    token: str = ""

    @property
    def sender(self) -> str | None:
        return read_party(self.headers, "from")

    @property
    def receiver(self) -> str | None:
        return read_party(self.headers, "to")

    def read_object(self) -> dict[str, Any]:
        """Raises: Refusal: no JSON (400), or no object (2001)."""
        try:
            document = jsontext.loads(self.body)
        except (json.JSONDecodeError, UnicodeDecodeError) as e:
            raise Refusal(400, 2001, "the body is not JSON") from e
        if not isinstance(document, dict):
            raise build_wrong("the body is not an object")
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    data: Any = None
    status: int = 200
    status_code: int = 1000
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_party(headers: Mapping[str, str], end: str) -> str | None:
    """The party of a TO or FROM pair; None unless the pair is complete."""
    country, party = headers.get(f"ocpi-{end}-country-code"), headers.get(f"ocpi-{end}-party-id")
    return f"{country}*{party}".upper() if country and party else None


def write_party(party: str, end: str) -> dict[str, str]:
    country, party_id = party.split("*")
    return {f"OCPI-{end}-country-code": country, f"OCPI-{end}-party-id": party_id}


def read_token(value: str | None) -> str:
    """The credentials token out of `Token <base64>` (TRANS-03); empty if it is not written so."""
    scheme, _, encoded = (value or "").partition(" ")
    if scheme != "Token":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def write_token(token: str) -> str:
    return "Token " + base64.b64encode(token.encode()).decode()


def authorize(request: Request, state: State) -> None:
    """TRANS-02, TRANS-06. Raises: Refusal: 401."""
    connection = state.connection
    if request.token and request.token in connection.accepted:
        return
    if request.token and request.token == connection.token_a and request.module in ("versions", "credentials"):
        return
    raise Refusal(401, 2000, "unknown token")


def check_headers(request: Request, state: State) -> None:
    """ROUTE-01 to ROUTE-03, TRANS-08, TRANS-37: what a peer must send. Slips that do no harm are only noted."""
    where = f"{request.method} {request.path}"
    for name in ("x-request-id", "x-correlation-id"):
        if not request.headers.get(name):
            state.record.note_breach(f"{where}: no {name} (TRANS-37)")
    if request.body and not request.headers.get("content-type", "").startswith("application/json"):
        state.record.note_breach(f"{where}: content type is not application/json (TRANS-08)")
    routing = [name for name in request.headers if name.startswith(("ocpi-to-", "ocpi-from-"))]
    if request.module in CONFIGURATION:
        if routing:
            state.record.note_breach(f"{where}: routing headers on a configuration module (ROUTE-01)")
        return
    if request.sender is None or request.receiver is None:
        state.record.note_breach(f"{where}: TO and FROM are not complete pairs (ROUTE-02)")
        raise build_wrong("OCPI-to-* and OCPI-from-* are required, each as a pair")
    if request.receiver not in state.parties:
        state.record.note_breach(f"{where}: addressed to {request.receiver}, which is not here (ROUTE-05)")
        raise build_wrong(f"{request.receiver} is not a party of this platform")


def build_reply_headers(request: Request) -> dict[str, str]:
    """The answer goes the way back: both message ids echoed, TO and FROM swapped (ROUTE-06)."""
    headers = {
        "X-Request-ID": request.headers.get("x-request-id") or str(uuid.uuid4()),
        "X-Correlation-ID": request.headers.get("x-correlation-id") or str(uuid.uuid4()),
    }
    if request.module not in CONFIGURATION and request.sender and request.receiver:
        headers |= write_party(request.sender, "to") | write_party(request.receiver, "from")
    return headers
