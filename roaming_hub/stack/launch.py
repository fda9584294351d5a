"""Become another program that dies with the one that started it: `launch.py PARENT_PID USER_ID -- /PROGRAM …`.

Run as a script without site-packages. It stands where a `preexec_fn` would, which is unsafe in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Linux only. The signal comes when the *thread* that started us ends; elsewhere the guardian is all there is."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("launch: the parent has already gone")


def become_user(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def main(parent: str, user: str, separator: str, *argv: str) -> None:
    if user != "-":
        become_user(int(user))  # who may not be able to read Python's own library: import nothing from here on
    die_with_parent(int(parent))  # after the change of user, which would clear the signal
    for ignored in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execv(argv[0], argv)
    except OSError as e:
        print(f"{argv[0]}: {e.strerror}", file=sys.stderr)
        os._exit(127)


if __name__ == "__main__":
    main(*sys.argv[1:])
