"""Commands as an eMSP sends them, and what a CPO that takes them may do."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from typing import Any

import requests
from django.utils.timezone import now

from tests.conftest import Cast
from tests.documents import as_json, token_document
from tests.live.partner import Partner, answer_ok
from tests.parties.http_peer import Handler

AT = "2026-11-20T10:00:00Z"
ACCEPTED = {"status_code": 1000, "timestamp": AT, "data": {"result": "ACCEPTED", "timeout": 30}}
REJECTED = {"status_code": 1000, "timestamp": AT, "data": {"result": "REJECTED", "timeout": 30}}


def command(cast: Cast, name: str, *, caller: Partner | None = None, to: str | None = "NL*CPO", **body: Any) -> Any:
    caller = caller or cast.emsp
    body = {"response_url": f"{caller.peer.url}/results/7?a=b", **body}
    return caller.call("POST", "commands", name, body=as_json({k: v for k, v in body.items() if v is not None}), to=to)


def start(cast: Cast, **body: Any) -> requests.Response:
    return command(cast, "START_SESSION", **{"token": token_document(), "location_id": "LOC1", **body})


def reserve(cast: Cast, *, id: str | None = "R1", **body: Any) -> requests.Response:
    expiry = (now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    given = {"token": token_document(), "location_id": "LOC1", "reservation_id": id, "expiry_date": expiry, **body}
    return command(cast, "RESERVE_NOW", **given)


def hang_up(handler: Handler) -> None:
    """After the whole request was read."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def answer_late(handler: Handler) -> None:
    handler.server.peer.released.wait(2)
    answer_ok(handler)


def say_nothing(handler: Handler) -> None:
    handler.close_connection = True
    handler.server.peer.released.wait(5)


def get_alias(partner: Partner) -> str:
    return str(json.loads(partner.seen[-1].body)["response_url"])
