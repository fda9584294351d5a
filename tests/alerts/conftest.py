"""A webhook and a mail box that may fail, and a database to look at."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.parties.http_peer import Handler, HttpPeer, serve

SECRET = "a-secret-of-the-webhook"


@dataclass
class Webhook:
    peer: HttpPeer
    status: int = 200
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(about, kind) of what got through."""
        return [(one["about"], one["alert"]["kind"]) for told in self.told for one in told["messages"]]


@pytest.fixture
def webhook(settings: Any) -> Iterator[Webhook]:
    def behave(handler: Handler) -> None:
        if made.status == 200:
            made.told.append(json.loads(handler.body))
        handler.answer(b"ok", status=made.status)

    with serve(behave) as peer:
        made = Webhook(peer)
        settings.HUB_ALERT_WEBHOOK = f"{peer.url}/alerts"
        settings.HUB_ALERT_SECRET = SECRET
        settings.HUB_REQUIRE_HTTPS = False
        settings.HUB_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
        yield made


@pytest.fixture(autouse=True)
def quiet(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told unless a test says so; workers and beat are well."""
    settings.HUB_ALERT_EMAILS = []
    settings.HUB_ALERT_WEBHOOK = ""
    settings.HUB_ALERT_PATIENCE = 60
    settings.HUB_ALERT_REMIND = 12
    settings.HUB_ALERT_DATABASE = 60.0
    monkeypatch.setattr("telemetry.alive.read", well)


def well() -> Any:
    from telemetry.alive import Signs

    far = 4e9
    return Signs(redis_seconds=0.001, beat_at=far, workers={"celery@a": far})
