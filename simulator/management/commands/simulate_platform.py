"""`manage.py simulate_platform --config file.json`: one simulated platform until Ctrl-C. It needs no database."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from simulator.config import PlatformConfig
from simulator.run import add_arguments, serve


class Command(BaseCommand):
    help = "Runs one simulated OCPI platform (CPO or eMSP) as it is described in a JSON file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(serve(PlatformConfig.of_file(options["config"]), follow_stdin=options["follow_stdin"]))
