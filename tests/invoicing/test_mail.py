from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from invoicing.mail import MOST_ATTEMPTS, get_pause, send_due
from invoicing.models import Mailing
from management.attention import get_notices
from settlement.models import Company
from settlement.render import write_csv
from tests.invoicing.issued import NOW, make_invoice
from tests.settlement.settled import CONSUMER

pytestmark = pytest.mark.django_db
State = Mailing.State


@pytest.fixture(autouse=True)
def mails(settings: Any) -> None:
    settings.HUB_INVOICE_EMAILS = True
    settings.HUB_PUBLIC_URL = "https://hub.example.com"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    def refuse(self: EmailMessage, *_: Any, **__: Any) -> int:
        raise smtplib.SMTPServerDisconnected("gone with ap@buyer.example")

    with monkeypatch.context() as patched:
        patched.setattr(EmailMessage, "send", refuse)
        yield patched.undo


class TestSendDue:
    def test_sends_page_and_sessions_in_the_recipients_language(self):
        invoice = make_invoice()

        sent = send_due(now=NOW)

        (message,) = mail.outbox
        assert sent == 1
        assert message.to == ["ap@buyer.example"]
        assert message.subject == "Factuur NLCPO2027-000001 van NLCPO B.V."
        assert "ten bedrage van" in message.body
        attached = {name: (content, kind) for name, content, kind in message.attachments}
        pdf, csv = attached["NLCPO2027-000001.pdf"], attached["NLCPO2027-000001.csv"]
        assert pdf == (invoice.get_file("pdf"), "application/pdf")
        assert csv[0] in (expected := b"".join(write_csv(invoice.statement)), expected.decode())
        assert csv[1] == "text/csv"

    def test_says_where_there_is_no_xml(self):
        make_invoice(currency="KWD", total_cost=Decimal("4.123"), total_cost_incl=Decimal("4.989"))

        send_due(now=NOW)

        assert "Van deze factuur is er geen XML" in mail.outbox[0].body

    def test_sends_it_once(self):
        invoice = make_invoice()

        assert [send_due(now=NOW), send_due(now=NOW + timedelta(days=1))] == [1, 0]
        assert len(mail.outbox) == 1
        invoice.mailing.refresh_from_db()
        assert (invoice.mailing.state, invoice.mailing.sent_at, invoice.mailing.attempts) == (State.SENT, NOW, 1)

    def test_says_the_same_message_id_should_it_ever_go_out_twice(self):
        invoice = make_invoice()

        send_due(now=NOW)
        Mailing.ask_for(invoice, now=NOW)
        send_due(now=NOW)

        assert {message.extra_headers["Message-ID"] for message in mail.outbox} == {
            f"<invoice-{invoice.pk}@hub.example.com>"
        }

    def test_leaves_what_another_worker_has_claimed(self, monkeypatch: pytest.MonkeyPatch):
        make_invoice()
        counts: list[int] = []

        def send_meanwhile(self: EmailMessage, *_: Any, **__: Any) -> int:
            counts.append(send_due(now=NOW))
            return 1

        monkeypatch.setattr(EmailMessage, "send", send_meanwhile)

        assert send_due(now=NOW) == 1
        assert counts == [0]

    def test_tries_again_later_when_the_mail_server_is_away(
        self, broken: Callable[[], None], caplog: pytest.LogCaptureFixture
    ):
        mailing = make_invoice().mailing

        assert send_due(now=NOW) == 0
        mailing.refresh_from_db()
        assert "SMTPServerDisconnected" in caplog.text
        assert "@" not in caplog.text
        assert (mailing.state, mailing.due_at) == (State.WAITING, NOW + get_pause(1))
        assert mailing.last_error == "SMTPServerDisconnected: gone with ap@buyer.example"

        broken()
        assert send_due(now=NOW + timedelta(seconds=30)) == 0
        assert send_due(now=NOW + get_pause(1)) == 1

    def test_gives_up_at_last_until_somebody_says_again(self, broken: Callable[[], None]):
        mailing = make_invoice().mailing

        now = NOW
        for _ in range(MOST_ATTEMPTS + 3):
            send_due(now=now)
            now += timedelta(hours=7)
        mailing.refresh_from_db()
        assert (mailing.state, mailing.attempts) == (State.FAILED, MOST_ATTEMPTS)

        broken()
        Mailing.ask_for(mailing.invoice, now=now)
        assert send_due(now=now) == 1

    def test_says_what_to_do_where_a_company_has_no_address(self):
        mailing = make_invoice().mailing
        Company.objects.filter(party=CONSUMER).update(email="")

        send_due(now=NOW)

        mailing.refresh_from_db()
        assert mailing.state == State.FAILED
        assert "enter it under Companies" in mailing.last_error
        assert mail.outbox == []

    def test_tells_staff_on_the_dashboard(self):
        make_invoice()
        Company.objects.filter(party=CONSUMER).update(email="")
        send_due(now=NOW)

        texts = [notice.text for notice in get_notices(may_see=lambda model: True, lags={}, now=NOW)]

        assert "1 invoice did not get out by e-mail: see why, and send again." in texts

    def test_sends_to_where_the_company_wants_them_now(self):
        make_invoice()
        Company.objects.filter(party=CONSUMER).update(email="new@buyer.example")

        send_due(now=NOW)

        assert mail.outbox[0].to == ["new@buyer.example"]


class TestGetPause:
    def test_grows_and_ends_at_six_hours(self):
        pauses = [get_pause(attempt) for attempt in range(1, 13)]

        assert pauses == sorted(pauses)
        assert pauses[-1] == timedelta(hours=6)
