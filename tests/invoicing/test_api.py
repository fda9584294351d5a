from __future__ import annotations

import hashlib
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.issue import cancel, issue_for
from invoicing.models import Blocked, Invoice, Mailing
from settlement.render import write_csv, write_json
from tests.invoicing.issued import NOW, bill_fees, make_companies, make_invoice, make_statement
from tests.management.cast import make_client, make_partner_client, make_platform
from tests.settlement.settled import close_month, store_company, store_ready

pytestmark = pytest.mark.django_db


PARTNER = "/api/partner/invoices/"
tokens = (f"invoices {number}" for number in count())


def client(*scopes: str) -> Any:
    return make_client(*scopes, name=next(tokens))


def get(path: str, **query: Any) -> Any:
    return client().get(f"/api/invoices/{path}", query)


class TestInvoices:
    def test_are_listed_with_their_amounts(self):
        invoice = make_invoice()

        (found,) = get("").json()["results"]

        assert (found["number"], found["kind"], found["issuer"], found["recipient"]) == (
            "NLCPO2027-000001",
            "invoice",
            "NL*CPO",
            "FR*MSP",
        )
        assert (found["net"], found["due"], found["currency"]) == ("8.40", "10.16", "EUR")
        assert found["statement"] == invoice.statement.reference
        assert {file["kind"] for file in found["files"]} == {"pdf", "xml"}

    def test_show_below_zero_what_is_given_back(self):
        invoice = make_invoice()
        note = cancel(invoice, reason="x", now=NOW)

        found = get(f"{note.pk}/").json()

        assert (found["due"], found["signed_due"], found["cancels"]) == ("10.16", "-10.16", invoice.number)
        assert get(f"{invoice.pk}/").json()["cancelled_by"] == note.number

    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ({}, 2),
            ({"party": "NL*CPO"}, 2),
            ({"party": "DE*CPX"}, 0),
            ({"issuer": "NL*CPO"}, 2),
            ({"issuer": "FR*MSP"}, 0),
            ({"recipient": "FR*MSP"}, 2),
            ({"kind": "credit_note"}, 1),
            ({"number": "NLCPO2027-000001"}, 1),
            ({"is_standing": "true"}, 0),
            ({"is_standing": "false"}, 2),
            ({"issue_date_after": "2027-01-05"}, 0),
            ({"issue_date_before": "2027-01-04"}, 2),
        ],
    )
    def test_are_filtered(self, query: dict[str, str], number: int):
        cancel(make_invoice(), reason="x", now=NOW)

        assert get("", **query).json()["count"] == number

    def test_never_read_the_bytes_for_a_list(self):
        make_invoice()

        with CaptureQueriesContext(
            connection,
        ) as queries:
            get("")

        of_invoices = [query["sql"] for query in queries.captured_queries if "invoicing_" in query["sql"]]
        assert of_invoices
        assert not [sql for sql in of_invoices if '"content"' in sql or '."document"' in sql]

    def test_are_closed_to_a_token_without_the_scope(self):
        assert client("traffic:read").get("/api/invoices/").status_code == 403
        assert client("settlement:read").get("/api/invoices/").status_code == 200


