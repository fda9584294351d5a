"""The hub as it is measured: its real processes on durable servers, every check on, nothing switched off."""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from benchmarks.cores import ALL, MEASURED, OTHERS, pin
from benchmarks.load import make_request
from benchmarks.progress import say
from benchmarks.seed import Cast, token_of
from roaming_hub.stack import Stack
from roaming_hub.stack.programs import hub_programs

_NOT_OURS = ("HUB_", "DATABASE_URL", "REDIS_URL")
_PORTS = range(20000, 32000)  # below those the kernel gives to outgoing connections


@dataclass(frozen=True)
class Stand:
    port: int
    stack: Stack

    def request(
        self, method: str, path: str, *, sender: str, receiver: str | None = None, body: bytes = b"", n: int = 0
    ) -> bytes:
        """A call of `sender` to `/ocpi/2.2.1/{path}`, with all the headers OCPI wants."""
        headers = self.headers(sender=sender, receiver=receiver, n=n)
        return make_request(method, f"/ocpi/2.2.1/{path}", headers=headers, body=body)

    def pin_web(self) -> None:
        """The web process has a core for itself; database, queue and workers share the others."""
        for name, pid in self.stack.processes.items():
            pin(pid, MEASURED if name == "web" else OTHERS)

    def unpin(self) -> None:
        for pid in self.stack.processes.values():
            pin(pid, ALL)

    @property
    def web(self) -> int:
        """Process id."""
        return self.stack.processes["web"]

    def headers(self, *, sender: str, receiver: str | None = None, n: int = 0) -> dict[str, str]:
        told = {
            "Authorization": "Token " + b64encode(token_of(sender).encode()).decode(),
            "X-Request-ID": f"request-{n}",
            "X-Correlation-ID": f"correlation-{n}",
            "OCPI-from-country-code": sender[:2],
            "OCPI-from-party-id": sender[3:],
        }
        if receiver:
            told |= {"OCPI-to-country-code": receiver[:2], "OCPI-to-party-id": receiver[3:]}
        return told

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """To the hub's database, each statement for itself."""
        connection = psycopg2.connect(self.stack.environ["DATABASE_URL"])
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def run_hub(cast: Cast, *, environ: Mapping[str, str] | None = None) -> Iterator[Stand]:
    """A fresh hub with these partners; its data is gone afterwards. PostgreSQL syncs every commit to disk."""
    port = find_port()
    say(f"a hub with {len(cast.cpos)} CPOs and {len(cast.emsps)} eMSPs")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        Path(folder).chmod(0o755)  # the database server may run as another user
        own = {
            "HUB_HOST": "127.0.0.1",
            "HUB_PORT": str(port),
            "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HUB_REQUIRE_HTTPS": "false",
            "HUB_EGRESS_ALLOW": "127.0.0.1/32",
            "HUB_LOG_LEVEL": "WARNING",
            **(environ or {}),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
        with Stack(
            state=Path(folder) / "state", programs=hub_programs, environ=kept | own, say=lambda line: None
        ) as stack:
            stack.ask(sys.executable, "-m", "benchmarks.seed", cast.as_json())
            time.sleep(2.0)  # every process has the new facts, and the lanes begin
            yield Stand(port=port, stack=stack)


def find_port() -> int:
    for port in random.SystemRandom().sample(_PORTS, 200):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def find_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        found.add(find_port())
    return sorted(found)
