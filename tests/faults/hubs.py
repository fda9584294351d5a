"""A hub of real processes for the fault tests: several web processes and workers, and every part can be killed.

Nothing of the tests' own surroundings (servers, secrets, settings) reaches it. Data is durable, so that what PostgreSQL
has promised outlives it; the queue may be emptied together with its server.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg2

from roaming_hub.stack import Stack
from roaming_hub.stack.child import Child
from roaming_hub.stack.programs import hub_programs
from tests.journeys.hub import JourneyHub, find_port, make_state_folder

PATIENCE = 180.0  # seconds until what must come has come; a machine with other work needs them

UNDONE = """
    SELECT count(*) FROM forwarding_lane lane
      LEFT JOIN LATERAL (SELECT id FROM journal_event WHERE sublane = lane.sublane
                          ORDER BY id DESC LIMIT 1) AS tail ON true
     WHERE lane.cursor < coalesce(tail.id, 0)
"""


class FaultHub(JourneyHub):
    """`kill` ends one part by SIGKILL; the supervisor brings it back. Parts are named as the stack names them."""

    @property
    def parts(self) -> list[str]:
        return sorted(self.stack.processes)

    def get_parts(self, kind: str) -> list[str]:
        """`web`, `worker` …: with their numbers, where there are several."""
        return [name for name in self.parts if name == kind or name.startswith((f"{kind}-", f"{kind} "))]

    def kill(self, name: str) -> bool:
        """False: it is not there just now."""
        pid = self.stack.processes.get(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed.append(name)
            return True
        return False

    def kill_queue_and_its_data(self) -> bool:
        """Valkey comes back knowing nothing."""
        for kept in (self.stack.state / "valkey").glob("*"):
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
        return self.kill("valkey")

    def kill_one_web_process(self) -> bool:
        """One of several on one socket: the others go on. False: there is none just now."""
        return any(self.kill(name) for name in self.get_parts("web")[1:][-1:])

    def freeze(self, name: str) -> None:
        """The part and its children stand still, as on a machine that is paused; nobody is told."""
        os.killpg(self.stack.processes[name], signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.killpg(self.stack.processes[name], signal.SIGCONT)

    def show_logs(self, *, lines: int = 25) -> None:
        """The ends of the logs, for whoever has to find out what went wrong."""
        for log in sorted(self.stack.logs.glob("*.log")):
            print(f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-lines:], sep="\n")

    # Waiting

    def wait_until(self, what: str, is_so: Callable[[], bool], *, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while True:
            with suppress(psycopg2.Error):  # the database may be on its way back
                if is_so():
                    return
            assert time.monotonic() < end, f"{what}: not within {patience:.0f} s; the stack said {self.said[-5:]}"
            time.sleep(0.2)

    def wait_until_delivered(self) -> None:
        """Every lane has come to the end of the log, and nothing waits in any of them."""
        self.wait_until("the lanes are empty", lambda: self.count(UNDONE) == 0)


@contextmanager
def run_faulty_hub(*, workers: int = 1, web_processes: int = 1, **settings: str) -> Iterator[FaultHub]:
    """`settings`: further HUB_ variables."""
    said: list[str] = []

    def say(message: str) -> None:
        said.append(message)
        print(f"[stack] {message}")

    def programs(environ: Mapping[str, str], *, state: Path) -> list[Child]:
        return with_workers(hub_programs(environ, state=state), workers)

    environ = make_environment(find_port(), HUB_WEB_PROCESSES=str(web_processes), **settings)
    with make_state_folder() as folder, Stack(state=folder, programs=programs, environ=environ, say=say) as stack:
        hub = FaultHub(stack, said)
        try:
            yield hub
        except BaseException:
            hub.show_logs()
            raise


def with_workers(children: list[Child], workers: int) -> list[Child]:
    """As many of the stack's worker as wanted, each with a name of its own."""
    found = []
    for child in children:
        found.append(child)
        if child.name == "worker":
            for number in range(2, workers + 1):
                argv = (*child.argv, "--hostname", f"worker{number}@%h")
                found.append(replace(child, name=f"worker-{number}", argv=argv))
    return found


def make_environment(port: int, **settings: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL") and (not name.startswith("HUB_") or name == "HUB_PG_BIN")
    }
    return kept | {
        "HUB_HOST": "127.0.0.1",
        "HUB_PORT": str(port),
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_REQUIRE_HTTPS": "false",
        "HUB_EGRESS_ALLOW": "127.0.0.0/8",
        **settings,
    }
