"""The folders of a run: a short private one for sockets (and, when throw-away, for everything), and the durable state.

Both are held by a lock for as long as the runner lives, so that a lock that can be had means: left behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable
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
    """Durable data: database, queue, secrets, logs."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = _lock(self.path / "lock")
        if descriptor is None:
            raise StackFailed(f"Another hub is running with the state folder {self.path}. Stop it, or set HUB_STATE.")
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
