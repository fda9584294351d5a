from __future__ import annotations

from decimal import Decimal

import pytest

from tariffs.wire.v2_2_1 import Tariff, TariffRestrictions
from tests.documents import ABSENT, changed, tariff_document
from tests.ocpi.wire_cases import read, refused_field

FREE = {"type": "FLAT", "price": Decimal("0.00"), "step_size": 0}


class TestTariff:
    def test_is_read_to_the_last_digit(self):
        component = read(tariff_document(), type=Tariff).elements[0].price_components[1]

        assert (str(component.price), str(component.vat)) == ("0.30", "21.0")

    @pytest.mark.parametrize("field", ["country_code", "party_id", "id", "currency", "elements", "last_updated"])
    def test_needs(self, field):
        assert refused_field(changed(tariff_document(), **{field: ABSENT}), type=Tariff) == field

    def test_needs_an_element_and_a_component(self):
        assert refused_field(tariff_document(elements=[]), type=Tariff) == "elements"
        document = tariff_document(elements=[{"price_components": []}])
        assert refused_field(document, type=Tariff) == "elements[0].price_components"

    @pytest.mark.parametrize("currency", ["euro", "eur", "E", ""])
    def test_needs_a_currency_code(self, currency):
        assert refused_field(tariff_document(currency=currency), type=Tariff) == "currency"

    def test_tells_no_vat_from_zero(self):
        elements = [{"price_components": [FREE, FREE | {"vat": 0}]}]

        first, second = read(tariff_document(elements=elements), type=Tariff).elements[0].price_components

        assert (first.vat, second.vat) == (None, 0)  # TAR-08

    @pytest.mark.parametrize("step_size", [1.5, -1, "1", None])
    def test_needs_a_whole_step(self, step_size):
        document = tariff_document(elements=[{"price_components": [FREE | {"step_size": step_size}]}])

        assert refused_field(document, type=Tariff) == "elements[0].price_components[0].step_size"  # TAR-09


class TestTariffRestrictions:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("start_time", "24:00"), ("start_time", "9:00"), ("end_time", "12:60"), ("start_date", "2026-13-01")),
            *(("end_date", "01-12-2026"), ("max_duration", 1.5), ("min_kwh", "20")),
        ],
    )
    def test_refuses(self, field, value):
        assert refused_field({field: value}, type=TariffRestrictions) == field

    def test_keeps_an_unknown_day(self):
        assert read({"day_of_week": ["HOLIDAY"]}, type=TariffRestrictions).day_of_week == ["HOLIDAY"]
