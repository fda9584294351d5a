"""What a CDR should cost, over the management API."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cdrs.models import Cdr
from reconciliation.models import Finding, Rating
from tests.documents import cdr_document
from tests.management.cast import make_client
from tests.reconciliation.stored import store_cdr, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def cdr() -> Cdr:
    wrong = cdr_document(total_cost={"excl_vat": Decimal("9.20"), "incl_vat": Decimal("11.13")})
    return store_cdr(document=text(wrong))


class TestPrice:
    @pytest.mark.parametrize("path", ["NL*CPO/C1", "nlcpo/c1"])
    def test_is_explained_line_by_line(self, cdr, path):
        answer = make_client().get(f"/api/cdrs/{path}/price/").json()

        assert (answer["owner"], answer["token_owner"], answer["cdr_id"]) == ("NL*CPO", "FR*MSP", "C1")
        assert answer["verdict"] == "mismatch"
        assert answer["claimed"]["total_cost"] == {"excl_vat": "9.2000", "incl_vat": "11.1300"}
        assert answer["computed"]["total_cost"] == {"excl_vat": "4.2035", "incl_vat": "5.0862"}
        assert answer["differences"]["total_cost"]["excl_vat"] == "4.9965"
        lines = [(line["dimension"], line["amount"]["excl_vat"]) for line in answer["periods"][0]["lines"]]
        assert lines == [("ENERGY", "3.7035"), ("FLAT", "0.5000")]
        assert {"id": "total_cost_mismatch", "severity": "hold", "path": "/total_cost"}.items() <= next(
            one for one in answer["findings"] if one["id"] == "total_cost_mismatch"
        ).items()

    def test_stores_nothing(self, cdr):
        make_client().get("/api/cdrs/NL*CPO/C1/price/")

        assert not Finding.objects.exists()
        assert not Rating.objects.exists()

    @pytest.mark.parametrize(("path", "status"), [("NL*CPO/C9", 404), ("DE*CPX/C1", 404), ("nonsense/C1", 400)])
    def test_is_of_a_cdr_that_the_hub_has(self, cdr, path, status):
        assert make_client().get(f"/api/cdrs/{path}/price/").status_code == status

    def test_of_one_that_cannot_be_priced_says_why(self):
        store_cdr(document="{}")

        answer = make_client().get("/api/cdrs/NL*CPO/C1/price/").json()

        assert answer["verdict"] == "reject"
        assert answer["periods"] == []
        assert answer["findings"]
