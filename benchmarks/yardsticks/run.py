"""Start a yardstick, wait until it answers, end it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.catalogue import copy_table
from benchmarks.cores import MEASURED, pin
from benchmarks.machine import find_nginx
from benchmarks.stand import Stand, find_port
from roaming_hub.stack.programs import PROJECT

# The Python that has what the hub does not need: benchmarks/yardsticks/requirements.lock
OTHERS = os.environ.get("BENCH_PYTHON", str(PROJECT / ".venv-bench" / "bin" / "python"))
PY_OCPI = str(Path(OTHERS).parent.parent / "py-ocpi" / "bin" / "python")
_GUNICORN = ("-m", "gunicorn", "-k", "gthread", "--threads", "32", "-w", "1", "--keep-alive", "75")


@contextmanager
def run_proxy(target: str) -> Iterator[int]:
    """The bare aiohttp proxy."""
    port = find_port()
    with running(port, [sys.executable, "-m", "benchmarks.yardsticks.aiohttp_proxy", str(port), target]):
        yield port


@contextmanager
def run_durable_proxy(stand: Stand, target: str) -> Iterator[int]:
    """The same, with two transactions a call into copies of the hub's tables."""
    copy_table(stand, "charging_sessions_session", "bench_session")
    copy_table(stand, "journal_calllog", "bench_calllog")
    with _run_keeper(stand, "durable_proxy", target) as port:
        yield port


def run_lean_proxy(stand: Stand, target: str) -> AbstractContextManager[int]:
    """That, with the hub's own HTTP in place of aiohttp, into the same tables."""
    return _run_keeper(stand, "lean_proxy", target)


@contextmanager
def _run_keeper(stand: Stand, name: str, target: str) -> Iterator[int]:
    port, dsn = find_port(), stand.stack.environ["DATABASE_URL"]
    with running(port, [sys.executable, "-m", f"benchmarks.yardsticks.{name}", str(port), target, dsn]):
        yield port


@contextmanager
def run_naive_hub(stand: Stand, *, provider: str, consumer: str, target: str) -> Iterator[int]:
    """DRF, ORM and requests: one process like the hub, in a database of its own on the same server."""
    port = find_port()
    own = {"DATABASE_URL": stand.stack.environ["DATABASE_URL"]}
    with stand.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS naive")
        cursor.execute("CREATE DATABASE naive")
    make = [OTHERS, "-m", "benchmarks.yardsticks.naive_hub", provider, consumer, target]
    subprocess.run(make, env={**os.environ, **own}, check=True, cwd=PROJECT)
    quiet = ["--log-level", "error", "--no-control-socket"]
    command = [OTHERS, *_GUNICORN, *quiet, "-b", f"127.0.0.1:{port}", "benchmarks.yardsticks.naive_hub:application"]
    with running(port, command, environ=own):
        yield port


def pull_naively(stand: Stand, url: str) -> float:
    """Seconds that the naive hub, which must be running, takes to read a page of locations into its tables."""
    command = [OTHERS, "-m", "benchmarks.yardsticks.naive_hub", "pull", url]
    environ = {**os.environ, "DATABASE_URL": stand.stack.environ["DATABASE_URL"]}
    done = subprocess.run(command, env=environ, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the naive pull failed: {done.stderr[-2000:]}")
    return float(done.stdout)


def run_library() -> AbstractContextManager[int]:
    """extrawest-ocpi, which only receives."""
    return _run_uvicorn(OTHERS, "benchmarks.yardsticks.library_hub:application")


def run_fast_library() -> AbstractContextManager[int]:
    """py-ocpi, which only receives, and takes any token."""
    return _run_uvicorn(PY_OCPI, "benchmarks.yardsticks.fast_library:application")


@contextmanager
def _run_uvicorn(python: str, application: str) -> Iterator[int]:
    port = find_port()
    command = [python, "-m", "uvicorn", application, "--port", str(port)]
    with running(port, [*command, "--log-level", "error", "--no-access-log"]):
        yield port


@contextmanager
def run_nginx(pages: Iterable[bytes]) -> Iterator[int]:
    """One nginx worker that sends `/page0.json` and so on from disk."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"page{number}.json").write_bytes(page)
        with _run_nginx(folder, upstream="", location=f"root {folder};") as port:
            yield port


@contextmanager
def run_nginx_proxy(target: str) -> Iterator[int]:
    """One nginx worker that passes everything on, on connections it keeps."""
    upstream = f"upstream target {{ server {target.removeprefix('http://')}; keepalive 128; }}"
    passing = 'location / { proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; }'
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        _run_nginx(folder, upstream=upstream, location=passing) as port,
    ):
        yield port


@contextmanager
def _run_nginx(folder: str, *, upstream: str, location: str) -> Iterator[int]:
    port = find_port()
    program = find_nginx()
    assert program is not None, "nginx is not installed"
    configuration = Path(folder) / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(_NGINX.format(folder=folder, port=port, user=user, upstream=upstream, location=location))
    with running(port, [program, "-p", folder, "-c", str(configuration)]):
        yield port


_NGINX = """{user} daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000; default_type application/json;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {upstream}
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


@contextmanager
def running(
    port: int,
    command: list[str],
    *,
    environ: Mapping[str, str] | None = None,
    cores: frozenset[int] = MEASURED,
) -> Iterator[None]:
    """A server on this port, on the core the hub has when it is its turn."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"did not start: {' '.join(command)}")
            time.sleep(0.1)
        pin(process.pid, cores)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
