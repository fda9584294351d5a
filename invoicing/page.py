"""What the page of an invoice says, as text in the recipient's language: the template computes nothing. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from invoicing.document import Company, InvoiceDocument, Kind, Line, VatCategory
from invoicing.languages import write_date, write_number
from invoicing.words import UNITS, say

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


def get_title(document: InvoiceDocument) -> str:
    return f"{say(document.kind, language=document.language)} {document.number}"


def lay_out(document: InvoiceDocument) -> dict[str, Any]:
    """What the template prints, each thing as text in the document's language."""
    language = document.language
    files = say(document.no_xml or "machine_readable", language=language)
    return {
        "title": get_title(document),
        "author": document.seller.name,
        "language": language,
        "kind": say(document.kind, language=language),
        "number": document.number,
        "words": {key: say(key, language=language) for key in WORDS},
        "page": say("page", language=language, page="{page}", pages="{pages}"),
        "footer": f"{document.seller.name} · {document.number} · {files}",
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
        "notes": [*document.notes, *(one.text for one in document.legal_notes), *_write_converted(document)],
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
