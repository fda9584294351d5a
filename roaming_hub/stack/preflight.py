"""What must be true before anything starts. Each check answers None or a sentence that says what to do."""

from __future__ import annotations

import errno
import os
import platform
import pwd
import socket
import sys
from collections.abc import Mapping

from roaming_hub.stack.programs import address
from roaming_hub.stack.supervisor import StackFailed

OLDEST_PYTHON = (3, 11)
OLDEST_GLIBC = (2, 28)
MACHINES = ("x86_64", "aarch64", "arm64")
NUMBERS = {"HUB_PORT": 65535, "HUB_WEB_PROCESSES": 100, "HUB_WORKER_CONCURRENCY": 1000, "HUB_PULL_PROCESSES": 100}
OWN_SERVERS = "Set DATABASE_URL and REDIS_URL to servers of your own instead."


def check_python(version: tuple[int, ...]) -> str | None:
    if version >= OLDEST_PYTHON:
        return None
    return f"Python {'.'.join(map(str, version[:2]))} is too old: the hub needs 3.11 or later. Try PYTHON=python3.11."


def check_machine(machine: str) -> str | None:
    if machine in MACHINES:
        return None
    return f"There is no embedded PostgreSQL for {machine}, only for x86_64 and aarch64. {OWN_SERVERS}"


def check_libc(name: str, *, version: str) -> str | None:
    """`name` and `version` as platform.libc_ver() has them; empty where there is no glibc (musl, macOS)."""
    if sys.platform != "linux":
        return None
    if name != "glibc":
        return f"The embedded PostgreSQL and Valkey need glibc, which this system does not use. {OWN_SERVERS}"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GLIBC:
        return f"glibc {version} is too old for the embedded servers, which need 2.28. {OWN_SERVERS}"
    return None


def check_user(uid: int, *, known: bool) -> str | None:
    """`initdb` looks its user up and gives up without an entry, as in a container started with a bare user id."""
    if known:
        return None
    return (
        f"User id {uid} has no entry in /etc/passwd, so the embedded PostgreSQL cannot run as it. "
        "Set DATABASE_URL to a PostgreSQL server (15 or later), or run as a user with an entry."
    )


def check_port(host: str, *, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return f"Port {port} is for root alone: choose another, such as HUB_PORT=8600, and put a proxy in front."
        except OSError as e:
            if e.errno != errno.EADDRINUSE:
                return f"HUB_HOST is {host}, where this machine cannot listen ({e.strerror}). Try 127.0.0.1 or 0.0.0.0."
            other = port + 1
            return (
                f"Port {port} on {host} cannot be had ({e.strerror}). Stop what uses it, or choose another "
                f"by HUB_PORT={other} before the same command."
            )
    return None


def check_number(environ: Mapping[str, str], name: str, *, most: int) -> str | None:
    value = environ.get(name, "1")
    if value.isdecimal() and 1 <= int(value) <= most:
        return None
    return f"{name} is “{value}”: it must be a whole number from 1 to {most}."


def _is_known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def problems(environ: Mapping[str, str], *, web: bool) -> list[str]:
    """All that stands in the way, for what this run is going to start itself."""
    found = [check_python(sys.version_info[:2])]
    if not (environ.get("DATABASE_URL") and environ.get("REDIS_URL")):
        found.append(check_machine(platform.machine()))
        found.append(check_libc(platform.libc_ver()[0], version=platform.libc_ver()[1]))
    if not environ.get("DATABASE_URL"):
        found.append(check_user(os.geteuid(), known=_is_known(os.geteuid())))
    if web:
        wrong = [check_number(environ, name, most=most) for name, most in NUMBERS.items()]
        found += wrong
        if not any(wrong):
            host, port = address(environ)
            found.append(check_port(host, port=port))
    return [problem for problem in found if problem]


def check(environ: Mapping[str, str], *, web: bool) -> None:
    if found := problems(environ, web=web):
        raise StackFailed("\n".join(found))
