"""What partners see of settlement: their own, and never a stranger's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.management.cast import make_partner_client, make_platform
from tests.settlement.settled import close_month, make_domestic, store_ready

pytestmark = pytest.mark.django_db
PAGES = ["", "lines/", "csv/", "json/"]


@pytest.fixture(autouse=True)
def statement():
    make_domestic()
    store_ready("c1")
    (made,) = close_month(fee_per_session=Decimal(1))
    return made


@pytest.mark.parametrize(("party", "role"), [("NL*CPO", "CPO"), ("FR*MSP", "EMSP")])
class TestBothSides:
    def test_see_the_statement_between_them(self, party, role, statement):
        client = make_partner_client(make_platform(party=party, role=role))

        found = client.get("/api/partner/statements/").json()["results"]

        assert [one["reference"] for one in found] == [statement.reference]
        assert [client.get(f"/api/partner/statements/{statement.pk}/{page}").status_code for page in PAGES] == [200] * 4

    def test_see_what_is_left_when_it_is_set_off(self, party, role, statement):
        client = make_partner_client(make_platform(party=party, role=role))

        (netting,) = client.get("/api/partner/nettings/").json()

        assert (netting["debtor"], netting["creditor"], netting["amount"]) == ("FR*MSP", "NL*CPO", "5.08")


@pytest.mark.parametrize(("party", "role"), [("DE*CPX", "CPO"), ("IT*MSP", "EMSP"), ("NL*CPO", "EMSP")])
class TestStrangers:
    def test_see_none(self, party, role, statement):
        client = make_partner_client(make_platform(party=party, role=role))

        assert client.get("/api/partner/statements/").json()["results"] == []
        assert client.get("/api/partner/nettings/").json() == []

    @pytest.mark.parametrize("page", PAGES)
    def test_find_nothing_under_its_number(self, party, role, page, statement):
        client = make_partner_client(make_platform(party=party, role=role))

        assert client.get(f"/api/partner/statements/{statement.pk}/{page}").status_code == 404
