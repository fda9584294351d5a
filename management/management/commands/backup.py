"""`manage.py backup FILE`: a dump of the running hub's database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from management.dumps import DumpFailed, dump


class Command(BaseCommand):
    help = "Dumps the database of a running hub into FILE: one consistent moment of it. Restore with `restore FILE`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--without-call-log", action="store_true", help="much smaller; what happened is not in it")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if file.exists():
            raise CommandError(f"{file} is there already; a backup never overwrites another.")
        begun = timezone.now()
        try:
            dump(file, with_call_log=not options["without_call_log"])
        except DumpFailed as e:
            raise CommandError(str(e)) from e
        seconds = (timezone.now() - begun).total_seconds()
        self.stdout.write(
            f"{file}: {file.stat().st_size} bytes in {seconds:.1f} s;"
            f" the hub as it was at {begun:%Y-%m-%d %H:%M:%S} UTC.\n"
            "Keep HUB_SECRET_KEY and HUB_ENCRYPTION_KEYS (secrets.env) as well, and apart from it: without them no "
            "partner can be called and none is recognised. Valkey and the logs on disk need no backup."
        )