class TestDownloads:
    def test_are_the_bytes_that_were_issued(self):
        invoice = make_invoice()

        for file in invoice.files.all():
            answer = get(f"{invoice.pk}/{file.kind}/")

            assert hashlib.sha256(answer.content).hexdigest() == file.sha256
            assert answer["Content-Disposition"] == f'attachment; filename="NLCPO2027-000001.{file.kind}"'

    def test_have_every_line_with_its_cdr(self):
        invoice = make_invoice()

        csv, json = get(f"{invoice.pk}/csv/"), get(f"{invoice.pk}/json/")

        assert csv.content == b"".join(write_csv(invoice.statement))
        assert json.content == b"".join(write_json(invoice.statement))
        assert [line["cdr_id"].lower() for line in json.json()["lines"]] == ["one", "two"]

    @pytest.mark.parametrize("accepted", ["application/pdf", "application/xml", "text/html", "*/*"])
    def test_come_whatever_the_client_says_it_takes(self, accepted: str):
        invoice = make_invoice()

        answer = client().get(f"/api/invoices/{invoice.pk}/pdf/", HTTP_ACCEPT=accepted)

        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")

    @pytest.mark.parametrize(
        ("currency", "why"), [("KWD", "three decimals (BR-DEC)"), ("BGN", "does not have its currency")]
    )
    def test_of_an_xml_that_cannot_be_say_why(self, currency: str, why: str):
        invoice = make_invoice(currency=currency, total_cost=Decimal("4.12"), total_cost_incl=Decimal("4.99"))

        answer = get(f"{invoice.pk}/xml/")

        assert answer.status_code == 404
        assert why in answer.json()["detail"]
        assert "Take the PDF" in answer.json()["what_to_do"]
        assert get(f"{invoice.pk}/pdf/").content == invoice.get_file("pdf")
        assert get(f"{invoice.pk}/json/").json()["lines"][0]["net"] == 4.12

    def test_of_what_is_not_there_are_not_found(self):
        assert get("4711/pdf/").status_code == 404


class TestIssue:
    def test_issues_now(self):
        make_companies()
        statement = make_statement()

        answer = client().post("/api/invoices/issue/", {"statement": statement.reference}, format="json")

        assert answer.status_code == 200
        assert answer.json()["statement"] == statement.reference
        assert Invoice.objects.count() == 1

    def test_says_what_is_missing(self):
        statement = make_statement()

        answer = client().post("/api/invoices/issue/", {"statement": statement.reference}, format="json")

        assert answer.status_code == 409
        assert "has no company" in str(answer.json())

    def test_needs_the_scope(self):
        answer = client("settlement:read").post("/api/invoices/issue/", {"statement": "x"}, format="json")

        assert answer.status_code == 403


class TestCancel:
    def test_answers_with_the_credit_note(self):
        invoice = make_invoice()

        answer = client().post(f"/api/invoices/{invoice.pk}/cancel/", {"reason": "wrong"}, format="json")

        assert (answer.status_code, answer.json()["kind"], answer.json()["reason"]) == (200, "credit_note", "wrong")

    def test_is_refused_the_second_time(self):
        invoice = make_invoice()
        cancel(invoice, reason="x", now=NOW)

        answer = client().post(f"/api/invoices/{invoice.pk}/cancel/", {"reason": "x"}, format="json")

        assert answer.status_code == 409


class TestSend:
    def test_asks_for_the_e_mail(self):
        invoice = make_invoice()

        answer = client().post(f"/api/invoices/{invoice.pk}/send/")

        assert answer.json()["mailing"]["state"] == "waiting"
        assert Mailing.objects.get().invoice == invoice


class TestBlocked:
    def test_says_what_is_to_be_done(self):
        statement = make_statement()
        Blocked.objects.create(statement=statement, problem="enter it", since=NOW, tried_at=NOW)

        (found,) = get("blocked/").json()["results"]

        assert (found["statement"], found["problem"]) == (statement.reference, "enter it")


