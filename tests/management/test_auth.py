from __future__ import annotations

import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from management.models import StaffToken
from management.scopes import Scope
from parties.models import Platform
from parties.secrets import token_digest
from tests.management.cast import CPO_TOKEN, NOW, make_client, make_partner_client, make_platform, make_staff

pytestmark = pytest.mark.django_db

# Everything that answers GET, and the scope it takes.
READABLE = {
    "/api/platforms/": Scope.PLATFORMS_READ,
    "/api/parties/": Scope.PLATFORMS_READ,
    "/api/agreements/": Scope.AGREEMENTS_READ,
    "/api/mandates/": Scope.AGREEMENTS_READ,
    "/api/lanes/": Scope.TRAFFIC_READ,
    "/api/lanes/platforms/": Scope.TRAFFIC_READ,
    "/api/dead-letters/": Scope.TRAFFIC_READ,
    "/api/call-log/": Scope.TRAFFIC_READ,
    "/api/breakers/": Scope.TRAFFIC_READ,
    "/api/journeys/?id=corr-1": Scope.TRAFFIC_READ,
    "/api/journeys/corr-1/": Scope.TRAFFIC_READ,
    "/api/findings/": Scope.FINDINGS_READ,
    "/api/disputes/": Scope.FINDINGS_READ,
    "/api/reconciliation/": Scope.FINDINGS_READ,
    "/api/cdr-clocks/": Scope.FINDINGS_READ,
    "/api/pulls/": Scope.TRAFFIC_READ,
    "/api/alerts/": Scope.TRAFFIC_READ,
    "/api/flags/": Scope.FINDINGS_READ,
    "/api/cdrs/NL*CPO/C1/price/": Scope.FINDINGS_READ,
    "/api/platforms/1/quirks/": Scope.PLATFORMS_READ,
    "/api/statements/": Scope.SETTLEMENT_READ,
    "/api/statements/1/lines/": Scope.SETTLEMENT_READ,
    "/api/statements/1/csv/": Scope.SETTLEMENT_READ,
    "/api/statements/1/json/": Scope.SETTLEMENT_READ,
    "/api/nettings/": Scope.SETTLEMENT_READ,
    "/api/terms/": Scope.SETTLEMENT_READ,
    "/api/companies/": Scope.SETTLEMENT_READ,
    "/api/vat-rates/": Scope.SETTLEMENT_READ,
    "/api/exchange-rates/": Scope.SETTLEMENT_READ,
    "/api/invoices/": Scope.SETTLEMENT_READ,
    "/api/invoices/blocked/": Scope.SETTLEMENT_READ,
    "/api/invoices/1/pdf/": Scope.SETTLEMENT_READ,
    "/api/invoices/1/xml/": Scope.SETTLEMENT_READ,
    "/api/invoices/1/csv/": Scope.SETTLEMENT_READ,
    "/api/invoices/1/json/": Scope.SETTLEMENT_READ,
}
WRITABLE = {
    "/api/platforms/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/register/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/rotate/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/suspend/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/token-a/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/update/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/disconnect/": Scope.PLATFORMS_WRITE,
    "/api/platforms/1/pull/": Scope.PLATFORMS_WRITE,
    "/api/agreements/": Scope.AGREEMENTS_WRITE,
    "/api/agreements/1/end/": Scope.AGREEMENTS_WRITE,
    "/api/agreements/import/": Scope.AGREEMENTS_WRITE,
    "/api/mandates/": Scope.AGREEMENTS_WRITE,
    "/api/mandates/1/end/": Scope.AGREEMENTS_WRITE,
    "/api/lanes/1/retry/": Scope.TRAFFIC_WRITE,
    "/api/lanes/pause/": Scope.TRAFFIC_WRITE,
    "/api/lanes/resume/": Scope.TRAFFIC_WRITE,
    "/api/lanes/wake/": Scope.TRAFFIC_WRITE,
    "/api/dead-letters/resend/": Scope.TRAFFIC_WRITE,
    "/api/dead-letters/1/resend/": Scope.TRAFFIC_WRITE,
    "/api/dead-letters/1/close/": Scope.TRAFFIC_WRITE,
    "/api/findings/1/judge/": Scope.FINDINGS_WRITE,
    "/api/findings/compare-list/": Scope.FINDINGS_WRITE,
    "/api/cdr-clocks/": Scope.FINDINGS_WRITE,
    "/api/disputes/": Scope.FINDINGS_WRITE,
    "/api/disputes/1/message/": Scope.FINDINGS_WRITE,
    "/api/disputes/1/escalate/": Scope.FINDINGS_WRITE,
    "/api/disputes/1/withdraw/": Scope.FINDINGS_WRITE,
    "/api/disputes/1/decide/": Scope.FINDINGS_WRITE,
    "/api/disputes/1/extend/": Scope.FINDINGS_WRITE,
    "/api/disputes/run/": Scope.FINDINGS_WRITE,
    "/api/reconciliation/run/": Scope.FINDINGS_WRITE,
    "/api/terms/": Scope.SETTLEMENT_WRITE,
    "/api/companies/": Scope.SETTLEMENT_WRITE,
    "/api/vat-rates/": Scope.SETTLEMENT_WRITE,
    "/api/settlement/run/": Scope.SETTLEMENT_WRITE,
    "/api/invoices/issue/": Scope.SETTLEMENT_WRITE,
    "/api/invoices/1/cancel/": Scope.SETTLEMENT_WRITE,
    "/api/invoices/1/send/": Scope.SETTLEMENT_WRITE,
}
ALL_BUT = {scope: [other.value for other in Scope if other is not scope] for scope in Scope}


