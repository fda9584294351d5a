"""Command line of the stack: `up` (durable), `replace-web`, `exec -- COMMAND` (servers alone) and `demo`."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import environ as django_environ

from roaming_hub.stack import preflight, unused
from roaming_hub.stack.folders import get_runner
from roaming_hub.stack.programs import PROJECT, hub_programs
from roaming_hub.stack.stack import Stack, say_on_console
from roaming_hub.stack.supervisor import StackFailed

SILENT = {"HUB_ALERT_EMAILS": "", "HUB_ALERT_WEBHOOK": "", "HUB_INVOICE_EMAILS": "false", "HUB_OTEL_ENDPOINT": ""}


def catch_signals() -> threading.Event:
    """The first Ctrl-C or SIGTERM asks for an ordered stop; the second ends us, and the guardian clears up."""
    told_to_stop = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if told_to_stop.is_set():
            os._exit(128 + number)
        told_to_stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return told_to_stop


def up(told_to_stop: threading.Event) -> int:
    django_environ.Env.read_env(PROJECT / ".env")  # as the settings do; the real environment wins
    preflight.check(os.environ, web=True)
    state = Path(os.environ.get("HUB_STATE") or PROJECT / ".hub")
    with Stack(state=state, programs=hub_programs, told_to_stop=told_to_stop) as stack:
        signal.signal(signal.SIGUSR1, lambda number, frame: stack.replace("web"))
        stack.tell()
        show_addresses(stack)
        stack.wait()
    return report(stack)


def replace_web() -> int:
    """Of the hub that `up` runs: new web processes with the code of now, without losing a call."""
    django_environ.Env.read_env(PROJECT / ".env")
    state = Path(os.environ.get("HUB_STATE") or PROJECT / ".hub")
    runner = get_runner(state)
    if runner is None:
        raise StackFailed(f"No hub runs with the state folder {state}. `make up` starts one; HUB_STATE names another.")
    try:
        os.kill(runner, signal.SIGUSR1)
    except OSError as error:
        raise StackFailed(f"The hub, process {runner}, cannot be told: {error.strerror}. Be its user.") from error
    print(f"[stack] told; it says in {state / 'log'} and on its console how it goes")
    return 0


def execute(command: list[str], *, state: Path | None = None) -> int:
    if not command:
        raise StackFailed("Say what to run: python -m roaming_hub.stack exec -- COMMAND …")
    if state is not None:
        django_environ.Env.read_env(PROJECT / ".env")  # as `up` does: the secrets may be there
    preflight.check(os.environ, web=False)
    with Stack(state=state, say=lambda message: None) as stack:
        status = stack.run(*command)
    return report(stack) or status


def demo(told_to_stop: threading.Event) -> int:
    environ = demo_environment(os.environ)
    preflight.check(environ, web=True)
    unused.check(environ)
    with Stack(programs=hub_programs, environ=environ, told_to_stop=told_to_stop) as stack:
        show_addresses(stack)
        stays = [] if environ.get("DEMO_EXIT") == "1" else ["--stay"]
        status = stack.run(sys.executable, str(PROJECT / "manage.py"), "demo", *stays)
    return report(stack) or status


def demo_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Everything on the loopback, in clear, on throw-away servers; nothing of this may reach `up`. Nobody is told,
    whoever .env names: what is there counts where the environment says nothing."""
    return {
        "HUB_ADMIN_PASSWORD": secrets.token_urlsafe(12),
        **environ,
        "HUB_REQUIRE_HTTPS": "false",
        "HUB_EGRESS_ALLOW": "127.0.0.0/8",
        **SILENT,
    }


def show_addresses(stack: Stack) -> None:
    login = stack.ask(sys.executable, "-m", "roaming_hub.stack.admin_login").split()
    address = stack.environ["HUB_PUBLIC_URL"].rstrip("/")
    say_on_console(f"admin   {address}/admin/")
    say_on_console(f"OCPI    {address}/ocpi/versions")
    if login:
        say_on_console(f"login   {login[0]} / {login[1]}   (shown this once)")
    say_on_console(f"logs    {stack.logs}")


def report(stack: Stack) -> int:
    if stack.failure:
        print(f"[stack] {stack.failure}", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m roaming_hub.stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="a durable hub: data in HUB_STATE (default .hub)")
    commands.add_parser("replace-web", help="new web processes for the hub that `up` runs; no call is lost")
    commands.add_parser("demo", help="a throw-away hub with simulated partners")
    run = commands.add_parser("exec", help="PostgreSQL and Valkey around a command, throw-away unless --state is given")
    run.add_argument("--state", type=Path, metavar="FOLDER", help="on the data of a hub that is stopped, such as .hub")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "exec":
            command = [word for word in chosen.argv[:1] if word != "--"] + chosen.argv[1:]
            return execute(command, state=chosen.state)
        if chosen.command == "replace-web":
            return replace_web()
        told_to_stop = catch_signals()
        return up(told_to_stop) if chosen.command == "up" else demo(told_to_stop)
    except StackFailed as e:
        print(f"[stack] {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
