"""`manage.py verify_statements`: makes the bytes of closed statements again and compares them with their sha256."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from settlement.models import Statement
from settlement.seal import is_intact


class Command(BaseCommand):
    help = "Checks that closed statements are, to the byte, what was closed. Without references: all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("references", nargs="*", help="as NLCPO-FRMSP-NL-EUR-2026-11")

    def handle(self, *args: Any, **options: Any) -> None:
        statements = Statement.objects.closed().order_by("id")
        wanted: list[str] = options["references"]
        if wanted:
            statements = statements.filter(reference__in=wanted)
            known = set(statements.values_list("reference", flat=True))
            if unknown := sorted(set(wanted) - known):
                raise CommandError(f"no closed statement {', '.join(unknown)}")
        changed = [str(statement) for statement in statements.iterator(chunk_size=500) if not is_intact(statement)]
        if changed:
            raise CommandError(f"not what was closed: {', '.join(changed)}")
        self.stdout.write(f"{statements.count()} statements are to the byte what was closed.")
