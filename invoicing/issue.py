"""Issues invoices: a closed statement becomes an invoice, a credit note if its sum is negative, and takes one back.

Number, rows, bytes and the e-mail that waits are written in one transaction, or none of them.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q

from invoicing.document import InvoiceDocument, InvoiceError
from invoicing.draft import draft, draft_cancellation
from invoicing.models import Blocked, Invoice, InvoiceFile, Issuer, Mailing
from invoicing.numbers import take_number
from invoicing.patterns import fill_pattern
from invoicing.pdf import write_pdf
from invoicing.xml import write_xml
from settlement.models import Statement

logger = logging.getLogger(__name__)

AT_ONCE: Final = 25  # a few seconds: other tasks wait meanwhile
TRY_AGAIN: Final = timedelta(minutes=10)


def issue_for(statement: Statement, *, now: datetime) -> Invoice:
    """The invoice of a closed statement. Asked again: the one that stands.

    Raises:
        InvoiceError: something is missing or wrong; it says what to do.
    """
    if statement.state != Statement.State.CLOSED:
        raise InvoiceError(f"{statement} is not closed: close its period first")
    with transaction.atomic():
        Statement.objects.select_for_update().get(pk=statement.pk)  # two workers: the second finds the first's
        standing = Invoice.objects.standing().filter(statement=statement).first()
        if standing is not None:
            return standing
        issuer = Issuer.get_for(statement.seller)
        if not issuer.is_active:
            raise InvoiceError(f"{issuer} wants no invoices in its name: it has to write its own")
        attempt = Invoice.objects.filter(statement=statement, cancels=None).count() + 1
        issue_date = now.astimezone(ZoneInfo(statement.time_zone)).date()
        year, sequence, number = _take(issuer, issue_date=issue_date)
        document = draft(statement, number=number, issue_date=issue_date)
        return _write(document, statement=statement, year=year, sequence=sequence, attempt=attempt, now=now)


def cancel(invoice: Invoice, *, reason: str, now: datetime) -> Invoice:
    """A credit note over all of an invoice (of a credit note: an invoice). Its statement can be invoiced anew then.

    Raises:
        InvoiceError: it is cancelled already, or is a cancellation itself, or the reason cannot be printed.
    """
    if not reason.isprintable():
        raise InvoiceError("the reason has a character that cannot be printed: remove it")
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update(of=("self",)).select_related("statement").get(pk=invoice.pk)
        if invoice.cancels_id is not None:
            raise InvoiceError(f"{invoice} is a cancellation itself: issue the invoice of its statement anew")
        if Invoice.objects.filter(cancels=invoice).exists():
            raise InvoiceError(f"{invoice} is cancelled already")
        issue_date = now.astimezone(ZoneInfo(invoice.statement.time_zone)).date()
        year, sequence, number = _take(Issuer.get_for(invoice.issuer), issue_date=issue_date)
        document = draft_cancellation(invoice.get_document(), number=number, issue_date=issue_date, reason=reason)
        return _write(
            document,
            statement=invoice.statement,
            year=year,
            sequence=sequence,
            attempt=invoice.attempt,
            cancels=invoice,
            reason=reason,
            now=now,
        )


def issue_pending(*, now: datetime) -> int:
    """How many closed statements got their invoice. What cannot be issued is written down, and tried again later."""
    standing = Invoice.objects.filter(statement=OuterRef("pk"))
    pending = (
        Statement.objects.closed()
        .filter(~Exists(standing), line_count__gt=0)
        .filter(Q(invoice_blocked=None) | Q(invoice_blocked__tried_at__lt=now - TRY_AGAIN))
        .exclude(seller__in=Issuer.objects.filter(is_active=False).values("party"))
        .order_by("closed_at", "id")[:AT_ONCE]
    )
    return sum(_try_to_issue(statement, now=now) for statement in pending)


def _try_to_issue(statement: Statement, *, now: datetime) -> bool:
    """One statement keeps no other from its invoice, whatever is wrong with it."""
    try:
        issue_for(statement, now=now)
    except InvoiceError as error:
        logger.warning("no invoice of statement %s: %s", statement, error)
        problem = str(error)[:500]
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is the same for all
    except Exception as error:
        logger.exception("no invoice of statement %s", statement)
        problem = f"{type(error).__name__}: {error}"[:400] + "; the fault is the hub's: its log says more"
    else:
        return True
    Blocked.objects.update_or_create(
        statement=statement,
        defaults={"problem": problem, "tried_at": now},
        create_defaults={"problem": problem, "tried_at": now, "since": now},
    )
    return False


def _take(issuer: Issuer, *, issue_date: date) -> tuple[int, int, str]:
    year = issue_date.year
    sequence = take_number(issuer.party, year=year)
    party = issuer.party.upper()
    number = fill_pattern(issuer.effective_pattern, prefix=issuer.prefix, party=party, year=year, number=sequence)
    return year, sequence, number


def _write(
    document: InvoiceDocument,
    *,
    statement: Statement,
    year: int,
    sequence: int,
    attempt: int,
    now: datetime,
    cancels: Invoice | None = None,
    reason: str = "",
) -> Invoice:
    """
    Raises:
        InvoiceError: its number was given before, under another pattern.
    """
    issuer = statement.seller
    if Invoice.objects.filter(issuer=issuer, number=document.number).exists():
        raise InvoiceError(f"{document.number} was given before: choose another prefix or pattern for this issuer")
    invoice = Invoice.objects.create(
        issuer=issuer,
        recipient=statement.buyer,
        kind=document.kind.value,
        year=year,
        sequence=sequence,
        number=document.number,
        statement=statement,
        attempt=attempt,
        cancels=cancels,
        reason=reason,
        language=document.language,
        currency=document.currency,
        net=document.net_total,
        vat=document.vat_total,
        total=document.total,
        due=document.due,
        issue_date=document.issue_date,
        due_date=document.due_date,
        period_start=document.period_start,
        period_end=document.period_end,
        document=msgspec.json.encode(document).decode(),
        issued_at=now,
    )
    xml = write_xml(document) if document.has_xml else None
    if xml is not None:
        _keep(invoice, InvoiceFile.Kind.XML, xml)
    _keep(invoice, InvoiceFile.Kind.PDF, write_pdf(document, xml=xml))
    if settings.HUB_INVOICE_EMAILS:
        Mailing.objects.create(invoice=invoice, due_at=now)
    Blocked.objects.filter(statement=statement).delete()
    return invoice


def _keep(invoice: Invoice, kind: InvoiceFile.Kind, content: bytes) -> None:
    InvoiceFile.objects.create(invoice=invoice, kind=kind, content=content, sha256=hashlib.sha256(content).hexdigest())
