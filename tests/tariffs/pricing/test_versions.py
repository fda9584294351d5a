"""What OCPI 2.1.1 and 2.3.0 say in another way: VAT, taxes, one number for a price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tariffs.pricing import price
from tests.tariffs.pricing.cases import (
    cdr,
    component,
    element,
    ids,
    money,
    period,
    priced,
    tariff,
    total,
)


class TestVersions:
    def test_2_1_1_has_no_vat_and_one_number(self):
        of = tariff(element(component("ENERGY", "0.30", step=1), component("TIME", "2")))
        document = cdr(period(tariff_id=None, energy=10, time=1), total_cost=Decimal("5.00"))
        document["stop_date_time"] = document.pop("end_date_time")

        result = priced(document, of, version="2.1.1")

        assert (total(result), result.verdict) == (money("5", None), "match")

    @pytest.mark.parametrize(
        ("included", "vat", "expected"),
        [
            ("NO", None, ("5.00", None)),
            ("YES", None, (None, "5.00")),
            ("NO", "10", ("5.00", "5.50")),
            ("YES", "25", ("4.00", "5.00")),
            ("N/A", "10", ("5.00", "5.00")),
        ],
    )
    def test_2_3_0_says_whether_prices_hold_taxes(self, included, vat, expected):
        of = tariff(element(component("TIME", "2", vat=vat)), tax_included=included)
        document = cdr(period(time="2.5"), lasts=150, total_cost={"before_taxes": Decimal(5), "taxes": []})

        assert total(priced(document, of, version="2.3.0")) == money(*expected)

    def test_2_3_0_claims_taxes_line_by_line(self):
        of = tariff(element(component("TIME", "2", vat="15")), tax_included="NO")
        taxes = [{"name": "GST", "amount": Decimal("0.25")}, {"name": "QST", "amount": Decimal("0.50")}]
        document = cdr(period(time="2.5"), lasts=150, total_cost={"before_taxes": Decimal(5), "taxes": taxes})

        assert priced(document, of, version="2.3.0").verdict == "match"

    @pytest.mark.parametrize(("percentage", "is_right"), [("5", True), ("5.1", True), ("15", False)])
    def test_2_3_0_checks_the_rates_of_taxes(self, percentage, is_right):
        of = tariff(element(component("TIME", "2", vat="5")), tax_included="NO")
        taxes = [{"name": "GST", "percentage": Decimal(percentage), "amount": Decimal("0.25")}]
        document = cdr(period(time="2.5"), lasts=150, total_cost={"before_taxes": Decimal(5), "taxes": taxes})

        result = priced(document, of, version="2.3.0")

        assert ("tax_percentage_inconsistent" in ids(result)) is not is_right

    @pytest.mark.parametrize("version", ["2.0", "3.0", ""])
    def test_others_are_refused(self, version):
        with pytest.raises(ValueError, match="no prices for OCPI"):
            price({}, [], version=version, time_zone=None)
