"""Runs one platform as a process: two ports, one line on standard output when both are open, SIGTERM to end."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from simulator import jsontext
from simulator.config import PlatformConfig
from simulator.control import Control
from simulator.platform import Platform

LOOPBACK = "127.0.0.1"


async def serve(config: PlatformConfig, *, follow_stdin: bool = False) -> None:
    """Until SIGTERM or SIGINT; with `follow_stdin` also until whoever started us is gone, however it died."""
    platform, stop = Platform(config), asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if follow_stdin:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end_of_input, stop)
    await platform.start()
    runner = web.AppRunner(Control(platform).build_app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, config.control_port)
    await site.start()
    ready = {
        "name": config.name,
        "versions_url": platform.state.versions_url,
        "control_url": f"http://{LOOPBACK}:{runner.addresses[0][1]}/control",
    }
    print(jsontext.dumps(ready), flush=True)
    try:
        await stop.wait()
    finally:
        if follow_stdin:
            loop.remove_reader(sys.stdin.fileno())
        await runner.cleanup()
        await platform.stop()


def _stop_at_end_of_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        stop.set()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, required=True, help="JSON file; see simulator/config.py")
    parser.add_argument("--follow-stdin", action="store_true", help="end when standard input is closed")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="One simulated OCPI platform.")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    asyncio.run(serve(PlatformConfig.of_file(options.config), follow_stdin=options.follow_stdin))
