"""What is read once for many CDRs, and what is not remembered as strangers choose how long it is."""

from __future__ import annotations

from tariffs.pricing import zones
from tariffs.pricing.tariff import compile_tariff
from tariffs.pricing.zones import find_zone
from tests.tariffs.pricing.cases import component, element, tariff

USUAL = tariff(element(component("ENERGY", "0.25")))


def long(number: int) -> dict[str, object]:
    return USUAL | {"id": f"T{number}", "tariff_alt_text": [{"language": "en", "text": "x" * 60_000}]}


class TestCompileTariff:
    def test_compiles_the_same_once(self):
        assert compile_tariff(USUAL, version="2.2.1") is compile_tariff(dict(USUAL), version="2.2.1")

    def test_remembers_few_that_are_long(self):
        first = compile_tariff(long(0), version="2.2.1")
        assert compile_tariff(long(0), version="2.2.1") is first

        for number in range(1, 6):
            compile_tariff(long(number), version="2.2.1")

        assert compile_tariff(long(0), version="2.2.1") is not first


def test_remembers_no_name_that_is_too_long_for_a_zone():
    before = zones._find.cache_info().currsize

    assert find_zone("Europe/" + "x" * 60_000) is None

    assert zones._find.cache_info().currsize == before