def send(client: APIClient, method: str, url: str):
    return client.get(url) if method == "GET" else client.post(url, {}, format="json")


CALLS = [("GET", url, scope) for url, scope in READABLE.items()] + [
    ("POST", url, scope) for url, scope in WRITABLE.items()
]


class TestEveryEndpoint:
    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_is_closed_without_a_token(self, method, url, scope):
        response = send(APIClient(), method, url)

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert "staff token" in response.json()["what_to_do"]

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_is_closed_without_its_scope(self, method, url, scope):
        response = send(make_client(*ALL_BUT[scope]), method, url)

        assert response.status_code == 403
        assert scope.value in response.json()["detail"]

    @pytest.mark.parametrize(("method", "url", "scope"), CALLS)
    def test_opens_with_its_scope_alone(self, method, url, scope):
        response = send(make_client(scope.value), method, url)

        assert response.status_code not in (401, 403, 500)

    def test_is_listed_above(self):
        """A new endpoint must be added to these tables."""
        names = [key for key in get_resolver("management.urls").reverse_dict if isinstance(key, str)]
        open_to_all = {"me", "schema", "docs", "ocpi-schema", "ocpi-docs"}

        bases = {name.rsplit("-", 1)[0] if name.endswith(("-list", "-detail")) else name for name in names}

        assert bases - open_to_all == {
            "platform",
            "platform-register",
            "platform-rotate",
            "platform-suspend",
            "platform-token-a",
            "platform-update",
            "platform-disconnect",
            "platform-pull",
            "platform-quirks",
            "pull",
            "alert",
            "flags",
            "cdr-price",
            "party",
            "agreement",
            "agreement-end",
            "agreement-import-csv",
            "mandate",
            "mandate-end",
            "lane",
            "lane-retry",
            "lane-platforms",
            "lane-pause",
            "lane-resume",
            "lane-wake",
            "dead-letter-resend-all",
            "dead-letter",
            "dead-letter-resend",
            "dead-letter-close",
            "call-log",
            "breakers",
            "breaker",
            "journey",
            "finding",
            "finding-judge",
            "finding-compare",
            "cdr-clock",
            "dispute",
            "dispute-message",
            "dispute-escalate",
            "dispute-withdraw",
            "dispute-decide",
            "dispute-extend",
            "dispute-run",
            "reconciliation",
            "reconciliation-run",
            "statement",
            "statement-lines",
            "statement-as-csv",
            "statement-as-json",
            "nettings",
            "terms",
            "company",
            "vat-rate",
            "exchange-rate",
            "settlement-run",
            "invoice",
            "invoice-blocked",
            "invoice-pdf",
            "invoice-xml",
            "invoice-as-csv",
            "invoice-as-json",
            "invoice-issue",
            "invoice-cancel",
            "invoice-send",
        }


