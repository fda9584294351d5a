"""The partner API: who gets in, what it sees, and above all what it never sees."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from management.csv_export import stream_csv
from management.models import PartnerToken
from management.partner_scopes import PartnerScope
from parties.display import guard_cell
from parties.models import Party, Platform
from parties.secrets import token_digest
from tests.management.cast import (
    CPO_TOKEN,
    NOW,
    make_client,
    make_finding,
    make_partner_client,
    make_partner_token,
    make_platform,
    make_staff,
)

pytestmark = pytest.mark.django_db

FINDINGS = "/api/partner/findings/"
INVOICES = "/api/partner/invoices/"
DISPUTES = "/api/partner/disputes/"
# Everything that answers, and the scope it takes.
CALLS = [
    ("GET", FINDINGS, PartnerScope.FINDINGS_READ),
    ("GET", f"{FINDINGS}1/", PartnerScope.FINDINGS_READ),
    ("GET", INVOICES, PartnerScope.INVOICES_READ),
    *(("GET", f"{INVOICES}1/{file}", PartnerScope.INVOICES_READ) for file in ("", "pdf/", "xml/", "csv/", "json/")),
    ("POST", f"{FINDINGS}1/explain/", PartnerScope.FINDINGS_WRITE),
    ("POST", f"{FINDINGS}1/accept/", PartnerScope.FINDINGS_WRITE),
    ("GET", DISPUTES, PartnerScope.DISPUTES_READ),
    ("GET", f"{DISPUTES}1/", PartnerScope.DISPUTES_READ),
    ("POST", DISPUTES, PartnerScope.DISPUTES_WRITE),
    ("POST", f"{DISPUTES}1/message/", PartnerScope.DISPUTES_WRITE),
    ("POST", f"{DISPUTES}1/accept/", PartnerScope.DISPUTES_WRITE),
    ("POST", f"{DISPUTES}1/withdraw/", PartnerScope.DISPUTES_WRITE),
    ("POST", f"{DISPUTES}1/escalate/", PartnerScope.DISPUTES_WRITE),
    ("GET", "/api/partner/statements/", PartnerScope.STATEMENTS_READ),
    ("GET", "/api/partner/statements/1/", PartnerScope.STATEMENTS_READ),
    ("GET", "/api/partner/statements/1/lines/", PartnerScope.STATEMENTS_READ),
    ("GET", "/api/partner/statements/1/csv/", PartnerScope.STATEMENTS_READ),
    ("GET", "/api/partner/statements/1/json/", PartnerScope.STATEMENTS_READ),
    ("GET", "/api/partner/nettings/", PartnerScope.STATEMENTS_READ),
]
NAMES = {
    "me",
    *(f"finding-{name}" for name in ("list", "detail", "explain", "accept")),
    "finding-dispute",  # needs two scopes: see test_partner_disputes
    *(f"dispute-{name}" for name in ("list", "detail", "message", "accept", "withdraw", "escalate")),
    *(f"statement-{name}" for name in ("list", "detail", "lines", "as-csv", "as-json")),
    *(f"invoice-{name}" for name in ("list", "detail", "pdf", "xml", "as-csv", "as-json")),
    "nettings",
}
ALL_BUT = {scope: [other.value for other in PartnerScope if other is not scope] for scope in PartnerScope}


@pytest.fixture
def cpo() -> Platform:
    return make_platform()


@pytest.fixture
def emsp() -> Platform:
    return make_platform("Mobility Co", party="FR*MSP", role="EMSP")


@pytest.fixture
def stranger() -> Platform:
    return make_platform("Somebody else", party="DE*CPX")


def send(client: APIClient, method: str, url: str) -> Any:
    return client.get(url) if method == "GET" else client.post(url, {}, format="json")


def get_ids(client: APIClient, query: str = "") -> list[int]:
    return [row["id"] for row in client.get(f"{FINDINGS}{query}").json()["results"]]


def read(answer: Any) -> str:
    return b"".join(answer).decode()


class TestFilters:
    @pytest.mark.parametrize(
        "path", [FINDINGS, DISPUTES, INVOICES, "/api/partner/statements/", "/api/partner/nettings/"]
    )
    def test_that_do_not_exist_are_refused(self, path, cpo):
        answer = make_partner_client(cpo).get(f"{path}?stat=open")

        assert answer.status_code == 400
        assert "there are" in answer.json()["fields"]["stat"][0]


class TestEveryEndpoint:
    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_is_closed_without_a_token(self, method, url, scope):
        response = send(APIClient(), method, url)

        assert response.status_code == 401
        assert "partner token" in response.json()["what_to_do"]

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_is_closed_without_its_scope(self, method, url, scope, cpo):
        response = send(make_partner_client(cpo, *ALL_BUT[scope]), method, url)

        assert response.status_code == 403
        assert scope.value in response.json()["detail"]

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_opens_with_its_scope_alone(self, method, url, scope, cpo):
        assert send(make_partner_client(cpo, scope.value), method, url).status_code not in (401, 403, 500)

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_is_closed_to_a_staff_token(self, method, url, scope):
        assert send(make_client(), method, url).status_code == 401

    def test_is_listed_above(self):
        """A new endpoint must be added to these tables."""
        names = {key for key in get_resolver("management.partner_urls").reverse_dict if isinstance(key, str)}

        assert names == NAMES


class TestStrangers:
    def test_a_partner_token_opens_nothing_of_staffs(self, cpo):
        client = make_partner_client(cpo)

        assert client.get("/api/me/").status_code == 401
        assert client.get("/api/findings/").status_code == 401
        assert client.get("/metrics").status_code in (200, 401, 403)

    def test_the_platforms_ocpi_tokens_open_nothing(self, cpo):
        planned = make_platform("Planned", party="DE*NEW", state=Platform.State.PLANNED)

        for text in (f"{CPO_TOKEN}-Charge Co", planned.issue_token_a()):
            assert APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/partner/me/").status_code == 401

    def test_a_login_to_the_admin_opens_nothing(self):
        client = APIClient()
        client.force_login(make_staff())

        assert client.get("/api/partner/me/").status_code == 401

    @pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer wrong", "Basic abc", "Bearer \xff\xfe"])
    def test_odd_headers_are_refused(self, header):
        assert APIClient(HTTP_AUTHORIZATION=header).get("/api/partner/me/").status_code == 401


class TestPartnerToken:
    def test_is_kept_as_a_digest_only(self, cpo):
        token, text = make_partner_token(cpo)

        assert token.digest == token_digest(text)
        assert text not in str(PartnerToken.objects.values().get())

    def test_stops_when_revoked(self, cpo):
        client = make_partner_client(cpo)
        PartnerToken.objects.get().revoke(now=timezone.now())

        assert client.get("/api/partner/me/").status_code == 401

    def test_stops_when_it_ends(self, cpo):
        client = make_partner_client(cpo, expires_at=timezone.now() - timedelta(seconds=1))

        assert client.get("/api/partner/me/").status_code == 401

    def test_stops_while_its_platform_is_suspended(self, cpo):
        client = make_partner_client(cpo)
        cpo.suspend(now=NOW)

        assert client.get("/api/partner/me/").status_code == 401

    def test_is_rotated(self, cpo):
        client = make_partner_client(cpo)
        text = PartnerToken.objects.get().rotate(now=timezone.now())

        assert client.get("/api/partner/me/").status_code == 401
        assert APIClient(HTTP_AUTHORIZATION=f"Bearer {text}").get("/api/partner/me/").status_code == 200

    def test_is_not_rotated_back_to_life(self, cpo):
        token, _ = make_partner_token(cpo)
        token.revoke(now=timezone.now())

        with pytest.raises(ValueError, match="new token"):
            token.rotate(now=timezone.now())

    def test_notes_its_use(self, cpo):
        make_partner_client(cpo).get("/api/partner/me/")

        assert PartnerToken.objects.get().last_used_at is not None

    def test_says_what_it_may_do_and_for_whom(self, cpo):
        me = make_partner_client(cpo, "findings:read", name="accounts").get("/api/partner/me/").json()

        assert me == {
            "name": "accounts",
            "platform": "Charge Co",
            "scopes": ["findings:read"],
            "expires_at": None,
            "cpo_parties": ["NL*CPO"],
            "emsp_parties": [],
        }


class TestFindings:
    def test_are_seen_from_both_sides(self, cpo, emsp):
        finding = make_finding()

        for platform in (cpo, emsp):
            client = make_partner_client(platform)
            assert get_ids(client) == [finding.pk]
            assert client.get(f"{FINDINGS}{finding.pk}/").json()["message"] == finding.message

    def test_are_not_there_for_a_stranger(self, stranger):
        finding = make_finding()
        client = make_partner_client(stranger)

        assert get_ids(client) == []
        assert get_ids(client, "?party=NL*CPO") == []
        assert client.get(f"{FINDINGS}{finding.pk}/").status_code == 404
        assert "CDR1" not in read(client.get(f"{FINDINGS}?format=csv"))

    def test_go_with_a_party_that_moves(self, cpo, stranger):
        finding = make_finding()
        before, after = make_partner_client(cpo), make_partner_client(stranger)

        Party.objects.filter(party_id="CPO").update(platform=stranger)

        assert (get_ids(before), get_ids(after)) == ([], [finding.pk])
        assert before.get(f"{FINDINGS}{finding.pk}/").status_code == 404

    def test_are_not_seen_by_a_role_that_was_given_up(self, cpo):
        make_finding()
        Party.objects.update(is_active=False)

        assert get_ids(make_partner_client(cpo)) == []

    def test_are_not_seen_by_another_role_of_the_same_party(self):
        """NL*CPO the eMSP may be another company's platform than NL*CPO the CPO."""
        make_finding()
        namesake = make_platform("Namesake", party="NL*CPO", role="EMSP")

        assert get_ids(make_partner_client(namesake)) == []

    @pytest.mark.parametrize(
        "query",
        [
            "party=it*msx",
            "kind=session_billed_twice",
            "state=closed",
            "cdr_id=CDR9",
            "session_id=S9",
            "opened_from=2026-11-21T00:00:00Z",
            "opened_from=2026-11-20T13:00:00Z&opened_to=2026-11-23T00:00:00Z",
        ],
    )
    def test_are_found(self, query, cpo):
        make_finding()
        other = make_finding(
            token_owner="itmsx",
            kind="session_billed_twice",
            cdr_id="CDR9",
            cdr_key="cdr9",
            session_key="s9",
            state="closed",
            opened_at=NOW + timedelta(days=2),
            closed_at=NOW + timedelta(days=2),
        )

        assert get_ids(make_partner_client(cpo), f"?{query}") == [other.pk]

    def test_come_in_pages(self, cpo):
        for number in range(3):
            make_finding(cdr_key=f"c{number}")

        page = make_partner_client(cpo).get(f"{FINDINGS}?page_size=2").json()

        assert (page["count"], len(page["results"])) == (3, 2)
        assert page["next"].startswith("http://127.0.0.1:8600/api/partner/findings/?page=2")


