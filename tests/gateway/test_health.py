"""/healthz and /readyz: what keeps partners from being answered, and what only has to be mended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway import health
from journal.writer import Writer
from ocpi.errors import Overloaded, ServerError
from telemetry.alive import Signs
from tests.live.hub import LiveHub

FAR = 4e9
WELL = Signs(redis_seconds=0.001, beat_at=FAR, workers={"celery@a": FAR})


@pytest.fixture
def signs(hub: LiveHub, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Everything is well but what a test says; how old the facts are on a busy machine is not what it is about."""
    monkeypatch.setattr(hub.edge._hub.facts, "get", lambda: None)

    def say(found: Signs) -> None:
        monkeypatch.setattr(health, "_signs", health._Signs())
        monkeypatch.setattr("telemetry.alive.read", lambda: found)

    say(WELL)
    return say


class TestHealthz:
    def test_depends_on_nothing(self):
        status, body = asyncio.run(health.respond_health("/healthz", None))

        assert (status, body) == (200, b'{"status":"ok"}')


class TestReadyz:
    def test_names_every_part(self, hub: LiveHub, signs: Any):
        answer = hub.request("GET", f"{hub.url}/readyz")

        told = answer.json()
        assert (answer.status_code, told["status"], told["problems"], told["warnings"]) == (200, "ready", {}, {})
        assert set(told["parts"]) == {"facts", "database", "redis", "worker", "beat"}
        assert all(part["ok"] for part in told["parts"].values())

    def test_says_no_while_it_starts(self):
        assert asyncio.run(health.respond_health("/readyz", None))[0] == 503

    def test_says_no_without_a_database(self, hub: LiveHub, signs: Any, monkeypatch: pytest.MonkeyPatch):
        async def fail(job: Any) -> Any:
            raise ServerError("the database cannot be reached")

        monkeypatch.setattr(hub.edge._hub.writer, "write", fail)
        answer = hub.request("GET", f"{hub.url}/readyz")

        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
        assert answer.json()["problems"] == {"database": "the database cannot be reached"}
        assert answer.json()["parts"]["database"]["ok"] is False

    def test_says_no_with_stale_facts(self, hub: LiveHub, signs: Any, monkeypatch: pytest.MonkeyPatch):
        def fail() -> Any:
            raise Overloaded("the hub cannot confirm its routing facts right now: try again")

        monkeypatch.setattr(hub.edge._hub.facts, "get", fail)
        answer = hub.request("GET", f"{hub.url}/readyz")

        assert answer.status_code == 503
        assert list(answer.json()["problems"]) == ["facts"]

    @pytest.mark.parametrize(("found", "warned"), [
        (Signs(redis_seconds=None), {"redis"}),
        (Signs(redis_seconds=0.1), {"worker", "beat"}),
        (Signs(redis_seconds=0.1, beat_at=1.0, workers={"celery@a": FAR}), {"beat"}),
    ])  # fmt: skip
    def test_warns_of_what_keeps_nobody_waiting(self, hub: LiveHub, signs: Any, found: Signs, warned: set[str]):
        signs(found)
        answer = hub.request("GET", f"{hub.url}/readyz")

        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert set(answer.json()["warnings"]) == warned

    @pytest.mark.parametrize(
        ("seconds", "status"), [(None, "ready"), (0.0, "degraded"), (29.0, "degraded"), (30.0, "ready")]
    )
    def test_warns_of_a_full_disk(
        self, hub: LiveHub, signs: Any, seconds: float | None, status: str, monkeypatch: pytest.MonkeyPatch
    ):
        """It refuses some calls and takes others; without any, nobody would learn that there is room again."""
        monkeypatch.setattr(Writer, "full_for", seconds)
        answer = hub.request("GET", f"{hub.url}/readyz")

        told = answer.json()
        assert (answer.status_code, told["status"]) == (200, status)
        assert set(told["warnings"]) == ({"database"} if status == "degraded" else set())
        assert told["parts"]["database"]["ok"] is (status == "ready")

    def test_names_no_server_and_no_secret(self, hub: LiveHub, signs: Any):
        text = hub.request("GET", f"{hub.url}/readyz").text

        assert "sock" not in text
        assert "postgres" not in text
        assert "celery@" not in text
