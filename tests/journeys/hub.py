"""A hub of one's own: real servers, web, worker and beat as processes, on a free port; and ways to kill parts of it."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2

from roaming_hub.stack import Stack
from roaming_hub.stack.programs import PROJECT, hub_programs
from simulator.hub_api import HubApi
from simulator.scenario import Scenario

PATIENCE = 90.0  # seconds a figure may take to become right; a machine with other work needs them
PORTS = range(20000, 32000)  # below those the kernel gives to outgoing connections
LOOK = 0.02  # seconds between two looks


class JourneyHub:
    """A running stack. `said` is what it reported, `killed` what was killed on purpose."""

    def __init__(self, stack: Stack, said: list[str]) -> None:
        self.stack = stack
        self.said = said
        self.killed: list[str] = []
        self._staff_token = ""

    @property
    def url(self) -> str:
        return self.stack.environ["HUB_PUBLIC_URL"]

    @property
    def port(self) -> int:
        return int(self.stack.environ["HUB_PORT"])

    @property
    def staff_token(self) -> str:
        if not self._staff_token:
            command = ("create_staff_token", "--name", "journey", "--scopes", "all", "--days", "1")
            self._staff_token = self.manage(*command).strip()
        return self._staff_token

    def open_api(self) -> HubApi:
        return HubApi(public_url=self.url, staff_token=self.staff_token)

    def create_partner_token(self, platform: str) -> str:
        command = ("create_partner_token", "--platform", platform, "--name", f"journey {platform}", "--days", "1")
        return self.manage(*command).strip()

    def manage(self, *command: str) -> str:
        return self.stack.ask(sys.executable, str(PROJECT / "manage.py"), *command)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the database: to look at what no interface shows, never to change it."""
        connection = psycopg2.connect(self.stack.environ["DATABASE_URL"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        finally:
            connection.close()

    def count(self, sql: str) -> int:
        return int(self.query(sql)[0][0])

    def read_log(self, name: str) -> str:
        return (self.stack.logs / f"{name}.log").read_text(errors="replace")

    # Killing

    @contextmanager
    def killing(self, name: str, *, as_soon_as: Callable[[], bool]) -> Iterator[None]:
        """SIGKILL to one part of the hub, in the middle of what the block does. It was, or the test says so."""
        over = threading.Event()
        killer = threading.Thread(target=self._kill_once, args=(name, as_soon_as, over), daemon=True)
        before = len(self.killed)
        killer.start()
        try:
            yield
        finally:
            over.set()
            killer.join()
        assert self.killed[before:] == [name], f"the block ended before {name} was killed: nothing was proved"

    def _kill_once(self, name: str, as_soon_as: Callable[[], bool], over: threading.Event) -> None:
        while not over.wait(LOOK):
            with suppress(psycopg2.Error):  # killed by another of us, and not back yet
                if as_soon_as():
                    os.kill(self.stack.processes[name], signal.SIGKILL)
                    self.killed.append(name)
                    return

    def wait_for_return(self, name: str) -> None:
        """Until the supervisor says it is ready again as often as it was killed."""
        end = time.monotonic() + PATIENCE
        while sum(line.startswith(f"{name} ready again") for line in self.said) < self.killed.count(name):
            assert time.monotonic() < end, f"{name} did not come back: {self.said[-5:]}"
            time.sleep(LOOK)


@contextmanager
def run_hub(*, state: Path | None = None, port: int | None = None, **settings: str) -> Iterator[JourneyHub]:
    """Throw-away without `state`. Nothing that surrounds the tests (servers, secrets, settings) reaches it, but what
    is given here as HUB_PARTY="BE*HU2"."""
    said: list[str] = []

    def say(message: str) -> None:
        said.append(message)
        print(f"[stack] {message}")

    environ = _environment(port or find_port()) | settings
    with Stack(state=state, programs=hub_programs, environ=environ, say=say) as stack:
        yield JourneyHub(stack, said)


def _environment(port: int) -> dict[str, str]:
    """Ours without what the tests themselves run on; everything on the loopback and in clear."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL") and (not name.startswith("HUB_") or name == "HUB_PG_BIN")
    }
    own = {
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(port),
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_REQUIRE_HTTPS": "false",
        "HUB_EGRESS_ALLOW": "127.0.0.0/8",
    }
    return kept | own


def find_port() -> int:
    for port in random.SystemRandom().sample(PORTS, 200):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@contextmanager
def make_state_folder() -> Iterator[Path]:
    """Where a hub can be started twice. PostgreSQL may run as another user, who is given a place beside it."""
    with tempfile.TemporaryDirectory(prefix="journey-") as folder:
        Path(folder).chmod(0o755)
        with patch("roaming_hub.stack.stack.home", _keep_inside(Path(folder) / "postgres-home")):
            yield Path(folder) / "state"


def _keep_inside(place: Path) -> Callable[..., Path]:
    def home(state: Path, *, uid: int | None) -> Path:
        return state if uid is None else place

    return home


def build_scenario(hub: JourneyHub, *, folder: Path) -> Scenario:
    tokens = hub.create_partner_token
    return Scenario(hub=hub.open_api(), folder=folder, say=print, patience=PATIENCE, partner_token=tokens)


def name_wrong(scenario: Scenario) -> list[str]:
    return [str(figure) for figure in scenario.figures.wrong]
