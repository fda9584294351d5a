from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest
from django.db import transaction

from management.serializers.settlement import CompanySerializer
from parties.sides import Sides
from settlement.close_fees import close_fees
from settlement.models import Company, Statement, Terms
from tests.management.cast import make_client
from tests.settlement.settled import (
    IN_NOVEMBER,
    IN_OCTOBER,
    NOW,
    close_month,
    make_domestic,
    make_terms,
    store_company,
    store_credit_of,
    store_ready,
)

pytestmark = pytest.mark.django_db
COMPANY = {
    "party": "NL*CPO",
    "legal_name": "Charge B.V.",
    "street": "Kade 1",
    "postal_code": "3511 ED",
    "city": "Utrecht",
    "country": "NL",
    "vat_number": "nl 0044.95.445.B01",
    "iban": "nl02 abna 0123 4567 89",
    "bic": "abnanl2a",
}
TERMS = {
    "provider": "NL*CPO",
    "consumer": "FR*MSP",
    "valid_from": "2026-11-01T00:00:00Z",
    "time_zone": "Europe/Paris",
}


class TestStatements:
    @pytest.fixture(autouse=True)
    def _statements(self):
        make_domestic()
        original = store_ready("c1", end_at=IN_OCTOBER)
        (self.october,) = close_month(IN_OCTOBER)
        store_credit_of(original, "k1")
        store_ready("c2", country="BE")
        self.belgian, self.correcting = close_month(IN_NOVEMBER)

    def test_say_what_is_owed(self):
        found = make_client().get(f"/api/statements/{self.october.pk}/").json()

        assert (found["seller"], found["buyer"], found["reference"]) == (
            "NL*CPO", "FR*MSP", "NLCPO-FRMSP-NL-EUR-2026-10",
        )  # fmt: skip
        assert (found["net"], found["vat"], found["gross"], found["due"]) == ("4.20", "0.88", "5.08", "5.08")
        assert found["vat_totals"] == [{"category": "S", "rate": "21", "net": "4.20", "vat": "0.88"}]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("", ["belgian", "correcting", "october"]),
            ("country=BE", ["belgian"]),
            ("is_correcting=true", ["correcting"]),
            ("last_day_before=2026-10-31", ["october"]),
            ("last_day_after=2026-11-01", ["belgian", "correcting"]),
            ("party=fr*msp", ["belgian", "correcting", "october"]),
            ("seller=fr*msp", []),
            ("kind=fee", []),
        ],
    )
    def test_are_found(self, query, names):
        page = make_client().get(f"/api/statements/?{query}").json()

        assert [found["id"] for found in page["results"]] == [getattr(self, name).pk for name in names]

    def test_show_their_lines(self):
        page = make_client().get(f"/api/statements/{self.correcting.pk}/lines/?cdr_id=k1").json()

        assert page["count"] == 1
        line = page["results"][0]
        assert (line["kind"], line["corrects"], line["net"]) == ("correction", self.october.reference, "-4.20")
        assert make_client(name="2").get(f"/api/statements/{self.correcting.pk}/lines/?kind=late").json()["count"] == 0

    def test_show_their_lines_as_csv(self):
        answer = make_client().get(f"/api/statements/{self.correcting.pk}/lines/?format=csv&kind=correction")

        heading, line = b"".join(answer).decode().splitlines()
        assert heading.startswith("position,kind,corrects,cdr_id,")
        assert line.startswith(f"1,correction,{self.october.reference},K1,")

    @pytest.mark.parametrize("wrong", ["kind=credit", "is_credit=maybe", "is_vat_plausible=2"])
    def test_do_not_pass_over_a_filter_of_their_lines(self, wrong):
        answer = make_client().get(f"/api/statements/{self.correcting.pk}/lines/?{wrong}")

        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == [wrong.partition("=")[0]]

    @pytest.mark.parametrize("form", ["csv", "json"])
    def test_are_handed_out_as_they_were_sealed(self, form):
        answer = make_client().get(f"/api/statements/{self.october.pk}/{form}/")

        assert hashlib.sha256(answer.content).hexdigest() == getattr(self.october, f"{form}_sha256")
        assert f'filename="{self.october.reference}.{form}"' in answer.headers["Content-Disposition"]

    def test_are_netted(self):
        store_ready("r1", owner="frmsp", token_owner="nlcpo", total_cost=Decimal("1.00"), total_cost_incl=None)
        close_month(IN_NOVEMBER, provider="frmsp", consumer="nlcpo")

        found = make_client().get("/api/nettings/?last_day_after=2026-11-01").json()

        assert [(one["debtor"], one["creditor"], one["amount"], one["currency"]) for one in found] == [
            ("NL*CPO", "FR*MSP", "1.00", "EUR")
        ]  # 5.08 of Belgium less 5.08 credited, against 1.00
        assert found[0]["references"] == [
            "FRMSP-NLCPO-NL-EUR-2026-11", "NLCPO-FRMSP-BE-EUR-2026-11", "NLCPO-FRMSP-NL-EUR-2026-11",
        ]  # fmt: skip

    @pytest.mark.parametrize("wrong", ["last_day_after=2026-13-01", "last_day_before=31.10.2026"])
    def test_are_not_netted_by_a_filter_that_cannot_be_read(self, wrong):
        answer = make_client().get(f"/api/nettings/?{wrong}")

        assert answer.status_code == 400
        assert "last_day" in answer.content.decode()

    @pytest.mark.parametrize(
        "path", ["statements/", "terms/", "companies/", "vat-rates/", "exchange-rates/", "nettings/"]
    )
    def test_need_their_own_scope(self, path):
        assert make_client("findings:read").get(f"/api/{path}").status_code == 403
        assert make_client("settlement:read", name="2").get(f"/api/{path}").status_code == 200


