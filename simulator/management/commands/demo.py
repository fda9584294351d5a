"""`manage.py demo`: plays the main job against a running hub, prints a table, exits 1 if a figure is wrong.

It uses the hub only over HTTP: OCPI by four platforms of their own, and the management API with a staff token.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from simulator.errors import PeerError
from simulator.figures import write_table
from simulator.hub_api import HubApi, HubError
from simulator.money_outcome import write_month
from simulator.outcome import build_rows
from simulator.scenario import Scenario


class Command(BaseCommand):
    help = "Four simulated partners roam through the hub at HUB_PUBLIC_URL. Uses HUB_STAFF_TOKEN, or makes a token."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--patience", type=float, default=120.0, help="seconds a figure may take to become right")
        parser.add_argument(
            "--without-money", action="store_true", help="end with the findings: no dispute, no statements, no invoices"
        )
        parser.add_argument("--stay", action="store_true", help="keep the partners running afterwards, until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._play(options)
        except KeyboardInterrupt:
            self._say("Broken off.")
            sys.exit(128 + signal.SIGINT)

    def _play(self, options: dict[str, Any]) -> None:
        staff_token = os.environ.get("HUB_STAFF_TOKEN") or _create_staff_token()
        hub = HubApi(public_url=settings.HUB_PUBLIC_URL, staff_token=staff_token)
        told = {"say": self._say, "patience": options["patience"]}
        if not options["without_money"]:
            told["partner_token"] = _create_partner_token
        with (
            tempfile.TemporaryDirectory(prefix="hub-demo-") as folder,
            Scenario(hub=hub, folder=Path(folder), **told) as scenario,
        ):
            try:
                scenario.run()
            except (PeerError, HubError) as e:
                self._name_wrong(scenario)
                raise CommandError(f"The scenario could not be played to its end. {e}") from e
            self._say("")
            self._say(write_table(build_rows(scenario)))
            self._say("")
            if not options["without_money"]:
                self._say(write_month(scenario))
                self._say("")
            self._name_wrong(scenario)
            if scenario.figures.wrong:
                sys.exit(1)
            self._say(f"All {len(scenario.figures.all)} figures are what the scenario demands.")
            if options["stay"]:
                self._stay()

    def _stay(self) -> None:
        """The partners live as long as this command."""
        self._say("")
        self._say(f"Hub and partners keep running. Look around: {settings.HUB_PUBLIC_URL}/")
        if password := os.environ.get("HUB_ADMIN_PASSWORD"):
            self._say(f"Login: admin / {password}")
        self._say("Ctrl-C ends everything and throws it away.")
        told_to_stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: told_to_stop.set())
        while not told_to_stop.wait(0.5):
            continue

    def _name_wrong(self, scenario: Scenario) -> None:
        for figure in scenario.figures.wrong:
            self.stderr.write(f"WRONG  {figure}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _create_staff_token() -> str:
    """Found by its name: the simulator imports nothing of the hub."""
    printed = io.StringIO()
    name = f"demo {timezone.now():%Y-%m-%d %H:%M:%S}"
    call_command("create_staff_token", name=name, scopes=["all"], days=1, stdout=printed)
    return printed.getvalue().strip()


def _create_partner_token(platform: str) -> str:
    """As staff hands it to a partner; in the admin there is a page for it."""
    printed = io.StringIO()
    name = f"demo {platform} {timezone.now():%Y-%m-%d %H:%M:%S}"
    call_command("create_partner_token", platform=platform, name=name, scopes=["all"], days=1, stdout=printed)
    return printed.getvalue().strip()
