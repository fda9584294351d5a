"""The page of an invoice as PDF/A-3b with its XML inside (Factur-X, profile EN 16931). Same document, same bytes.

The page is drawn from ready text; nothing is computed in the template. What the libraries stamp with the clock is set
to the day of issue.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, Final

import facturx
import typst

from invoicing.document import Company, InvoiceDocument, Kind, Line, VatCategory
from invoicing.words import UNITS, say, write_date, write_number

TEMPLATE: Final = Path(__file__).parent / "templates" / "invoice.typ"
MOST_LINES: Final = 500  # what is more belongs into the CSV
WORDS: Final = [
    "seller",
    "buyer",
    "description",
    "quantity",
    "unit_price",
    "average",
    "vat",
    "net",
    "net_total",
    "vat_total",
    "total",
    "vat_summary",
    "rate",
    "basis",
    "amount",
    "rounding",
    "due",
    "payment",
]
_PDF_MOMENT: Final = re.compile(rb"(\(D(?::|\\072))\d{14}(?=\+|\\053)")  # pypdf writes marks as octal
_XMP_MOMENT: Final = re.compile(rb"(<xmp:(?:Create|Modify)Date>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00(</xmp:)")
_UNDRAWABLE: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_one_at_a_time: Final = Lock()  # a compiler that is at work refuses other threads

logging.getLogger("factur-x").setLevel(logging.WARNING)  # it tells each of its steps


class TooManyLines(ValueError):
    """Lines have to be summed up before they are put on a page."""


def write_pdf(document: InvoiceDocument, *, xml: bytes) -> bytes:
    """
    Raises:
        TooManyLines: it has more than `MOST_LINES`.
        typst.TypstError: the template is broken, which would be our fault.
    """
    if len(document.lines) > MOST_LINES:
        raise TooManyLines(f"{document.number} has {len(document.lines)} lines; a page takes {MOST_LINES}: sum them up")
    page = _draw(json.dumps(lay_out(document), ensure_ascii=False), at=_get_moment(document))
    return _embed(page, xml=xml, document=document)


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
    title = _get_title(document)
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


def _get_title(document: InvoiceDocument) -> str:
    return f"{say(document.kind, language=document.language)} {document.number}"


def lay_out(document: InvoiceDocument) -> dict[str, Any]:
    """What the template prints, each thing as text in the document's language."""
    language = document.language
    return {
        "title": _get_title(document),
        "author": document.seller.name,
        "language": language,
        "kind": say(document.kind, language=language),
        "number": document.number,
        "words": {key: say(key, language=language) for key in WORDS},
        "page": say("page", language=language, page="{page}", pages="{pages}"),
        "footer": f"{document.seller.name} · {document.number} · {say('machine_readable', language=language)}",
        "seller": _lay_out_company(document.seller, language=language),
        "buyer": _lay_out_company(document.buyer, language=language),
        "frame": _lay_out_frame(document),
        "lines": [_lay_out_line(line, document=document) for line in document.lines],
        "has_average": any(_is_average(line, document=document) for line in document.lines),
        "vat": [
            {
                "rate": _write_rate(group.category, group.rate, language=language),
                "basis": _write_money(group.basis, document=document),
                "amount": _write_money(group.amount, document=document),
            }
            for group in document.vat
        ],
        "reasons": [group.reason for group in document.vat if group.reason],
        "net_total": _write_money(document.net_total, document=document),
        "vat_total": _write_money(document.vat_total, document=document),
        "total": f"{_write_money(document.total, document=document)} {document.currency}",
        "rounding": _write_money(document.rounding, document=document) if document.rounding else "",
        "due": f"{_write_money(document.due, document=document)} {document.currency}",
        "payment": _write_payment(document),
        "bank": _lay_out_bank(document),
        "notes": [*document.notes, *_write_converted(document)],
    }


def _lay_out_company(company: Company, *, language: str) -> dict[str, Any]:
    facts = {"vat_number": company.vat_number, "registration": company.registration, "party": company.party}
    return {
        "name": company.name,
        "rows": [company.street, f"{company.postcode} {company.city}".strip(), company.country],
        "facts": [[say(key, language=language), value] for key, value in facts.items() if value],
    }


def _lay_out_frame(document: InvoiceDocument) -> list[list[str]]:
    def day(of: Any) -> str:
        return write_date(of, language=document.language)

    frame = {
        "number": document.number,
        "issue_date": day(document.issue_date),
        "due_date": day(document.due_date) if document.kind is not Kind.CREDIT_NOTE else "",
        "period": f"{day(document.period_start)} –\n{day(document.period_end)}",
        "statement": document.statement,
        "preceding": f"{document.preceding.number}\n{day(document.preceding.issue_date)}" if document.preceding else "",
    }
    return [[say(key, language=document.language), value] for key, value in frame.items() if value]


def _lay_out_line(line: Line, *, document: InvoiceDocument) -> dict[str, str]:
    language = document.language
    mark = "ø " if _is_average(line, document=document) else ""
    price = (line.price / line.price_basis).quantize(Decimal("0.0001"))
    return {
        "text": line.text,
        "detail": line.detail,
        "quantity": f"{write_number(line.quantity, language=language)} {UNITS.get(line.unit, line.unit)}",
        "price": mark + write_number(price, language=language, places=4),
        "rate": _write_rate(line.category, line.rate, language=language),
        "net": _write_money(line.net, document=document),
    }


def _is_average(line: Line, *, document: InvoiceDocument) -> bool:
    return line.price_basis != 1 and line.price != 0


def _write_rate(category: VatCategory, rate: Decimal, *, language: str) -> str:
    return f"{write_number(rate, language=language)} %" if category.has_rate else category.value


def _write_money(amount: Decimal, *, document: InvoiceDocument) -> str:
    places = max(-int(amount.as_tuple().exponent), 0)
    return write_number(amount, language=document.language, places=places)


def _write_payment(document: InvoiceDocument) -> str:
    language = document.language
    amount = f"{_write_money(document.due, document=document)} {document.currency}"
    if document.converted:
        amount = (
            f"{_write_money(document.converted.total, document=document)} {document.converted.currency} (= {amount})"
        )
    if document.due == 0:
        return say("nothing_due", language=language)
    if document.kind is Kind.CREDIT_NOTE:
        return say("credited", language=language, amount=amount)
    due = write_date(document.due_date, language=language)
    return say("pay", language=language, amount=amount, date=due, number=document.number)


def _lay_out_bank(document: InvoiceDocument) -> list[list[str]]:
    if document.kind is Kind.CREDIT_NOTE or not document.seller.iban:
        return []
    bank = {"IBAN": _group(document.seller.iban), "BIC": document.seller.bic}
    return [[key, value] for key, value in bank.items() if value]


def _group(iban: str) -> str:
    plain = iban.replace(" ", "")
    return "\u00a0".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def _write_converted(document: InvoiceDocument) -> list[str]:
    converted, language = document.converted, document.language
    if converted is None:
        return []
    text = say(
        "converted",
        language=language,
        currency=converted.currency,
        total=_write_money(converted.total, document=document),
        vat=_write_money(converted.vat_total, document=document),
        own=document.currency,
        rate=write_number(converted.rate, language=language),
        date=write_date(converted.rate_date, language=language),
        source=converted.source,
    )
    return [text]
