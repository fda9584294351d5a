"""An invoice as a file to hand out: the page and the XML as issued, the lines of its statement as CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from invoicing.document import NoXml
from invoicing.models import Invoice, InvoiceFile
from settlement.models import Statement
from settlement.render import write_csv, write_json

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "xml": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_LINES: Final[Mapping[str, Callable[[Statement], Iterator[bytes]]]] = {"csv": write_csv, "json": write_json}

_WHY: Final[Mapping[NoXml, str]] = {
    NoXml.CURRENCY: "does not have its currency, which was withdrawn or never was one (BR-CL-03, BR-CL-04)",
    NoXml.DECIMALS: "cannot say amounts of three decimals (BR-DEC)",
}


class NotMade(LookupError):
    """This invoice has no such file; the text says why."""


@dataclass(frozen=True, slots=True)
class Download:
    name: str
    content_type: str
    content: bytes


def get_download(invoice: Invoice, *, kind: str) -> Download:
    """
    Raises:
        KeyError: there is no such kind of file.
        NotMade: there is, but not of this invoice.
    """
    content_type = CONTENT_TYPES[kind]
    write = _LINES.get(kind)
    try:
        content = invoice.get_file(kind) if write is None else b"".join(write(invoice.statement))
    except InvoiceFile.DoesNotExist as e:
        why = invoice.get_document().no_xml
        if why is None:
            raise
        raise NotMade(f"{invoice} has no {kind}: EN 16931 {_WHY[why]}") from e
    return Download(f"{invoice.file_name}.{kind}", content_type, content)


def get_kinds(invoice: Invoice) -> list[str]:
    """What may be downloaded of it."""
    kept = set(invoice.files.values_list("kind", flat=True))
    return [kind for kind in CONTENT_TYPES if kind in kept or kind in _LINES]
