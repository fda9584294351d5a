"""`make up` itself dies by SIGKILL: what it ran dies with it, and the next start clears up and finds all data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from roaming_hub.stack.guardian import MARKER
from roaming_hub.stack.programs import PROJECT
from tests.faults.hubs import make_environment
from tests.journeys.hub import find_port

PATIENCE = 120.0


class Runner:
    """The stack as an operator starts it, with its data in `state`."""

    def __init__(self, state: Path, *, log: Path) -> None:
        self._environ = make_environment(find_port(), HUB_STATE=str(state), HUB_WEB_PROCESSES="2")
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None
        self.state = state
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "roaming_hub.stack", "up"],
                cwd=PROJECT,
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait("the hub is well", self._is_well)

    def _is_well(self) -> bool:
        assert self._popen is not None
        assert self._popen.poll() is None, f"it ended: {self._log.read_text()[-2000:]}"
        with suppress(requests.RequestException):
            return self._session.get(f"{self._environ['HUB_PUBLIC_URL']}/healthz", timeout=3).ok
        return False

    def kill(self) -> None:
        assert self._popen is not None
        self._popen.kill()
        self._popen.wait()

    def find_guardians(self) -> list[int]:
        assert self._popen is not None
        lists = Path(f"/proc/{self._popen.pid}/task").glob("*/children")  # a list per thread
        children = [int(pid) for one in lists for pid in one.read_text().split()]
        return [pid for pid in children if b"guardian.py" in read_command(pid)]

    def find_processes(self) -> list[int]:
        """All that belong to this state folder, whoever their parent is now."""
        mine = f"HUB_STATE={self.state}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if mine in variables and any(line.startswith(MARKER.encode()) for line in variables):
                    found.append(int(entry.name))
        return found

    def wait_until_gone(self, pids: list[int]) -> None:
        self._wait("they are gone", lambda: not set(pids) & set(self.find_processes()))

    def stop(self) -> None:
        if self._popen is not None and self._popen.poll() is None:
            self._popen.terminate()
            self._popen.wait(60)

    def _wait(self, what: str, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE:.0f} s: {self._log.read_text()[-2000:]}"
            time.sleep(0.1)


def read_command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("killed")
    for step in (folder, *folder.parents[:2]):  # PostgreSQL may run as another user
        with suppress(PermissionError):
            step.chmod(0o755)
    state = folder / "state"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    runner = Runner(state, log=folder / "up.log")
    yield runner
    runner.stop()


class TestStackKilled:
    def test_nothing_outlives_it_and_it_starts_again(self, runner: Runner) -> None:
        runner.start()
        before = runner.find_processes()
        secrets = (runner.state / "secrets.env").read_text()

        runner.kill()

        assert len(before) >= 5  # web and its two, worker, beat
        runner.wait_until_gone(before)
        runner.start()
        assert (runner.state / "secrets.env").read_text() == secrets

    def test_orphans_of_one_whose_guardian_was_killed_too_are_swept_at_the_next_start(self, runner: Runner) -> None:
        runner.start()
        before = runner.find_processes()
        guardians = runner.find_guardians()
        assert guardians

        for guardian in guardians:
            os.kill(guardian, signal.SIGSTOP)  # killed alone it would be replaced
        runner.kill()
        for guardian in guardians:
            os.kill(guardian, signal.SIGKILL)

        runner.start()
        assert not set(before) & set(runner.find_processes())
