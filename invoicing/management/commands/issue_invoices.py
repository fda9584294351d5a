"""`manage.py issue_invoices`: now instead of at the worker's next turn; safe beside the worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from invoicing.document import InvoiceError
from invoicing.issue import issue_for, issue_pending
from invoicing.models import Blocked
from settlement.models import Statement


class Command(BaseCommand):
    help = "Issues the invoices of closed statements that have none. With references: of these alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("references", nargs="*", help="as NLCPO-FRMSP-NL-EUR-2026-11")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["references"]:
            for reference in options["references"]:
                self._issue(reference)
            return
        issued = 0
        while number := issue_pending(now=timezone.now()):
            issued += number
        self.stdout.write(f"{issued} invoices issued.")
        for blocked in Blocked.objects.select_related("statement").order_by("since", "id"):
            self.stderr.write(f"no invoice of {blocked}")

    def _issue(self, reference: str) -> None:
        statement = Statement.objects.closed().filter(reference__iexact=reference).first()
        if statement is None:
            raise CommandError(f"no closed statement {reference}")
        try:
            self.stdout.write(f"{reference}: {issue_for(statement, now=timezone.now())}")
        except InvoiceError as e:
            raise CommandError(f"no invoice of {reference}: {e}") from e
