"""An invoice as a file to hand out: the page and the XML as issued, the lines of its statement as CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from invoicing.models import Invoice
from settlement.models import Statement
from settlement.render import write_csv, write_json

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "pdf": "application/pdf",
    "xml": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_LINES: Final[Mapping[str, Callable[[Statement], Iterator[bytes]]]] = {"csv": write_csv, "json": write_json}


@dataclass(frozen=True, slots=True)
class Download:
    name: str
    content_type: str
    content: bytes


def get_download(invoice: Invoice, *, kind: str) -> Download:
    """
    Raises:
        KeyError: there is no such kind of file.
    """
    content_type = CONTENT_TYPES[kind]
    write = _LINES.get(kind)
    content = invoice.get_file(kind) if write is None else b"".join(write(invoice.statement))
    return Download(f"{invoice.file_name}.{kind}", content_type, content)
