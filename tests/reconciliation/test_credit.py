from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reconciliation.credit import check_credit
from tests.documents import ABSENT, cdr_document, credit_cdr_document

ORIGINAL = cdr_document()


def check(**changes: Any) -> list[str]:
    changes = {"id": "C1-CREDIT"} | changes
    return check_credit(ORIGINAL, credit_cdr_document(of=ORIGINAL, **changes))


class TestCheckCredit:
    def test_takes_a_mirror(self):
        assert check() == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"credit_reference_id": "c1"},
            {"start_date_time": "2026-11-20T10:00:00+01:00"},
            {"total_energy": Decimal("-12.345")},
            {"total_cost": {"excl_vat": Decimal("-4.2000")}},
            {"total_energy_cost": {"excl_vat": Decimal("-3.70"), "incl_vat": Decimal("-4.48")}},
        ],
    )
    def test_takes_what_means_the_same(self, changes):
        assert check(**changes) == []

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"credit": ABSENT}, "credit is not true"),
            ({"credit_reference_id": "C2"}, "credit_reference_id is 'C2'"),
            ({"id": "C1"}, "id is the same"),
            ({"currency": "SEK"}, "currency is SEK"),
            ({"session_id": "S2"}, "session_id"),
            ({"end_date_time": "2026-11-20T11:00:00Z"}, "end_date_time"),
            ({"total_energy": Decimal("12.3")}, "total_energy"),
            ({"cdr_token": {"uid": "T9"}}, "cdr_token.uid"),
            ({"total_cost": {"excl_vat": Decimal("-4.19")}}, "total_cost.excl_vat is -4.19"),
            ({"total_cost": {"excl_vat": Decimal("4.20")}}, "negative of 4.20"),
            ({"total_cost": {"incl_vat": ABSENT}}, "total_cost.incl_vat"),
            ({"total_cost": ABSENT}, "total_cost.excl_vat"),
            ({"total_cost": {"excl_vat": "much"}}, "cannot be read"),
        ],
    )
    def test_refuses(self, changes, says):
        assert says in "; ".join(check(**changes))