class TestPartnerInvoices:
    @pytest.fixture
    def seller(self) -> Any:
        return make_partner_client(make_platform())

    @pytest.fixture
    def buyer(self) -> Any:
        return make_partner_client(make_platform("Mobility Co", party="FR*MSP", role="EMSP"))

    @pytest.fixture(params=[("DE*CPX", "CPO"), ("NL*CPO", "EMSP"), ("FR*MSP", "CPO")])
    def stranger(self, request: Any) -> Any:
        """Somebody else, and the same ids in the other role, on another platform."""
        party, role = request.param
        return make_partner_client(make_platform("Stranger", party=party, role=role))

    def test_are_seen_by_who_issues_and_who_receives(self, seller: Any, buyer: Any):
        make_invoice()

        for client_of_party in (seller, buyer):
            (found,) = client_of_party.get(PARTNER).json()["results"]
            assert found["number"] == "NLCPO2027-000001"
            assert "mailing" not in found

    @pytest.mark.parametrize("file", ["pdf", "xml", "csv", "json"])
    def test_are_downloaded_by_them(self, seller: Any, buyer: Any, file: str):
        invoice = make_invoice()

        answers = [one.get(f"{PARTNER}{invoice.pk}/{file}/") for one in (seller, buyer)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].content == answers[1].content

    @pytest.mark.parametrize("path", ["", "pdf/", "xml/", "csv/", "json/"])
    def test_are_not_there_for_a_stranger(self, stranger: Any, path: str):
        invoice = make_invoice()

        assert stranger.get(f"{PARTNER}{invoice.pk}/{path}").status_code == 404
        assert stranger.get(PARTNER).json()["count"] == 0

    def test_can_only_be_read(self, seller: Any):
        invoice = make_invoice()

        for path in ("issue/", "blocked/", f"{invoice.pk}/cancel/", f"{invoice.pk}/send/"):
            assert seller.post(f"{PARTNER}{path}", {}, format="json").status_code in (403, 404, 405)

    def test_of_fees_go_to_who_pays_them(self, seller: Any, buyer: Any):
        make_companies(domestic=False)
        store_company("nlhub", vat_number="NL004495445B01")
        store_ready("one")
        close_month(fee_per_session=Decimal("0.35"), fee_payer="consumer")
        issue_for(bill_fees(), now=NOW)

        assert [one.get(PARTNER).json()["count"] for one in (buyer, seller)] == [1, 0]

    def test_come_as_csv(self, seller: Any):
        make_invoice()

        answer = seller.get(PARTNER, {"format": "csv"})

        head, row = b"".join(answer).decode().splitlines()
        assert head.startswith("id,number,kind,issuer,recipient")
        assert ",NLCPO2027-000001,invoice,NL*CPO,FR*MSP," in row


class TestAdmin:
    def test_hands_out_files(self, admin_client: Any):
        invoice = make_invoice()

        answer = admin_client.get(f"/admin/invoicing/invoice/{invoice.pk}/file/pdf/")

        assert answer.content == invoice.get_file("pdf")
        assert admin_client.get(f"/admin/invoicing/invoice/{invoice.pk}/file/exe/").status_code == 404

    def test_offers_no_xml_where_there_is_none(self, admin_client: Any):
        invoice = make_invoice(currency="KWD", total_cost=Decimal("4.123"), total_cost_incl=Decimal("4.989"))

        page = admin_client.get(f"/admin/invoicing/invoice/{invoice.pk}/change/")

        assert "file/pdf/" in page.content.decode()
        assert "file/xml/" not in page.content.decode()
        assert admin_client.get(f"/admin/invoicing/invoice/{invoice.pk}/file/xml/").status_code == 404

    def test_hands_out_nothing_to_strangers(self, client: Any, django_user_model: Any):
        invoice = make_invoice()
        url = f"/admin/invoicing/invoice/{invoice.pk}/file/pdf/"

        assert client.get(url).status_code == 302
        client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
        assert client.get(url).status_code == 403

    def test_tells_in_the_list_what_was_cancelled(self, admin_client: Any):
        invoice = make_invoice()
        note = cancel(invoice, reason="x", now=NOW)

        page = admin_client.get("/admin/invoicing/invoice/").content.decode()

        assert f"cancelled by {note}" in page
        assert f"cancels {invoice}" in page

    def test_cancels_after_asking(self, admin_client: Any):
        invoice = make_invoice()
        url = reverse("admin:invoicing_invoice_cancel_invoice", args=[invoice.pk])

        assert "Printed on the credit note" in admin_client.get(url).content.decode()
        assert not Invoice.objects.exclude(cancels=None).exists()
        admin_client.post(url, {"reason": "wrong address"})

        assert Invoice.objects.exclude(cancels=None).get().reason == "wrong address"

    def test_takes_patterns_that_keep_numbers_apart(self, admin_client: Any):
        answer = admin_client.post("/admin/invoicing/issuer/add/", {"party": "NL*CPO", "pattern": "{number}"})

        assert "must be in it" in answer.content.decode()

    def test_sends_again(self, admin_client: Any):
        invoice = issue_for(make_invoice().statement, now=NOW)

        admin_client.post("/admin/invoicing/invoice/", {"action": "send_again", "_selected_action": [str(invoice.pk)]})

        assert invoice.mailing.state == Mailing.State.WAITING
