from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pytest

from tariffs import lint as linting
from tariffs.lint import lint
from tariffs.pricing import Severity
from tests.documents import ABSENT, changed
from tests.tariffs.pricing.cases import component, element, limit, tariff

ENERGY = component("ENERGY", "0.30", vat="21")
TIME = component("TIME", "1", vat="21")
_BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "ocpi-examples"
EXAMPLES = Path(os.environ.get("OCPI_EXAMPLES", _BESIDE_THE_CHECKOUT))


def found(document) -> dict[str, str]:
    return {finding.id: finding.path for finding in lint(document)}


@pytest.mark.parametrize(
    ("document", "id", "path"),
    [
        (tariff(), "elements_empty", "/elements"),
        (tariff(element()), "price_components_empty", "/elements/0/price_components"),
        (tariff(element(ENERGY) | {"restrictions": {}}), "restrictions_empty", "/elements/0/restrictions"),
        (tariff(element(ENERGY, min_kwh=5, max_kwh=5)), "restriction_never_valid", "/elements/0/restrictions/max_kwh"),
        (tariff(element(ENERGY, max_duration=0)), "restriction_never_valid", "/elements/0/restrictions/max_duration"),
        (
            tariff(element(ENERGY, start_date="2026-01-02", end_date="2026-01-02")),
            "restriction_never_valid",
            "/elements/0/restrictions/end_date",
        ),
        (
            tariff(element(ENERGY, start_time="10:00", end_time="10:00")),
            "start_time_equals_end_time",
            "/elements/0/restrictions",
        ),
        (tariff(element(ENERGY, start_time="00:00", end_time="00:00")), "whole_day_window", "/elements/0/restrictions"),
        (tariff(element(ENERGY, end_time="23:59")), "end_time_2359", "/elements/0/restrictions/end_time"),
        (
            tariff(element(ENERGY, day_of_week=["MONDAY", "MONDAY"])),
            "day_of_week_duplicate",
            "/elements/0/restrictions/day_of_week",
        ),
        (
            tariff(element(ENERGY, day_of_week=["TUESDAY", "MONDAY"])),
            "day_of_week_unsorted",
            "/elements/0/restrictions/day_of_week",
        ),
        (
            tariff(
                element(
                    ENERGY,
                    day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
                )
            ),
            "day_of_week_whole_week",
            "/elements/0/restrictions/day_of_week",
        ),
        (tariff(element(ENERGY, day_of_week=[])), "day_of_week_empty", "/elements/0/restrictions/day_of_week"),
        (tariff(element(ENERGY), element(ENERGY, max_kwh=5)), "unreachable_element", "/elements/1"),
        (tariff(element(ENERGY, max_kwh=9), element(ENERGY, max_kwh=5)), "unreachable_element", "/elements/1"),
        (
            tariff(element(ENERGY), element(ENERGY, TIME, max_kwh=5)),
            "unreachable_component",
            "/elements/1/price_components/0",
        ),
        (tariff(element(ENERGY, max_kwh=5)), "dimension_not_exhaustive", "/elements"),
        (tariff(element(ENERGY, ENERGY)), "duplicate_dimension", "/elements/0/price_components/1/type"),
        (tariff(element(ENERGY | {"step_size": 0})), "step_size_zero", "/elements/0/price_components/0/step_size"),
        (tariff(element(ENERGY | {"step_size": -1})), "step_size_negative", "/elements/0/price_components/0/step_size"),
        (
            tariff(element(TIME | {"step_size": 60}, component("PARKING_TIME", "1"))),
            "time_step_size_overruled_by_parking",
            "/elements",
        ),
        (
            tariff(element(ENERGY, reservation="RESERVATION"), element(ENERGY)),
            "reservation_dimension",
            "/elements/0/price_components/0/type",
        ),
        (tariff(element(component("FLAT", "1"))), "nothing_priced_by_use", "/elements"),
        (
            tariff(element(component("ENERGY", "1", vat="0.21"))),
            "vat_implausible",
            "/elements/0/price_components/0/vat",
        ),
        (tariff(element(component("ENERGY", "1", vat="-1"))), "vat_implausible", "/elements/0/price_components/0/vat"),
        (tariff(element(component("ENERGY", "-1"))), "negative_price", "/elements/0/price_components/0/price"),
        (
            tariff(element(ENERGY), min_price=limit("2"), max_price=limit("1")),
            "min_price_above_max_price",
            "/min_price/excl_vat",
        ),
        (tariff(element(ENERGY), max_price=limit("2", "1")), "price_limit_incl_below_excl", "/max_price/incl_vat"),
        (
            tariff(element(ENERGY), start_date_time="2026-01-01T00:00:00Z", end_date_time="2026-01-01T00:00:00Z"),
            "tariff_never_active",
            "/end_date_time",
        ),
        (tariff(element(ENERGY, start_date="2026-01-02")), "uses_date_restrictions", "/elements/0/restrictions"),
        (tariff(element(component("ENERGY", "1")), tax_included="YES"), "tax_included_without_rate", "/tax_included"),
        (tariff(element(ENERGY), tax_included="N/A"), "tax_rate_without_tax", "/tax_included"),
        (changed(tariff(element(ENERGY)), last_updated=ABSENT), "required_field_missing", "/last_updated"),
        (tariff(element(ENERGY, start_time="late")), "unreadable", "/elements/0/restrictions/start_time"),
    ],
)
def test_finds(document, id, path):
    assert found(document).get(id) == path


