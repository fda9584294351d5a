"""What passes between a partner and the hub, as the suite sees it: calls that came in, answers that came back.

Knows HTTP and the envelope of OCPI, and nothing of any hub's code.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import requests

AT = "2026-11-20T10:00:00Z"
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def as_json(document: Any) -> bytes:
    """Decimals become JSON numbers, digit by digit."""
    return _ENCODER.encode(document)


def read_json(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal)


def new_id(prefix: str = "") -> str:
    """An object id of the test's own: no two tests meet at one object."""
    return f"{prefix}{uuid.uuid4().hex[:12].upper()}"


def encode_token(token: str) -> str:
    return "Token " + base64.b64encode(token.encode()).decode()


def routing(which: str, party: str) -> dict[str, str]:
    """`routing("to", "NL*MSA")`: the pair of headers."""
    country, _, id = party.partition("*")
    return {f"OCPI-{which}-country-code": country, f"OCPI-{which}-party-id": id}


def _read_party(headers: Any, which: str) -> str:
    country, id = headers.get(f"ocpi-{which}-country-code"), headers.get(f"ocpi-{which}-party-id")
    return f"{country}*{id}" if country or id else ""


@dataclass
class Call:
    """A call that the hub made to a partner. `module` and `suffix` are read from the partner's own URL scheme."""

    method: str
    path: str
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    module: str = ""
    interface: str = ""  # SENDER or RECEIVER; "" for versions, details, credentials
    suffix: str = ""  # "DE/CPA/LOC1"; never begins with a slash
    at: float = 0.0  # time.monotonic() of its arrival
    host: str = field(default="")

    @property
    def json(self) -> Any:
        return read_json(self.body)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def to(self) -> str:
        """The OCPI-to-* pair as "NL*MSA"; "" without it."""
        return _read_party(self.headers, "to")

    @property
    def sender(self) -> str:
        return _read_party(self.headers, "from")

    @property
    def token(self) -> str:
        """What the Authorization header decodes to."""
        return base64.b64decode(self.headers["authorization"].removeprefix("Token ")).decode()

    @property
    def request_id(self) -> str:
        return self.headers.get("x-request-id", "")

    @property
    def correlation_id(self) -> str:
        return self.headers.get("x-correlation-id", "")


class Answer:
    """What the hub answered."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.http = response.status_code
        self.headers = response.headers  # names in any case
        self.body = response.content

    def __repr__(self) -> str:
        return f"<{self.http} {self.response.text[:300]}>"

    @cached_property
    def envelope(self) -> dict[str, Any]:
        found = read_json(self.body)
        assert isinstance(found, dict), f"no envelope: {self!r}"
        return found

    @property
    def code(self) -> int:
        """The OCPI status_code."""
        return int(self.envelope["status_code"])

    @property
    def message(self) -> str:
        return str(self.envelope.get("status_message", ""))

    @property
    def data(self) -> Any:
        return self.envelope.get("data")

    @property
    def to(self) -> str:
        return _read_party(self.headers, "to")

    @property
    def sender(self) -> str:
        return _read_party(self.headers, "from")

    @property
    def next_url(self) -> str:
        return str(self.response.links.get("next", {}).get("url", ""))


def split_url(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.path, parts.query
