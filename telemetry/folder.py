"""Where the processes of one machine keep their figures, so that one of them can show all (HUB_METRICS_DIR).

Every process holds a lock file for as long as it lives. What a dead one counted is added to a file for the dead, as a
counter that shrinks looks like a restart and would be counted twice. Import nothing of prometheus_client up here: it
looks for its folder when it is imported.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
GONE = "gone"  # stands for all processes that ended


class _Own:
    """This process, in its folder."""

    folder: Path | None = None
    name = ""
    descriptor = -1


def use(path: str) -> None:
    """From now on this process, and those forked from it, keep their figures there. Empty: in memory, for itself."""
    if not path or _Own.folder is not None:
        return
    _Own.folder = Path(path).absolute()
    _Own.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ[VARIABLE] = str(_Own.folder)
    _begin()
    os.register_at_fork(after_in_child=_begin)


def get_folder() -> Path | None:
    return _Own.folder


def get_process_name() -> str:
    """Unique among the living that share the folder, also where each container begins to count processes anew."""
    return _Own.name


def _begin() -> None:
    assert _Own.folder is not None
    if _Own.descriptor >= 0:
        os.close(_Own.descriptor)  # our parent's: it still holds it
    _Own.name = f"{socket.gethostname().replace('_', '-')}-{os.getpid()}"
    file = _Own.folder / f"{_Own.name}.alive"
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            is_still_there = file.stat().st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            is_still_there = False  # a dead process of our number was just cleared away
        if is_still_there:
            _Own.descriptor = descriptor
            return
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time reads the folder or clears it."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def bury(folder: Path) -> int:
    """Adds what dead processes counted to what the dead counted, and removes their files. Under `locked`."""
    buried = 0
    for file in folder.glob("*.alive"):
        descriptor = os.open(file, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # it lives
        else:
            _add_up(folder, file.stem)
            file.unlink()
            buried += 1
        finally:
            os.close(descriptor)
    return buried


def _add_up(folder: Path, name: str) -> None:
    from prometheus_client.mmap_dict import MmapedDict

    for kind in ("counter", "histogram"):
        file = folder / f"{kind}_{name}.db"
        if not file.exists():
            continue
        total = MmapedDict(str(folder / f"{kind}_{GONE}.db"))
        try:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
                json.loads(key)  # a broken one must not spoil the file of the dead
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
        except (RuntimeError, ValueError, struct.error) as error:
            logger.warning("the figures of %s cannot be read to their end: %s", name, error)
        finally:
            total.close()
        file.unlink()
    for file in folder.glob(f"gauge_*_{name}.db"):
        file.unlink()
