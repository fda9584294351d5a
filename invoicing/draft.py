"""The document of a statement, and the one that takes an invoice back. Reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings

from invoicing import gather
from invoicing.compose import round_exactly, write_fees, write_sessions
from invoicing.document import (
    Company,
    Converted,
    InvoiceDocument,
    InvoiceError,
    Kind,
    LegalNote,
    Line,
    Preceding,
    VatCategory,
    make_document,
    negate,
)
from invoicing.languages import get_language
from invoicing.words import say
from settlement.models import Statement
from settlement.statement import Kind as StatementKind
from settlement.statement import round_amount

_REASONS: Final[Mapping[VatCategory, str]] = {
    VatCategory.REVERSE_CHARGE: "reverse_charge",
    VatCategory.OUTSIDE_SCOPE: "outside_scope",
    VatCategory.EXEMPT: "exempt",
    VatCategory.EXPORT: "outside_scope",
}

# By the seller's country: the subject of a note, and its words. French invoices to companies must have these three,
# with that subject (articles L441-9 and D441-5 of the Code de commerce; BR-FR-05).
_LEGAL: Final[Mapping[str, Mapping[str, str]]] = {
    "FR": {"PMD": "fr_late_payment", "PMT": "fr_recovery", "AAB": "fr_discount"},
}


def draft(statement: Statement, *, number: str, issue_date: date) -> InvoiceDocument:
    """What the invoice of a statement says. Writes nothing."""
    seller, _ = gather.get_company(statement.seller, snapshot=statement.seller_company)
    buyer, chosen = gather.get_company(statement.buyer, snapshot=statement.buyer_company)
    language = chosen or get_language(buyer.country)
    is_fee = statement.kind == StatementKind.FEE
    lines = _write_lines(statement, language=language)
    is_credit = statement.gross < 0
    kind = Kind.CREDIT_NOTE if is_credit else Kind.FEE_INVOICE if is_fee else Kind.INVOICE
    issued_by = "" if statement.seller_party == settings.HUB_PARTY else _get_hub_name()
    corrected = gather.get_only_corrected(statement) if is_credit else None
    return make_document(
        kind=kind,
        number=number,
        issue_date=issue_date,
        due_date=issue_date if is_credit else _get_due_date(statement, issue_date=issue_date),
        language=language,
        currency=statement.currency,
        seller=seller,
        buyer=buyer,
        period_start=statement.first_day,
        period_end=statement.last_day,
        lines=negate(lines) if is_credit else lines,
        reasons=_write_reasons(seller, buyer, language=language),
        due=round_exactly(abs(statement.gross), currency=statement.currency),
        notes=(say("issued_by", language=language, issuer=issued_by, seller=seller.name),) if issued_by else (),
        legal_notes=_write_legal_notes(seller, language=language),
        preceding=Preceding(number=corrected.number, issue_date=corrected.issue_date) if corrected else None,
        converted=_convert(statement),
        issued_by=issued_by,
        statement=statement.reference or "",
    )


def _write_lines(statement: Statement, *, language: str) -> tuple[Line, ...]:
    if statement.kind == StatementKind.FEE:
        fees = gather.get_fee_groups(statement)
        return write_fees(fees, currency=statement.currency, language=language)
    sessions = gather.get_session_groups(statement)
    return write_sessions(sessions, country=statement.country, currency=statement.currency, language=language)


def _write_reasons(seller: Company, buyer: Company, *, language: str) -> dict[VatCategory, str]:
    return {
        category: say(key, language=language, seller=seller.country, buyer=buyer.country)
        for category, key in _REASONS.items()
    }


def _write_legal_notes(seller: Company, *, language: str) -> tuple[LegalNote, ...]:
    notes = _LEGAL.get(seller.country, {})
    return tuple(LegalNote(subject=subject, text=say(key, language=language)) for subject, key in notes.items())


def _get_hub_name() -> str:
    try:
        return gather.get_company(settings.HUB_PARTY.key, snapshot={})[0].name
    except InvoiceError:
        return str(settings.HUB_NAME)


def _get_due_date(statement: Statement, *, issue_date: date) -> date:
    """As many days as the statement gives, from the day that the recipient has the invoice."""
    return issue_date + max(statement.due_on - statement.issued_on, timedelta(0))


def _convert(statement: Statement) -> Converted | None:
    if statement.settlement_gross is None or statement.settlement_currency == statement.currency:
        return None
    rate, rate_date, currency = statement.settlement_rate, statement.settlement_rate_on, statement.settlement_currency
    if rate is None or rate_date is None:
        raise InvoiceError(f"{statement} has no rate for {currency}: import the ECB's rates")
    return Converted(
        currency=currency,
        rate=rate.normalize() + Decimal(0),
        rate_date=rate_date,
        source="ECB",
        total=round_amount(abs(statement.settlement_gross), currency=currency),
        vat_total=round_amount(abs(statement.vat) * rate, currency=currency),
    )


def draft_cancellation(document: InvoiceDocument, *, number: str, issue_date: date, reason: str) -> InvoiceDocument:
    """The same amounts the other way round: as a credit note has them, that is the same amounts."""
    language = document.language
    note = say("cancels", language=language, number=document.number, reason=reason)
    was_credit = document.kind is Kind.CREDIT_NOTE
    return replace(
        document,
        kind=Kind.INVOICE if was_credit else Kind.CREDIT_NOTE,
        number=number,
        issue_date=issue_date,
        due_date=issue_date,
        notes=(note, *document.notes),
        preceding=Preceding(number=document.number, issue_date=document.issue_date),
    )
