"""Looks whether invoices are still what was issued: bytes, sums, and series without a gap. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.db.models import Count, Max, Min

from invoicing.document import InvoiceError
from invoicing.models import Invoice, InvoiceFile, Series
from invoicing.xml import read_totals


def find_faults() -> Iterator[str]:
    """Each a sentence; none if all is well."""
    yield from _find_gaps()
    for invoice in Invoice.objects.order_by("id").iterator(chunk_size=100):
        yield from _find_faults_of(invoice)


def _find_gaps() -> Iterator[str]:
    given = {
        (row["issuer"], row["year"]): (row["first"], row["last"], row["count"])
        for row in Invoice.objects.values("issuer", "year").annotate(
            first=Min("sequence"), last=Max("sequence"), count=Count("id")
        )
    }
    for series in Series.objects.order_by("issuer", "year"):
        first, last, count = given.pop((series.issuer, series.year), (1, 0, 0))
        if (first, last, count) != (1, series.last, series.last):
            yield f"series {series}: {count} invoices, from {first} to {last}"
    yield from (f"no series of {issuer} {year}, but invoices" for issuer, year in sorted(given))


def _find_faults_of(invoice: Invoice) -> Iterator[str]:
    files = {file.kind: file for file in invoice.files.all()}
    try:
        document = invoice.get_document()
    except (InvoiceError, ValueError) as e:
        yield f"{invoice}: its document does not add up: {e}"
        return
    due = {InvoiceFile.Kind.PDF, InvoiceFile.Kind.XML} if document.has_xml else {InvoiceFile.Kind.PDF}
    for kind in sorted(due | files.keys()):
        file = files.get(kind)
        if file is None or hashlib.sha256(bytes(file.content)).hexdigest() != file.sha256:
            yield f"{invoice}: its {kind} is not what was issued"
            return
    said = {(invoice.due, invoice.total), (document.due, document.total)}
    if InvoiceFile.Kind.XML in files:
        totals = read_totals(bytes(files[InvoiceFile.Kind.XML].content))
        said.add((totals.due, totals.total))
    if len(said) > 1:
        yield f"{invoice}: row, document and XML say different sums"
