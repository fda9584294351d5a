"""Sends invoices by e-mail: claims what is due, and tries again later what the mail server did not take.

A sender that dies between the server's yes and its own note sends once more; the Message-ID is the same then.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F

from invoicing import gather
from invoicing.document import InvoiceDocument, InvoiceError
from invoicing.languages import write_date, write_number
from invoicing.models import Invoice, InvoiceFile, Mailing
from invoicing.words import say
from settlement.render import write_csv

logger = logging.getLogger(__name__)

AT_ONCE: Final = 20
CLAIM: Final = timedelta(minutes=5)
FIRST_PAUSE, LAST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS: Final = 12  # in a good day
LARGEST_CSV: Final = 8 * 1024 * 1024  # mail servers refuse more; the API has it


class NotSent(Exception):
    """It has to be tried again."""


class NoAddress(Exception):
    """Trying again is of no use."""


def send_due(*, now: datetime) -> int:
    """How many got out."""
    return sum(_send(mailing, now=now) for mailing in _claim(now=now))


def _claim(*, now: datetime) -> list[Mailing]:
    """SMTP happens outside of the transaction; the claim runs out by itself."""
    with transaction.atomic():
        due = (
            Mailing.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=Mailing.State.WAITING, due_at__lte=now)
            .select_related("invoice__statement")
            .order_by("due_at", "id")[:AT_ONCE]
        )
        mailings = list(due)
        Mailing.objects.filter(pk__in=[one.pk for one in mailings]).update(
            due_at=now + CLAIM, attempts=F("attempts") + 1
        )
    return mailings


def _send(mailing: Mailing, *, now: datetime) -> bool:
    attempts = mailing.attempts + 1
    mine = Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.WAITING)
    address = ""
    try:
        address = get_address(mailing.invoice)
        _hand_over(make_mail(mailing.invoice, to=address))
    except NoAddress as error:
        mine.update(state=Mailing.State.FAILED, last_error=str(error)[:500])
        return False
    except NotSent as error:
        logger.error("invoice %s did not get out: %s", mailing.invoice, type(error.__cause__).__name__)  # no address
        state = Mailing.State.FAILED if attempts >= MOST_ATTEMPTS else Mailing.State.WAITING
        mine.update(state=state, address=address, due_at=now + get_pause(attempts), last_error=str(error)[:500])
        return False
    mine.update(state=Mailing.State.SENT, address=address, sent_at=now, last_error="")
    return True


def get_address(invoice: Invoice) -> str:
    """Where the recipient's company wants invoices now.

    Raises:
        NoAddress: it has not said.
    """
    try:
        company, _ = gather.get_company(invoice.recipient, snapshot={})
    except InvoiceError as e:
        raise NoAddress(str(e)) from e
    if not company.email:
        raise NoAddress(
            f"{company.party} has no e-mail address for invoices: enter it under Companies, then send again"
        )
    return company.email


def make_mail(invoice: Invoice, *, to: str) -> EmailMessage:
    document = invoice.get_document()
    csv = b"".join(write_csv(invoice.statement))
    mail = EmailMessage(
        subject=_write_subject(document),
        body=_write_body(document),
        to=[to],
        headers={"Message-ID": f"<invoice-{invoice.pk}@{urlsplit(settings.HUB_PUBLIC_URL).hostname}>"},
    )
    mail.attach(f"{invoice.file_name}.pdf", invoice.get_file(InvoiceFile.Kind.PDF), "application/pdf")
    if len(csv) <= LARGEST_CSV:
        mail.attach(f"{invoice.file_name}.csv", csv, "text/csv")
    return mail


def _write_subject(document: InvoiceDocument) -> str:
    kind = say(document.kind, language=document.language)
    subject = say(
        "mail_subject", language=document.language, kind=kind, number=document.number, seller=document.seller.name
    )
    return " ".join(subject.split())[:200]


def _write_body(document: InvoiceDocument) -> str:
    language = document.language
    places = max(-int(document.due.as_tuple().exponent), 0)
    text = say(
        "mail_body",
        language=language,
        kind=say(document.kind, language=language),
        number=document.number,
        seller=document.seller.name,
        amount=f"{write_number(document.due, language=language, places=places)} {document.currency}",
        start=write_date(document.period_start, language=language),
        end=write_date(document.period_end, language=language),
    )
    greeting, files = (
        say("mail_greeting", language=language),
        say(document.no_xml or "mail_files", language=language),
    )
    return "\n\n".join([greeting, text, files, *document.notes, str(settings.HUB_NAME)]) + "\n"


def _hand_over(mail: EmailMessage) -> None:
    try:
        mail.send()
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def get_pause(attempts: int) -> timedelta:
    return min(LAST_PAUSE, FIRST_PAUSE * 2 ** min(attempts, 12))