class TestForParties:
    """What a partner may reach is limited here, in the query: by its role, too."""

    @pytest.fixture(autouse=True)
    def _statements(self):
        make_domestic()
        store_ready("c1")
        close_month(fee_per_session=Decimal(1))
        store_ready("c2", owner="decpx", token_owner="itmsp")
        close_month(provider="decpx", consumer="itmsp", fee_per_session=Decimal(1))
        store_company("nlhub")
        close_fees(until=NOW, now=NOW)

    @pytest.mark.parametrize(
        ("owners", "token_owners", "references"),
        [
            (["nlcpo"], [], ["NLCPO-FRMSP-NL-EUR-2026-11"]),
            ([], ["frmsp"], ["NLCPO-FRMSP-NL-EUR-2026-11", "NLHUB-FRMSP-FEES-EUR-2026-11"]),
            ([], ["itmsp"], ["DECPX-ITMSP-NL-EUR-2026-11", "NLHUB-ITMSP-FEES-EUR-2026-11"]),
            (["frmsp"], ["nlcpo"], ["NLHUB-FRMSP-FEES-EUR-2026-11"]),
            (["nlcpx"], ["nlcpx"], []),
            ([], [], []),
        ],
    )
    def test_leaves_out_strangers(self, owners, token_owners, references):
        sides = Sides(owners=frozenset(owners), token_owners=frozenset(token_owners))

        found = Statement.objects.for_parties(sides).order_by("reference")

        assert [str(statement) for statement in found] == references

    def test_has_no_filters_for_lines_of_fees(self):
        fees, client = Statement.objects.get(reference="NLHUB-FRMSP-FEES-EUR-2026-11"), make_client()

        assert client.get(f"/api/statements/{fees.pk}/lines/?page_size=5").json()["count"] == 1
        assert client.get(f"/api/statements/{fees.pk}/lines/?cdr_id=C1").status_code == 400

    def test_leaves_out_drafts(self):
        draft = Statement.objects.get(reference="NLCPO-FRMSP-NL-EUR-2026-11")
        draft.pk, draft.reference, draft.state, draft.country = None, None, "draft", "XX"
        draft.save()

        assert Statement.objects.for_parties(Sides(owners=frozenset({"nlcpo"}))).count() == 1


