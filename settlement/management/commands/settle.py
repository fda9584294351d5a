"""`manage.py settle`: closes periods now. Safe beside the worker, and to run again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ocpi.calls import PartyId
from ocpi.times import parse_datetime
from settlement.due import Pair, settle
from settlement.models import Statement
from tariffs.pricing.policy import get_digits


class Command(BaseCommand):
    help = (
        "Closes all periods that ended at or before --until, of one pair or of all, then the months of the hub's fees."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pair", nargs=2, metavar=("CPO", "EMSP"), help="as NL*CPO FR*MSP; without it: all")
        parser.add_argument("--until", type=parse_datetime, help="a moment, as 2026-12-01T00:00:00Z; without it: now")
        parser.add_argument("--dry-run", action="store_true", help="say what would be closed and close nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        pairs = [_read_pair(options["pair"])] if options["pair"] else None
        report = settle(pairs, until=min(options["until"] or now, now), dry_run=options["dry_run"], now=now)
        for statement in report.statements:
            self.stdout.write(_describe(statement))
        self.stdout.write(f"{len(report.statements)} statements{' would be' if options['dry_run'] else ''} closed.")
        if report.failures:
            raise CommandError("\n".join(f"{pair}: {reason}" for pair, reason in report.failures.items()))


def _read_pair(texts: list[str]) -> Pair:
    try:
        provider, consumer = (PartyId.of_text(text).key for text in texts)
    except ValueError as e:
        raise CommandError(f"--pair: {e}") from e
    return provider, consumer


def _describe(statement: Statement) -> str:
    digits = get_digits(statement.currency)
    net, vat, gross = (f"{amount:.{digits}f}" for amount in (statement.net, statement.vat, statement.gross))
    return f"{statement}: {statement.line_count} lines, {net} + {vat} VAT = {gross} {statement.currency}"