class TestStrangers:
    @pytest.mark.parametrize("scheme", ["Bearer", "Token"])
    def test_a_partners_credentials_token_opens_nothing(self, scheme):
        make_platform("Charge Co")
        client = APIClient(HTTP_AUTHORIZATION=f"{scheme} {CPO_TOKEN}-Charge Co")

        assert client.get("/api/platforms/").status_code == 401
        assert client.get("/api/me/").status_code == 401

    def test_a_token_a_opens_nothing(self):
        platform = make_platform(state=Platform.State.PLANNED)
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {platform.issue_token_a()}")

        assert client.get("/api/me/").status_code == 401

    def test_a_login_to_the_admin_opens_nothing(self):
        client = APIClient()
        client.force_login(make_staff())

        assert client.get("/api/platforms/").status_code == 401

    @pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer wrong", "Basic abc", "Bearer \xff\xfe"])
    def test_odd_headers_are_refused(self, header):
        assert APIClient(HTTP_AUTHORIZATION=header).get("/api/me/").status_code == 401


class TestStaffToken:
    def test_is_kept_as_a_digest_only(self):
        token, text = StaffToken.issue(name="x", scopes=["all"], now=NOW)

        assert token.digest == token_digest(text)
        assert text not in str(StaffToken.objects.values().get())

    def test_stops_when_revoked(self):
        client = make_client()
        StaffToken.objects.get().revoke(now=timezone.now())

        assert client.get("/api/me/").status_code == 401

    def test_stops_when_it_ends(self):
        client = make_client(expires_at=timezone.now() - timedelta(seconds=1))

        assert client.get("/api/me/").status_code == 401

    def test_stops_with_its_persons_account(self):
        person = make_staff()
        client = make_client(user_id=person.pk)
        assert client.get("/api/me/").json()["user"] == "root"

        person.is_active = False
        person.save()

        assert client.get("/api/me/").status_code == 401

    def test_notes_its_use(self):
        make_client().get("/api/me/")

        assert StaffToken.objects.get().last_used_at is not None

    def test_says_what_it_may_do(self):
        me = make_client("traffic:read", name="monitor").get("/api/me/").json()

        assert me == {"name": "monitor", "user": None, "scopes": ["traffic:read"], "expires_at": None}


class TestDeeds:
    """What is done over the API stays known."""

    def deeds(self, caplog: pytest.LogCaptureFixture) -> list[str]:
        return [one.getMessage() for one in caplog.records if one.name == "management.problems"]

    def test_of_staff_are_logged_with_the_tokens_name(self, caplog):
        platform, client = make_platform(), make_client("platforms:write", name="night job")

        with caplog.at_level(logging.INFO, logger="management.problems"):
            client.post(f"/api/platforms/{platform.pk}/token-a/")
            client.post("/api/agreements/", {})

        assert self.deeds(caplog) == [
            f"POST /api/platforms/{platform.pk}/token-a/ by the staff token 'night job': 200",
            "POST /api/agreements/ by the staff token 'night job': 403",
        ]

    def test_of_partners_are_logged_too(self, caplog):
        client = make_partner_client(make_platform(), name="accounts")

        with caplog.at_level(logging.INFO, logger="management.problems"):
            client.post("/api/partner/disputes/7%0A8/message/", {"text": "hello"})
            client.post("/api/partner/disputes/7/message/", {"text": "hello"})

        assert self.deeds(caplog) == ["POST /api/partner/disputes/7/message/ by the partner token 'accounts': 404"]

    def test_only_looked_at_or_by_nobody_are_not(self, caplog):
        with caplog.at_level(logging.INFO, logger="management.problems"):
            make_client().get("/api/platforms/")
            APIClient().post("/api/platforms/")
            APIClient(HTTP_AUTHORIZATION="Bearer nobody's", HTTP_ACCEPT="image/png").post("/api/platforms/")

        assert self.deeds(caplog) == []


class TestCreateStaffToken:
    def test_prints_a_token_that_works(self):
        out = StringIO()

        call_command("create_staff_token", name="demo", scopes=["all"], stdout=out)

        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {out.getvalue().strip()}")
        assert client.get("/api/me/").json()["scopes"] == [scope.value for scope in Scope]

    def test_refuses_unknown_scopes(self):
        with pytest.raises(CommandError, match="platforms:fly"):
            call_command("create_staff_token", name="demo", scopes=["platforms:fly"])

    def test_refuses_a_name_that_is_there(self):
        call_command("create_staff_token", name="demo", scopes=["platforms:read"], stdout=StringIO())

        with pytest.raises(CommandError, match="already"):
            call_command("create_staff_token", name="demo", scopes=["platforms:read"])
