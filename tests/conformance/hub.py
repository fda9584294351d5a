"""The hub under test: one that runs already (CONFORMANCE_HUB), or this project's own processes, started here.

The only file of the suite that knows this project: how its processes start and what a staff token is.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field

from tests.conformance.operator import ManagementApi, NoOperator, Operator

SILENCE = 8  # seconds until our own hub probes a silent partner (HCI-11)
TIMEOUT = 3.0  # seconds our own hub waits for a receiver (ROUTE-16, ROUTE-20)
PORTS = range(20000, 32000)  # below those the kernel gives to outgoing connections


@dataclass
class HubUnderTest:
    versions_url: str
    operator: Operator
    tokens: dict[str, str] = field(default_factory=dict)  # name → Token A, where there is no operator
    is_ours: bool = False
    silence: float = SILENCE
    timeout: float = TIMEOUT
    open_https_only: Callable[[], AbstractContextManager[str]] | None = None


@contextmanager
def open_hub() -> Iterator[HubUnderTest]:
    url = os.environ.get("CONFORMANCE_HUB", "")
    if not url:
        with _run_ours() as ours:
            yield ours
        return
    api, staff_token = os.environ.get("CONFORMANCE_API", ""), os.environ.get("CONFORMANCE_STAFF_TOKEN", "")
    yield HubUnderTest(
        versions_url=url,
        operator=ManagementApi(url=api, staff_token=staff_token) if api and staff_token else NoOperator(),
        tokens=json.loads(os.environ.get("CONFORMANCE_TOKENS") or "{}"),
        silence=float(os.environ.get("CONFORMANCE_SILENCE", "300")),
        timeout=float(os.environ.get("CONFORMANCE_TIMEOUT", "10")),
    )


@contextmanager
def _run_ours() -> Iterator[HubUnderTest]:
    from roaming_hub.stack import Stack
    from roaming_hub.stack.programs import PROJECT, hub_programs

    port = _find_port()
    said: list[str] = []
    with Stack(programs=hub_programs, environ=_environment(port), say=said.append) as stack:
        command = ("create_staff_token", "--name", "conformance", "--scopes", "all", "--days", "1")
        staff_token = stack.ask(sys.executable, str(PROJECT / "manage.py"), *command).strip()
        if kept := os.environ.get("CONFORMANCE_LOGS"):
            print(f"the hub's logs: {stack.logs} ({kept})")
        yield HubUnderTest(
            versions_url=f"http://127.0.0.1:{port}/ocpi/versions",
            operator=ManagementApi(url=f"http://127.0.0.1:{port}/api", staff_token=staff_token),
            is_ours=True,
            open_https_only=lambda: _run_https_only(stack.environ),
        )


@contextmanager
def _run_https_only(environ: Mapping[str, str]) -> Iterator[str]:
    """One more web process as it runs in production: behind a proxy that ends TLS and says so. Its versions URL."""
    port = _find_port()
    own = {
        "HUB_REQUIRE_HTTPS": "true",
        "HUB_TRUSTED_PROXIES": "127.0.0.1/32",
        "HUB_PUBLIC_URL": f"https://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "uvicorn", "roaming_hub.asgi:application", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--no-proxy-headers", "--log-level", "warning"], env={**environ, **own}, stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < end, "the process did not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/ocpi/versions"
    finally:
        process.terminate()
        process.wait(20)


def _environment(port: int) -> dict[str, str]:
    """Nothing that surrounds the tests (servers, secrets, settings) reaches it."""
    ours = ("DATABASE_URL", "REDIS_URL")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and (not name.startswith("HUB_") or name == "HUB_PG_BIN")
    }
    return kept | {
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(port),
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_REQUIRE_HTTPS": "false",
        "HUB_EGRESS_ALLOW": "127.0.0.1/32",
        "HUB_SILENCE": str(SILENCE),
        "HUB_FORWARD_TIMEOUT": str(TIMEOUT),
    }


def _find_port() -> int:
    for port in random.SystemRandom().sample(PORTS, 200):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")