class TestCsv:
    @pytest.mark.parametrize("how", ["query", "header"])
    def test_holds_all_rows_that_the_filter_leaves(self, how, cpo):
        for number in range(3):
            make_finding(cdr_key=f"c{number}", cdr_id=f"C{number}", state="open")
        make_finding(cdr_key="c9", state="closed", closed_at=NOW)
        client = make_partner_client(cpo)

        url = f"{FINDINGS}?state=open&page_size=1"
        answer = client.get(f"{url}&format=csv") if how == "query" else client.get(url, HTTP_ACCEPT="text/csv")
        rows = list(csv.DictReader(StringIO(read(answer))))

        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert sorted(row["cdr_id"] for row in rows) == ["C0", "C1", "C2"]
        assert rows[0]["owner"] == "NL*CPO"

    @pytest.mark.parametrize(
        ("value", "written"),
        [("=1+1", "'=1+1"), ("@x", "'@x"), ("-4.20", "-4.20"), ("-x", "'-x"), ("plain", "plain"), ("", "")],
    )
    def test_runs_no_formula(self, value, written):
        assert guard_cell(value) == written

    def test_refusals_are_readable(self, cpo):
        answer = make_partner_client(cpo, "disputes:read").get(f"{FINDINGS}?format=csv")

        assert answer.status_code == 403
        assert b"findings:read" in answer.content


