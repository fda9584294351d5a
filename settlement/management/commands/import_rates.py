"""`manage.py import_rates`: the ECB's exchange rates, from its file or from the one that is installed with the hub."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from settlement.import_rates import ImportRefused, import_rates, read_file, read_packaged


class Command(BaseCommand):
    help = "Stores the ECB's reference rates. Without --file: those installed with the hub, which end some time ago."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="eurofxref-hist.csv or eurofxref-hist.zip from the ECB")
        parser.add_argument("--since", type=date.fromisoformat, default=date(2020, 1, 1), help="first day: 2020-01-01")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path | None = options["file"]
        try:
            count = import_rates(read_packaged() if path is None else read_file(path), since=options["since"])
        except (ImportRefused, OSError, UnicodeDecodeError) as e:
            raise CommandError(f"{path or 'installed file'}: {e}") from e
        self.stdout.write(f"{count} rates.")
