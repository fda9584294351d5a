"""`manage.py verify_invoices`: bytes against their sha256, sums of row, document and XML, series without gaps."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from invoicing.models import Invoice
from invoicing.verify import find_faults


class Command(BaseCommand):
    help = "Checks that all invoices are what was issued, and that no number is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(find_faults())
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{Invoice.objects.count()} invoices are what was issued; no number is missing.")
