"""A platform as a child process, and orders to it over its control port. Synchronous: for scenarios and tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from simulator import jsontext
from simulator.config import PlatformConfig
from simulator.control import KEY_HEADER
from simulator.errors import PeerError

_ROOT = Path(__file__).resolve().parent.parent
_LONGEST_ORDER = 600


class PlatformProcess:
    """The child ends with its parent, because it follows its standard input."""

    def __init__(self, config: PlatformConfig, *, folder: Path) -> None:
        self.config = config
        self.versions_url = ""
        self._control_url = ""
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises: PeerError: it ended before its ports were open; its log says why."""
        file, log = self._folder / f"{self.config.name}.json", self._folder / f"{self.config.name}.log"
        self.config.write(file)
        command = [sys.executable, "-m", "simulator", "--config", str(file), "--follow-stdin"]
        with log.open("wb") as errors:
            self._child = subprocess.Popen(
                command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise PeerError(f"platform {self.config.name} did not start: {log.read_text(errors='replace')[-2000:]}")
        ready = jsontext.loads(line)
        self.versions_url, self._control_url = ready["versions_url"], ready["control_url"]

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            for stream in (self._child.stdin, self._child.stdout):
                if stream is not None:
                    stream.close()
            self._child = None

    @property
    def pid(self) -> int:
        assert self._child is not None, "not started"
        return self._child.pid

    def order(self, name: str, **order: Any) -> Any:
        """Raises: PeerError: the platform could not do it; the text says why."""
        return self._ask("POST", f"/{name}", data=jsontext.dumps(order), timeout=_LONGEST_ORDER)

    def get_report(self) -> Any:
        return self._ask("GET", "/report")

    def get_messages(self, **wanted: str) -> Any:
        return self._ask("GET", "/messages", params=wanted)

    def get_objects(self, *, kind: str, party: str, module: str) -> dict[str, str]:
        """Key → digest; `kind` is "own" or "received"."""
        found: dict[str, str] = self._ask("GET", "/objects", params={"kind": kind, "party": party, "module": module})
        return found

    def get_own(self, *, party: str, module: str) -> list[dict[str, Any]]:
        """The documents themselves."""
        found: list[dict[str, Any]] = self._ask("GET", "/documents", params={"party": party, "module": module})
        return found

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        """A session of its own for each order: several threads give orders at once."""
        with requests.Session() as http:
            http.trust_env = False  # no proxy between us and loopback
            headers = {KEY_HEADER: self.config.control_key}
            response = http.request(method, self._control_url + path, headers=headers, **{"timeout": 30, **options})
        document = jsontext.loads(response.text)
        if response.status_code != 200:
            raise PeerError(f"{self.config.name}: {document.get('error', response.status_code)}")
        return document
