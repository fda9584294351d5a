"""The page of an invoice as PDF/A-3b, with its XML inside (Factur-X, profile EN 16931). Same document, same bytes.

What the libraries stamp with the clock is set to the day of issue.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any, Final

import facturx
import typst

from invoicing.document import InvoiceDocument, InvoiceError
from invoicing.page import get_title, lay_out

TEMPLATE: Final = Path(__file__).parent / "templates" / "invoice.typ"
MOST_LINES: Final = 500  # what is more belongs into the CSV
_PDF_MOMENT: Final = re.compile(rb"(\(D(?::|\\072))\d{14}(?=\+|\\053)")  # pypdf writes marks as octal
_XMP_MOMENT: Final = re.compile(rb"(<xmp:(?:Create|Modify)Date>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00(</xmp:)")
_UNDRAWABLE: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_one_at_a_time: Final = Lock()  # a compiler that is at work refuses other threads

logging.getLogger("factur-x").setLevel(logging.WARNING)  # it tells each of its steps


class TooManyLines(InvoiceError):
    """Lines have to be summed up before they are put on a page."""


def write_pdf(document: InvoiceDocument, *, xml: bytes | None) -> bytes:
    """
    Raises:
        TooManyLines: it has more than `MOST_LINES`.
        InvoiceError: it holds text that cannot be drawn, nor replaced.
        typst.TypstError: the template is broken, which would be our fault.
    """
    if len(document.lines) > MOST_LINES:
        raise TooManyLines(f"{document.number} has {len(document.lines)} lines; a page takes {MOST_LINES}: sum them up")
    page = _draw(lay_out(document), at=_get_moment(document))
    return page if xml is None else _embed(page, xml=xml, document=document)


def _draw(page: dict[str, Any], *, at: datetime) -> bytes:
    """What the fonts cannot draw, and PDF/A forbids to leave out, becomes a question mark; the XML has it as it is."""
    while True:
        text = json.dumps(page, ensure_ascii=False)
        try:
            with _one_at_a_time:
                compiler = _get_compiler()
                return bytes(
                    compiler.compile(sys_inputs={"document": text}, format="pdf", pdf_standards="a-3b", timestamp=at)
                )
        except typst.TypstError as error:
            found = _UNDRAWABLE.search(str(error))
            if found is None:
                raise
            page = _without(page, found[1])


def _without(page: dict[str, Any], begin: str) -> dict[str, Any]:
    """Of what is drawn as one, the compiler names the first character. So "1" with a frame around it goes before all
    other 1s would, and marks go with their letter: alone they would be named next.

    Raises:
        InvoiceError: it is not there.
    """
    framed: Any = _change_texts(page, lambda text: _hide(text, begin, is_alone=False))
    changed: Any = framed if framed != page else _change_texts(page, lambda text: _hide(text, begin, is_alone=True))
    if changed == page:
        raise InvoiceError(f"{begin!r} cannot be drawn: write the names and addresses on this invoice without it")
    return dict(changed)


def _change_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _change_texts(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_change_texts(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def _hide(text: str, begin: str, *, is_alone: bool) -> str:
    shown, rest = [], text
    while rest:
        before, found, rest = rest.partition(begin)
        after = rest.lstrip("".join(filter(_is_mark, set(rest))))
        is_hidden = found and (is_alone or len(after) < len(rest))
        shown += [before, "?" * len(begin) if is_hidden else found]
        rest = after if is_hidden else rest
    return "".join(shown)


def _is_mark(character: str) -> bool:
    """Drawn with what stands before it: accents, vowel signs (also those that hold a letter), frames, variants."""
    return unicodedata.category(unicodedata.normalize("NFKD", character)[0]).startswith("M")


@cache
def _get_compiler() -> Any:
    """One per process: it keeps its fonts. Only those it brings along, so that every machine draws the same."""
    return typst.Compiler(input=TEMPLATE, root=TEMPLATE.parent, ignore_system_fonts=True)


def _embed(page: bytes, *, xml: bytes, document: InvoiceDocument) -> bytes:
    """Through a file: into the page's own stream the new PDF would be written behind the bytes of the old one."""
    title = get_title(document)
    with NamedTemporaryFile(suffix=".pdf") as file:
        facturx.generate_from_file(
            BytesIO(page),
            xml,
            flavor="factur-x",
            level="en16931",
            check_xsd=True,
            pdf_metadata={
                "author": document.seller.name,
                "keywords": document.number,
                "title": title,
                "subject": title,
            },
            lang=document.language,
            output_pdf_file=file.name,
            afrelationship="alternative",
            xmp_compression=False,
        )
        return _fix_moments(file.read(), at=_get_moment(document))


def _fix_moments(pdf: bytes, *, at: datetime) -> bytes:
    """The clock's moments replaced by others of the same length: no offset in the file moves."""
    pdf = _PDF_MOMENT.sub(rb"\g<1>" + at.strftime("%Y%m%d%H%M%S").encode(), pdf)
    return _XMP_MOMENT.sub(rb"\g<1>" + at.strftime("%Y-%m-%dT%H:%M:%S+00:00").encode() + rb"\g<2>", pdf)


def _get_moment(document: InvoiceDocument) -> datetime:
    return datetime.combine(document.issue_date, time.min, tzinfo=UTC)
