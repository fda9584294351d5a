"""Invoices to test with: companies that do not exist, and lines to change as a test needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from invoicing.document import Company, InvoiceDocument, Kind, Line, VatCategory, make_document

REASONS = {
    VatCategory.REVERSE_CHARGE: "Reverse charge",
    VatCategory.EXPORT: "Recipient outside of the EU",
    VatCategory.OUTSIDE_SCOPE: "Not subject to VAT",
    VatCategory.EXEMPT: "Exempt",
}


def company(**fields: Any) -> Company:
    return Company(
        **{
            "name": "Oeverlicht Laadnetwerk B.V.",
            "party": "NL*CPO",
            "street": "Kanaalkade 14",
            "postcode": "1011 AB",
            "city": "Amsterdam",
            "country": "NL",
            "vat_number": "NL123456782B90",
            "registration": "34123456",
            "email": "invoices@oeverlicht.example",
            "iban": "NL02ABNA0123456789",
            "bic": "ABNANL2A",
        }
        | fields
    )


def buyer(**fields: Any) -> Company:
    return company(
        **{
            "name": "Stromweg Mobilität GmbH",
            "party": "DE*MSP",
            "street": "Hafenstraße 3",
            "postcode": "20457",
            "city": "Hamburg",
            "country": "DE",
            "vat_number": "DE136695976",
            "registration": "HRB 112233",
            "email": "rechnung@stromweg.example",
            "iban": "",
            "bic": "",
        }
        | fields
    )


def line(net: str = "100.00", *, quantity: str = "250.5", category: str = "S", rate: str = "21", **fields: Any) -> Line:
    known = VatCategory(category)
    facts: dict[str, Any] = {
        "text": "Charging of electric vehicles in NL",
        "quantity": Decimal(quantity),
        "unit": "KWH",
        "net": Decimal(net),
        "category": known,
        "rate": Decimal(rate) if known.has_rate else Decimal(0),
    }
    return Line.of_total(**(facts | fields))


def facts(*lines: Line, **fields: Any) -> dict[str, Any]:
    return {
        "kind": Kind.INVOICE,
        "number": "CPO2026-000001",
        "issue_date": date(2026, 12, 1),
        "due_date": date(2026, 12, 31),
        "language": "en",
        "currency": "EUR",
        "seller": company(),
        "buyer": buyer(),
        "period_start": date(2026, 11, 1),
        "period_end": date(2026, 11, 30),
        "lines": lines or (line(),),
        "reasons": REASONS,
    } | fields


def document(*lines: Line, **fields: Any) -> InvoiceDocument:
    return make_document(**facts(*lines, **fields))
