"""The hub's own processes: migrate once, then web, worker and beat."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from roaming_hub.stack.child import Child, answers_http, log_says

PROJECT = Path(__file__).resolve().parents[2]


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Where the web process listens."""
    return environ.get("HUB_HOST", "127.0.0.1"), int(environ.get("HUB_PORT", "8600"))


def hub_programs(environ: Mapping[str, str], *, state: Path) -> list[Child]:
    return [_migrate(environ), _web(environ), _worker(environ), _beat(environ, state=state)]


def no_programs(environ: Mapping[str, str], *, state: Path) -> list[Child]:
    return []


def _migrate(environ: Mapping[str, str]) -> Child:
    return Child(
        name="migrate",
        argv=(sys.executable, "manage.py", "migrate", "--noinput"),
        env=environ,
        folder=PROJECT,
        once=True,
        ready=lambda process: True,
        ready_within=600.0,
    )


def _web(environ: Mapping[str, str]) -> Child:
    host, port = address(environ)
    # Who a request really comes from is the application's to decide (HUB_TRUSTED_PROXIES), not the server's.
    flags = ["--host", host, "--port", str(port), "--no-proxy-headers", "--no-server-header", "--no-access-log"]
    flags += ["--timeout-graceful-shutdown", "10"]
    if (processes := int(environ.get("HUB_WEB_PROCESSES", "1"))) > 1:
        flags += ["--workers", str(processes)]
    return Child(
        name="web",
        argv=(sys.executable, "-m", "uvicorn", "roaming_hub.asgi:application", *flags),
        env=environ,
        folder=PROJECT,
        ready=answers_http("127.0.0.1" if host in ("0.0.0.0", "::") else host, port=port, path="/healthz"),
        beside_next=True,
    )


def _celery(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "--app", "roaming_hub", *words, "--loglevel", "INFO")


def _worker(environ: Mapping[str, str]) -> Child:
    concurrency = environ.get("HUB_WORKER_CONCURRENCY", "2")
    return Child(
        name="worker",
        argv=_celery("worker", "--without-gossip", "--without-mingle", "--concurrency", concurrency),
        env=environ,
        folder=PROJECT,
        ready=log_says(b" ready."),
        beside_next=True,
    )


def _beat(environ: Mapping[str, str], *, state: Path) -> Child:
    return Child(
        name="beat",
        argv=_celery("beat", "--schedule", str(state / "beat-schedule")),
        env=environ,
        folder=PROJECT,
        ready=log_says(b"beat: Starting"),
    )
