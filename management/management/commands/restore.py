"""`manage.py restore FILE`: a dump into an empty database, so that a hub can be started on it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from forwarding.lane_state import mark_restored
from management.dumps import DumpFailed, find_unreadable, load


class Command(BaseCommand):
    help = "Restores a backup into an empty database. Run it before web, worker and beat; then `migrate`, then start."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--check", action="store_true", help="only see whether the secrets fit this database")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            if options["file"] is None:
                raise CommandError("Say which file.")
            self._load(options["file"])
        unreadable = find_unreadable()
        if unreadable:
            raise CommandError(
                f"HUB_ENCRYPTION_KEYS does not fit this database: the tokens of {len(unreadable)} platforms cannot be "
                f"read ({', '.join(unreadable[:5])}). Set the keys (and HUB_SECRET_KEY) of the hub that was backed up; "
                "without them every partner must register again."
            )
        self.stdout.write("The keys fit: every partner's token can be read.")

    def _load(self, file: Path) -> None:
        try:
            load(file)
        except DumpFailed as e:
            raise CommandError(str(e)) from e
        number = mark_restored(now=timezone.now())
        self.stdout.write(
            f"Restored. {number} lanes go on where they stood at the backup; what was delivered since is delivered once"
            " more and marked as a repeat. Partners that registered or changed tokens since must do so again."
        )