class TestCreatePartnerToken:
    def test_prints_a_token_that_works(self, cpo):
        out = StringIO()

        call_command("create_partner_token", platform="Charge Co", name="accounts", scopes=["all"], stdout=out)

        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {out.getvalue().strip()}")
        assert client.get("/api/partner/me/").json()["scopes"] == [scope.value for scope in PartnerScope]

    @pytest.mark.parametrize(
        ("asked", "says"),
        [
            ({"scopes": ["platforms:read"]}, "platforms:read"),
            ({"platform": "Nobody"}, "Charge Co"),
            ({"name": "taken"}, "already"),
        ],
    )
    def test_refuses(self, asked, says, cpo):
        make_partner_token(cpo, name="taken")
        options: dict[str, Any] = {"platform": "Charge Co", "name": "new", "scopes": ["all"], **asked}

        with pytest.raises(CommandError, match=says):
            call_command("create_partner_token", **options)


class TestStreamCsv:
    def test_sends_piece_by_piece(self):
        """As the web process does it: what is not asked for is not read."""
        read: list[int] = []

        def make() -> Iterator[str]:
            for number in range(3):
                read.append(number)
                yield f"{number}\r\n"

        async def take_one() -> bytes:
            async for piece in stream_csv(make(), name="x"):
                return bytes(piece)
            return b""

        assert asyncio.run(take_one()) == b"0\r\n"
        assert read == [0]
