"""The stack as one thing: servers, then whatever programs are wanted, in one supervised process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol, Self

from roaming_hub.stack import guardian, keys, valkey
from roaming_hub.stack.child import Child, launched
from roaming_hub.stack.folders import RunFolder, StateFolder
from roaming_hub.stack.postgres import Postgres, copy_if_closed, find_programs, home, runs_as
from roaming_hub.stack.programs import PROJECT, address, no_programs
from roaming_hub.stack.supervisor import StackFailed, Supervisor


class Programs(Protocol):
    """What runs on top of the servers, given their addresses."""

    def __call__(self, environ: Mapping[str, str], *, state: Path) -> list[Child]: ...


def say_on_console(message: str) -> None:
    print(f"[stack] {message}", flush=True)


class Stack:
    """`with Stack(…) as stack:` everything runs inside, and has stopped outside.

    `state` is the folder of durable data; without one everything is thrown away at the end. A server whose URL is in
    `environ` is used as it is. Enter and leave it in the same process; `processes` maps names to process ids.
    """

    def __init__(
        self,
        *,
        state: Path | None = None,
        programs: Programs = no_programs,
        environ: Mapping[str, str] | None = None,
        say: Callable[[str], None] = say_on_console,
        told_to_stop: threading.Event | None = None,
    ) -> None:
        self.environ = dict(os.environ if environ is None else environ)
        self._wanted_state = state
        self._programs = programs
        self._say = say
        self._run: RunFolder | None = None
        self._state: StateFolder | None = None
        self._supervisor: Supervisor | None = None
        self._told_to_stop = told_to_stop or threading.Event()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def processes(self) -> dict[str, int]:
        return self._supervisor.processes if self._supervisor else {}

    @property
    def state(self) -> Path:
        assert self._state is not None, "the stack has not been started"
        return self._state.path

    @property
    def logs(self) -> Path:
        return self.state / "log"

    @property
    def failure(self) -> StackFailed | None:
        return self._supervisor.failure if self._supervisor else None

    def tell(self) -> None:
        """Put our process id and the servers' addresses into the state folder, for as long as we run."""
        assert self._state is not None, "the stack has not been started"
        self._state.tell(self.environ)

    def is_running(self) -> bool:
        return self._supervisor is not None and self._supervisor.is_alive()

    # Start and stop

    def _start(self) -> None:
        self._run = RunFolder()
        self._state = StateFolder(self._wanted_state or self._run.part("state"))
        self.logs.mkdir(exist_ok=True)
        os.chmod(self.logs, 0o700)
        self._set_environment()
        children = self._servers() + self._programs(self.environ, state=self.state)
        self._supervisor = Supervisor(children, run=self._run.path, logs=self.logs, say=self._say)
        self._supervisor.start()
        while not self._supervisor.up.wait(0.1):
            if self._told_to_stop.is_set():
                raise StackFailed("stopped before it was up")
        if self._supervisor.failure:
            raise self._supervisor.failure

    def stop(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop()
        if self._state is not None:
            self._state.release()
        if self._run is not None:
            guardian.clear(self._run.path, groups=set())  # what `run` left in the background
            self._run.remove()

    def _set_environment(self) -> None:
        assert self._run is not None
        host, port = address(self.environ)
        self.environ.setdefault("HUB_PUBLIC_URL", f"http://{host}:{port}")
        self.environ["PYTHONUNBUFFERED"] = "1"
        if self._programs is not no_programs and not self.environ.get("HUB_METRICS_DIR"):
            self.environ["HUB_METRICS_DIR"] = str(self._run.part("metrics"))  # empty at each start, gone at the end
        self.environ[guardian.MARKER] = guardian.mark(self._run.path, around=os.environ.get(guardian.MARKER, ""))
        file = self.state / "secrets.env"
        secrets, made = keys.get_or_make(file, environ=self.environ)
        self.environ |= secrets
        if made and self._wanted_state:
            self._say(f"made {' and '.join(made)}; kept in {file}. Back it up: the data cannot be read without it.")

    def _servers(self) -> list[Child]:
        servers = []
        if not self.environ.get("DATABASE_URL"):
            postgres = self._postgres()
            self.environ["DATABASE_URL"] = postgres.url
            servers.append(self._marked(postgres.child()))
        if not self.environ.get("REDIS_URL"):
            assert self._run is not None
            socket = self._run.part("valkey") / "valkey.sock"
            self.environ["REDIS_URL"] = valkey.url(socket)
            child = valkey.child(data=self.state / "valkey", socket=socket, durable=bool(self._wanted_state))
            servers.append(self._marked(child))
        return servers

    def _postgres(self) -> Postgres:
        assert self._run is not None
        uid = runs_as()
        folder = home(self.state, uid=uid) if self._wanted_state else self._run.part("postgres", uid=uid)
        if folder != self.state and self._wanted_state:
            folder.mkdir(parents=True, exist_ok=True)
            self._say(f"PostgreSQL runs as user {uid}, who cannot enter {self.state}: its data is in {folder}")
        postgres = Postgres(
            programs=copy_if_closed(find_programs(self.environ), into=folder, uid=uid),
            data=folder / "postgres",
            sockets=self._run.part("sockets", uid=uid),
            uid=uid,
            durable=bool(self._wanted_state),
        )
        postgres.create()
        postgres.wait_for_the_last()
        return postgres

    def _marked(self, child: Child) -> Child:
        """Servers get a small environment of their own, but must be found by the marker too."""
        environment = {**child.env, guardian.MARKER: self.environ[guardian.MARKER]}
        return Child(**{**vars(child), "env": environment})

    # Programs on top

    def run(self, *argv: str) -> int:
        """Run a command with our terminal and wait for it; a SIGTERM to us is passed on. The shell's kind of status."""
        process = subprocess.Popen(launched(argv), env=self.environ)

        def pass_on(number: int, frame: FrameType | None) -> None:
            process.send_signal(number)

        # Ctrl-C reaches the command through the terminal; we only have to outlive it.
        previous = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
        for number in (signal.SIGTERM, signal.SIGHUP):
            previous[number] = signal.signal(number, pass_on)
        try:
            status = self._outlast(process)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return status if status >= 0 else 128 - status

    def _outlast(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the command; without its stack it has nothing left to do."""
        while True:
            try:
                return process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                if self.failure:
                    process.terminate()

    def replace(self, kind: str) -> None:
        """Start successors of all processes called `kind` or `kind-N`, one at a time; no call is lost by it."""
        if self._supervisor is not None:
            self._supervisor.replace(kind)

    def ask(self, *argv: str) -> str:
        """Run a short command inside the stack and return what it prints."""
        done = subprocess.run(
            launched(argv), env=self.environ, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
        )
        if done.returncode != 0:
            raise StackFailed(f"{' '.join(argv)} failed:\n{done.stderr}")
        return done.stdout

    def wait(self) -> None:
        """Until told to stop, or until the stack has failed."""
        while self.is_running() and not self._told_to_stop.wait(0.2):
            continue
