"""Hubs that share a folder, one after the other: as it was, and as it is after a restore or an upgrade."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from roaming_hub.stack import Stack
from roaming_hub.stack.programs import PROJECT, hub_programs, no_programs
from tests.faults.hubs import FaultHub, make_environment


@contextmanager
def run_hub(folder: Path, *, port: int, secrets: Mapping[str, str] | None = None) -> Iterator[FaultHub]:
    """Durable in `folder`; with `secrets` those of another hub."""
    said: list[str] = []
    environ = make_environment(port, **(secrets or {}))
    with Stack(state=folder, programs=hub_programs, environ=environ, say=said.append) as stack:
        hub = FaultHub(stack, said)
        try:
            yield hub
        except BaseException:
            hub.show_logs()
            raise


@contextmanager
def run_servers(folder: Path, *, port: int, secrets: Mapping[str, str] | None = None) -> Iterator[FaultHub]:
    """The same without web, worker and beat: what an operator has before the hub is started."""
    said: list[str] = []
    environ = make_environment(port, **(secrets or {}))
    with Stack(state=folder, programs=no_programs, environ=environ, say=said.append) as stack:
        yield FaultHub(stack, said)


def get_secrets(hub: FaultHub) -> dict[str, str]:
    return {name: hub.stack.environ[name] for name in ("HUB_SECRET_KEY", "HUB_ENCRYPTION_KEYS")}


def run_script(hub: FaultHub, name: str, *words: str) -> str:
    """A script of this folder, inside the stack."""
    script = Path(__file__).with_name(name)
    path = os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])
    return hub.stack.ask("env", f"PYTHONPATH={path}", sys.executable, str(script), *words)
