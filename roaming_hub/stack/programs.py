"""The hub's own processes: migrate once, then web, the two workers and beat."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from roaming_hub.stack.child import Child, log_says
from roaming_hub.stack.supervisor import StackFailed

PROJECT = Path(__file__).resolve().parents[2]


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Where the web process listens."""
    return environ.get("HUB_HOST", "127.0.0.1"), int(environ.get("HUB_PORT", "8600"))


def hub_programs(environ: Mapping[str, str], *, state: Path) -> list[Child]:
    return [_migrate(environ), *_webs(environ), _worker(environ), _pulls(environ), _beat(environ, state=state)]


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


def _webs(environ: Mapping[str, str]) -> list[Child]:
    """As many as wanted on one socket, which outlives each of them: while one is replaced, no call is refused."""
    host, port = address(environ)
    listener = _bind(host, port=port)
    count = int(environ.get("HUB_WEB_PROCESSES", "1"))
    return [
        Child(
            name="web" if number == 1 else f"web-{number}",
            argv=(sys.executable, "-m", "roaming_hub.web", "--fd", str(listener.fileno())),
            env=environ,
            folder=PROJECT,
            sockets=(listener,),
            ready=log_says(b"web: answering"),
            beside_next=True,
            stop_signal=signal.SIGINT,  # at the end of the stack there is nobody to hand over to
            stop_within=float(environ.get("HUB_LEAVE", "6")) + 20,
        )
        for number in range(1, count + 1)
    ]


def _bind(host: str, *, port: int) -> socket.socket:
    """Not listening yet: until a web process answers, callers are refused."""
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
    except OSError as error:
        listener.close()
        raise StackFailed(f"Port {port} on {host} cannot be had: {error.strerror}.") from error
    return listener


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


def _pulls(environ: Mapping[str, str]) -> Child:
    """A worker of its own for what takes long, so that neither waits for the other: reading lists, dropping days."""
    processes = environ.get("HUB_PULL_PROCESSES", "2")
    flags = ("--without-gossip", "--without-mingle", "--queues", "pulls", "--hostname", "pulls@%h")
    return Child(
        name="pulls",
        argv=_celery("worker", *flags, "--concurrency", processes),
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