@pytest.mark.parametrize(
    "document",
    [
        tariff(element(ENERGY)),
        tariff(element(component("FLAT", "0", step=0))),
        tariff(element(ENERGY, start_time="22:00", end_time="06:00", day_of_week=["MONDAY"]), element(ENERGY)),
        tariff(element(TIME, reservation="RESERVATION"), element(ENERGY)),
        tariff(
            element(TIME, reservation="RESERVATION_EXPIRES"), element(TIME, reservation="RESERVATION"), element(TIME)
        ),
        tariff(element(component("ENERGY", "0.3", vat="0"))),
        tariff(element(ENERGY, max_kwh=5), element(ENERGY, max_kwh=9), element(ENERGY)),
    ],
)
def test_finds_nothing_in_a_good_one(document):
    assert found(document) == {}


class TestLongTariff:
    """Others wait while it is looked at."""

    def test_each_value_is_read_once_however_many_elements_there_are(self, monkeypatch: pytest.MonkeyPatch):
        read = Mock(wraps=linting.read_number)
        monkeypatch.setattr(linting, "read_number", read)
        few, many = (tariff(*(element(ENERGY, min_kwh=count - n) for n in range(count))) for count in (50, 100))

        lint(few)
        of_few = read.call_count
        lint(many)

        assert read.call_count - of_few <= 2 * of_few

    def test_what_comes_behind_more_than_tariffs_have_is_not_compared(self, monkeypatch: pytest.MonkeyPatch):
        compare = Mock(wraps=linting._implies)
        monkeypatch.setattr(linting, "_implies", compare)
        day = [element(ENERGY, start_time=f"{n // 4:02}:{n % 4 * 15:02}") for n in range(96)]

        assert found(tariff(*day, day[0]))["unreachable_element"] == "/elements/96"

        compare.reset_mock()
        assert "unreachable_element" not in found(tariff(*day * 3))
        assert not compare.called

    def test_components_are_compared_by_dimension(self, monkeypatch: pytest.MonkeyPatch):
        compare = Mock(wraps=linting._implies)
        monkeypatch.setattr(linting, "_implies", compare)
        many = [ENERGY] * 50

        assert found(tariff(element(*many), element(*many)))["unreachable_element"] == "/elements/1"
        assert compare.call_count == 1


def test_what_a_vendors_own_restriction_means_nobody_knows():
    odd = element(ENERGY) | {"restrictions": {"min_mood": {"good": 1}}}

    assert "unreachable_element" not in found(tariff(odd, odd))
    assert "unreachable_element" in found(tariff(element(ENERGY), odd))


@pytest.mark.parametrize("document", [None, [], {}, {"elements": 7}, {"elements": [None]}, {"elements": [{}]}])
def test_bears_anything(document):
    assert lint(document)


def test_lets_the_hub_say_how_severe_something_is():
    document = tariff(element(component("ENERGY", "-1")))

    (finding,) = lint(document, severities={"negative_price": Severity.REJECT})

    assert finding.severity == "reject"


@pytest.mark.parametrize(
    ("version", "path"),
    [(version, path) for version in ("2.2.1", "2.3.0") for path in sorted((EXAMPLES / version).glob("tariff*.json"))]
    or [pytest.param("", None, marks=pytest.mark.skip(reason="the specification's examples are not here"))],
    ids=lambda value: getattr(value, "stem", value),
)
def test_finds_no_error_in_the_specifications_examples(version, path):
    document = json.loads(path.read_text(), parse_float=Decimal)

    errors = [one for one in lint(document, version=version) if one.severity in {"hold", "reject"}]

    assert errors == []
