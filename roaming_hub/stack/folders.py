"""The folders of a run: a short private one for sockets (and, when throw-away, for everything), and the durable state.

Both are held by a lock for as long as the runner lives, so that a lock that can be had means: left behind.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from roaming_hub.stack import guardian
from roaming_hub.stack.supervisor import StackFailed

PREFIX = "roaming-hub-"
LONGEST = 70  # characters; the path of a unix socket ends at 108
NOBODY = 65534


class Permissions(NamedTuple):
    """What os.stat says of a file or folder, as far as entering it goes."""

    mode: int
    uid: int
    gid: int


def may_enter(permissions: Iterable[Permissions], *, uid: int) -> bool:
    """Whether a user (with the group of the same number) can go through all of these; root is never asked about."""
    for mode, owner, group in permissions:
        bit = 0o100 if owner == uid else 0o010 if group == uid else 0o001
        if not mode & bit:
            return False
    return True


def is_open_to(path: Path, *, uid: int) -> bool:
    """Whether `uid` can get at `path`: every folder above it, and itself, as far as they exist."""
    there = [step for step in (path.absolute(), *path.absolute().parents) if step.exists()]
    stats = [step.stat() for step in there]
    return may_enter([Permissions(s.st_mode, s.st_uid, s.st_gid) for s in stats], uid=uid)


def _lock(path: Path) -> int | None:
    """A locked descriptor, or None when somebody living holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


class RunFolder:
    """A private folder with a short path, removed at the end."""

    def __init__(self) -> None:
        parent = tempfile.gettempdir() if len(tempfile.gettempdir()) < LONGEST - 20 else "/tmp"
        clear_left_behind(Path(parent))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self.path.chmod(0o711)  # PostgreSQL may run as another user and must get through; each part is private itself
        self._descriptor = _lock(self.path / "locking")
        (self.path / "locking").rename(self.path / "lock")  # from here on others may judge us by it

    def part(self, name: str, *, uid: int | None = None) -> Path:
        """A folder inside for one user alone."""
        part = self.path / name
        part.mkdir(mode=0o700)
        if uid is not None:
            os.chown(part, uid, uid)
        return part

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def clear_left_behind(parent: Path) -> None:
    """What a run left whose runner and guardian were both killed: processes first, then the folder."""
    for lock in parent.glob(f"{PREFIX}*/lock"):
        try:
            if lock.stat().st_uid != os.getuid():
                continue
            descriptor = _lock(lock)
        except OSError:  # removed meanwhile
            continue
        if descriptor is not None:
            guardian.clear(lock.parent, groups=set())
            os.close(descriptor)


class StateFolder:
    """Durable data: database, queue, secrets, logs. `runner` and `servers` are there while a hub runs with it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = _lock(self.path / "lock")
        except OSError as error:
            raise StackFailed(
                f"The state folder {self.path} cannot be used: {error.strerror} ({error.filename}). "
                "Run as the user it belongs to, or set HUB_STATE to a folder of your own."
            ) from error
        if descriptor is None:
            raise StackFailed(f"Another hub is running with the state folder {self.path}. Stop it, or set HUB_STATE.")
        self._descriptor: int | None = descriptor
        self._forget()  # what a killed runner left

    @property
    def runner(self) -> Path:
        return self.path / "pid"

    @property
    def servers(self) -> Path:
        return self.path / "servers.env"

    def tell(self, environ: Mapping[str, str]) -> None:
        """Others may now speak to the runner, and to its servers: `. .hub/servers.env` in a shell."""
        with os.fdopen(os.open(self.servers, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as lines:
            lines.writelines(f"{name}={shlex.quote(environ[name])}\n" for name in ("DATABASE_URL", "REDIS_URL"))
        self.runner.write_text(str(os.getpid()))

    def _forget(self) -> None:
        for file in (self.runner, self.servers):
            file.unlink(missing_ok=True)

    def release(self) -> None:
        if self._descriptor is not None:
            self._forget()
            os.close(self._descriptor)
            self._descriptor = None


def get_runner(state: Path) -> int | None:
    """The process whose hub runs with this state folder. The number that a killed one left may be anybody's by now."""
    try:
        pid = int((state / "pid").read_text())
        free = _lock(state / "lock")
    except (OSError, ValueError):  # never started, not up yet, or somebody else's
        return None
    if free is None:
        return pid
    os.close(free)
    return None
