"""Start a yardstick, wait until it answers, end it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.stand import Stand, find_port
from roaming_hub.stack.programs import PROJECT

OTHERS = os.environ.get(
    "BENCH_PYTHON", str(PROJECT / ".venv-bench" / "bin" / "python")
)  # has what the hub does not need


@contextmanager
def run_proxy(target: str) -> Iterator[int]:
    """The bare aiohttp proxy."""
    port = find_port()
    with _running(port, [sys.executable, "-m", "benchmarks.yardsticks.aiohttp_proxy", str(port), target]):
        yield port


@contextmanager
def run_naive_hub(stand: Stand, *, provider: str, consumer: str, target: str) -> Iterator[int]:
    """DRF, ORM and requests: one process like the hub, in a database of its own on the same server."""
    port = find_port()
    own = {"DATABASE_URL": stand.stack.environ["DATABASE_URL"]}
    with stand.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS naive")
        cursor.execute("CREATE DATABASE naive")
    subprocess.run(
        [OTHERS, "-m", "benchmarks.yardsticks.naive_hub", provider, consumer, target],
        env={**os.environ, **own},
        check=True,
        cwd=PROJECT,
    )
    threads = ["-k", "gthread", "--threads", "32", "-w", "1", "--keep-alive", "75"]
    command = [
        OTHERS,
        "-m",
        "gunicorn",
        "-b",
        f"127.0.0.1:{port}",
        *threads,
        "--log-level",
        "error",
        "--no-control-socket",
    ]
    with _running(port, [*command, "benchmarks.yardsticks.naive_hub:application"], environ=own):
        yield port


@contextmanager
def run_library() -> Iterator[int]:
    """An OCPI library that only receives."""
    port = find_port()
    command = [OTHERS, "-m", "uvicorn", "benchmarks.yardsticks.library_hub:application", "--port", str(port)]
    with _running(port, [*command, "--log-level", "error", "--no-access-log"]):
        yield port


@contextmanager
def _running(port: int, command: list[str], *, environ: Mapping[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(10)