class TestTerms:
    def test_are_entered_with_the_rest_by_default(self):
        made = make_client().post("/api/terms/", TERMS, format="json")

        assert made.status_code == 201, made.json()
        terms = Terms.objects.get()
        assert (terms.provider, terms.time_zone, terms.period, terms.payment_days) == (
            "nlcpo", "Europe/Paris", "calendar_month", 30,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"provider": "N"}, "provider"),
            ({"time_zone": "Europe/Utrecht"}, "time_zone"),
            ({"period": "daily"}, "period"),
            ({"fee_per_kwh": "-1"}, "fee_per_kwh"),
            ({"settlement_currency": "euro"}, "settlement_currency"),
            ({"fee_payer": "nobody"}, "fee_payer"),
            ({"consumer": "NL*CPO"}, ""),
            ({"valid_until": "2026-10-01T00:00:00Z"}, ""),
            ({"perod": "weekly"}, "perod"),
        ],
    )
    def test_are_refused_where_they_make_no_sense(self, change, field):
        answer = make_client().post("/api/terms/", TERMS | change, format="json")

        assert answer.status_code == 400
        assert field in answer.json()["fields"] or "non_field_errors" in answer.json()["fields"]

    def test_are_never_rewritten(self):
        terms = make_terms()
        terms.save()

        assert make_client().patch(f"/api/terms/{terms.pk}/", {"payment_days": 1}, format="json").status_code == 405


class TestCompanies:
    def test_entered_twice_at_the_same_moment_are_entered_once(self, monkeypatch):
        client = make_client()
        assert client.post("/api/companies/", COMPANY, format="json").status_code == 201
        monkeypatch.setattr(CompanySerializer, "validate_party", lambda self, key: key)  # as seen before the first

        with transaction.atomic():
            answer = client.post("/api/companies/", COMPANY, format="json")

        assert answer.status_code == 409
        assert answer.json()["detail"] == "The same was stored a moment ago."
        assert Company.objects.count() == 1

    def test_are_entered_and_changed(self):
        client = make_client()

        made = client.post("/api/companies/", COMPANY, format="json").json()
        client.patch(f"/api/companies/{made['id']}/", {"email": "books@example.com"}, format="json")

        company = Company.objects.get()
        assert (company.party, company.vat_number, company.email) == ("nlcpo", "NL004495445B01", "books@example.com")
        assert (company.iban, company.bic) == ("NL02ABNA0123456789", "ABNANL2A")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"vat_number": "NL123"}, "vat_number"),
            ({"country": "Nl"}, "country"),
            ({"country": "ZZ"}, "country"),
            ({"language": "xx"}, "language"),
            ({"iban": "NL00"}, "iban"),
            ({"bic": "x"}, "bic"),
        ],
    )
    def test_are_refused_where_they_make_no_sense(self, change, field):
        answer = make_client().post("/api/companies/", COMPANY | change, format="json")

        assert list(answer.json()["fields"]) == [field]

    def test_are_one_for_each_party(self):
        store_company("nlcpo")

        assert make_client().post("/api/companies/", COMPANY, format="json").status_code == 400


class TestRun:
    def test_closes_what_is_over(self):
        store_ready("c1", end_at=IN_OCTOBER)
        client = make_client()

        tried = client.post("/api/settlement/run/", {"dry_run": True, "until": "2026-11-02T00:00:00Z"}, format="json")
        done = client.post(
            "/api/settlement/run/",
            {"provider": "NL*CPO", "consumer": "FR*MSP", "until": "2026-11-02T00:00:00Z"},
            format="json",
        )

        assert [one["reference"] for one in tried.json()["statements"]] == ["NLCPO-FRMSP-NL-EUR-2026-10"]
        assert done.json()["failures"] == {}
        assert Statement.objects.get().state == "closed"

    def test_takes_a_pair_or_none(self):
        answer = make_client().post("/api/settlement/run/", {"provider": "NL*CPO"}, format="json")

        assert answer.status_code == 400
