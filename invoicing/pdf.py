"""The page of an invoice as PDF/A-3b, with its XML inside (Factur-X, profile EN 16931). Same document, same bytes.

What the libraries stamp with the clock is set to the day of issue.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Final

import facturx
import typst

from invoicing.document import InvoiceDocument
from invoicing.page import get_title, lay_out

TEMPLATE: Final = Path(__file__).parent / "templates" / "invoice.typ"
MOST_LINES: Final = 500  # what is more belongs into the CSV
_PDF_MOMENT: Final = re.compile(rb"(\(D(?::|\\072))\d{14}(?=\+|\\053)")  # pypdf writes marks as octal
_XMP_MOMENT: Final = re.compile(rb"(<xmp:(?:Create|Modify)Date>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00(</xmp:)")
_UNDRAWABLE: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_one_at_a_time: Final = Lock()  # a compiler that is at work refuses other threads

logging.getLogger("factur-x").setLevel(logging.WARNING)  # it tells each of its steps


class TooManyLines(ValueError):
    """Lines have to be summed up before they are put on a page."""


def write_pdf(document: InvoiceDocument, *, xml: bytes | None) -> bytes:
    """
    Raises:
        TooManyLines: it has more than `MOST_LINES`.
        typst.TypstError: the template is broken, which would be our fault.
    """
    if len(document.lines) > MOST_LINES:
        raise TooManyLines(f"{document.number} has {len(document.lines)} lines; a page takes {MOST_LINES}: sum them up")
    page = _draw(json.dumps(lay_out(document), ensure_ascii=False), at=_get_moment(document))
    return page if xml is None else _embed(page, xml=xml, document=document)


def _draw(text: str, *, at: datetime) -> bytes:
    """What the fonts cannot draw, and PDF/A forbids to leave out, becomes a question mark; the XML has it as it is."""
    while True:
        try:
            with _one_at_a_time:
                compiler = _get_compiler()
                return bytes(
                    compiler.compile(sys_inputs={"document": text}, format="pdf", pdf_standards="a-3b", timestamp=at)
                )
        except typst.TypstError as error:
            found = _UNDRAWABLE.search(str(error))
            if found is None or found[1] not in text:
                raise
            text = text.replace(found[1], "?" * len(found[1]))


@cache
def _get_compiler() -> Any:
    """One per process: it keeps its fonts. Only those it brings along, so that every machine draws the same."""
    return typst.Compiler(input=TEMPLATE, root=TEMPLATE.parent, ignore_system_fonts=True)


def _embed(page: bytes, *, xml: bytes, document: InvoiceDocument) -> bytes:
    title = get_title(document)
    into = BytesIO(page)
    facturx.generate_from_file(
        into,
        xml,
        flavor="factur-x",
        level="en16931",
        check_xsd=True,
        pdf_metadata={"author": document.seller.name, "keywords": document.number, "title": title, "subject": title},
        lang=document.language,
        afrelationship="alternative",
        xmp_compression=False,
    )
    return _fix_moments(into.getvalue(), at=_get_moment(document))


def _fix_moments(pdf: bytes, *, at: datetime) -> bytes:
    """The clock's moments replaced by others of the same length: no offset in the file moves."""
    pdf = _PDF_MOMENT.sub(rb"\g<1>" + at.strftime("%Y%m%d%H%M%S").encode(), pdf)
    return _XMP_MOMENT.sub(rb"\g<1>" + at.strftime("%Y-%m-%dT%H:%M:%S+00:00").encode() + rb"\g<2>", pdf)


def _get_moment(document: InvoiceDocument) -> datetime:
    return datetime.combine(document.issue_date, time.min, tzinfo=UTC)
