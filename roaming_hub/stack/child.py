"""What the stack runs: a `Child` is data, a `Process` is one life of it. Nothing here decides when to start or stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roaming_hub.stack import guardian

RECENT = 64 * 1024  # bytes
LAUNCHER = Path(__file__).with_name("launch.py")


def launched(argv: tuple[str, ...], *, uid: int | None = None) -> list[str]:
    """The command line that starts `argv` so that it dies with this process."""
    program = shutil.which(argv[0]) or argv[0]
    user = "-" if uid is None else str(uid)
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), user, "--", program, *argv[1:]]


@dataclass(frozen=True, kw_only=True)
class Child:
    name: str
    argv: tuple[str, ...]
    ready: Callable[[Process], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    uid: int | None = None  # None: as the user who runs the stack
    sockets: tuple[socket.socket, ...] = ()  # handed down; closed when the stack stops
    once: bool = False  # must end well before the next child starts, instead of staying
    beside_next: bool = False  # the next child need not wait until this one is ready
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 15.0


class Process:
    """One life of a child, in a session of its own, its output appended to a log file."""

    def __init__(self, child: Child, *, log: Path) -> None:
        self.child = child
        self.log = log
        self.is_ready = False
        self.started_at = time.monotonic()
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                launched(child.argv, uid=child.uid),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=child.folder,
                env=dict(child.env),
                start_new_session=True,
                pass_fds=[each.fileno() for each in child.sockets],
            )
        self.pid = self._popen.pid

    def exit_status(self) -> int | None:
        return self._popen.poll()

    def age(self) -> float:
        return time.monotonic() - self.started_at

    def output(self) -> bytes:
        """What this life has written, as far as it is recent."""
        with self.log.open("rb") as lines:
            end = lines.seek(0, os.SEEK_END)
            lines.seek(max(self._log_start, end - RECENT))
            return lines.read()

    def tell_to_leave(self) -> None:
        """Another has taken its place: finish what is open, in its own time."""
        if self.exit_status() is None:
            self._popen.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask, wait, then kill the whole group, grandchildren included."""
        if self.exit_status() is None:
            self._popen.send_signal(self.child.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it had its time: killed below
                self._popen.wait(self.child.stop_within)
        self.kill()

    def kill(self) -> None:
        guardian.kill_group(self.pid)
        self._popen.wait()


def log_says(words: bytes) -> Callable[[Process], bool]:
    return lambda process: words in process.output()


def answers_ping(path: Path) -> Callable[[Process], bool]:
    """Valkey and Redis answer PING once they have loaded their data."""

    def ask(process: Process) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(path))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    return ask
