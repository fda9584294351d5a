from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cdrs.control import Bounds, Thresholds, control
from tariffs.pricing import Policy, Severity
from tests.documents import ABSENT, cdr_document, changed, credit_cdr_document

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOD = cdr_document(
    total_cost={"excl_vat": Decimal("4.2035"), "incl_vat": Decimal("5.0862")},
    total_energy_cost={"excl_vat": Decimal("3.7035"), "incl_vat": Decimal("4.4812")},
)


def checked(document: Any, **facts: Any):
    return control(document, now=facts.pop("now", NOW), time_zone="Europe/Amsterdam", **facts)


def found(document: Any, **facts: Any) -> dict[str, str]:
    return {finding.id: finding.path for finding in checked(document, **facts).findings}


def with_dimension(**dimension: Any):
    periods = [dict(period) for period in GOOD["charging_periods"]]
    periods[0]["dimensions"] = [*periods[0]["dimensions"], dimension]
    return changed(GOOD, charging_periods=periods)


def test_finds_nothing_in_a_good_one():
    result = checked(GOOD)

    assert result.verdict == "match"
    assert {finding.severity for finding in result.findings} == {"pass"}  # rounded cents, and time that is free


def test_accepts_the_credit_of_a_good_one():
    credit = credit_cdr_document(of=GOOD, id=GOOD["id"].ljust(36, "0") + "-C1")

    assert checked(credit).verdict == "match"


@pytest.mark.parametrize(
    ("changes", "id", "path", "severity"),
    [
        ({"cdr_token": {"uid": ABSENT}}, "required_field_missing", "/cdr_token/uid", "reject"),
        ({"auth_method": None}, "required_field_missing", "/auth_method", "reject"),
        ({"colour": "red"}, "unknown_field", "/colour", "pass"),
        ({"remark": None}, "needless_null", "/remark", "pass"),
        ({"total_energy": "12.345"}, "field_type", "/total_energy", "flag"),
        ({"cdr_location": "LOC1"}, "field_format", "/cdr_location", "reject"),
        ({"credit": "no"}, "field_format", "/credit", "reject"),
        ({"cdr_location": {"country": "Holland"}}, "field_format", "/cdr_location/country", "reject"),
        ({"id": "C" * 37}, "field_length", "/id", "flag"),
        ({"session_id": "S" * 37}, "field_length", "/session_id", "flag"),
        ({"auth_method": "HANDSHAKE"}, "unknown_enum_value", "/auth_method", "flag"),
        ({"total_cost": {"excl_vat": Decimal("4.20351")}}, "number_precision", "/total_cost/excl_vat", "flag"),
        ({"total_energy": Decimal("1E+20")}, "number_out_of_range", "/total_energy", "reject"),
        ({"last_updated": "2026-11-20T11:00:00+01:00"}, "datetime_not_utc", "/last_updated", "flag"),
        ({"last_updated": "2026-11-20T10:00:00"}, "datetime_without_zone", "/last_updated", "pass"),
        ({"last_updated": "today"}, "field_format", "/last_updated", "reject"),
        ({"country_code": "NLD"}, "country_code_not_alpha2", "/country_code", "flag"),
        ({"cdr_token": {"country_code": "fr"}}, "country_code_case", "/cdr_token/country_code", "pass"),
        ({"currency": "eur"}, "currency_case", "/currency", "flag"),
        ({"currency": "EUX"}, "currency_unknown", "/currency", "flag"),
        ({"start_date_time": "2026-11-20T12:05:01Z"}, "timestamp_in_future", "/start_date_time", "flag"),
        ({"last_updated": "2026-11-20T09:59:59Z"}, "last_updated_before_end", "/last_updated", "pass"),
        ({"session_id": ABSENT}, "session_id_missing", "/session_id", "pass"),
        ({"total_energy": 0}, "zero_energy_with_cost", "/total_cost", "flag"),
        ({"charging_periods": []}, "no_charging_periods", "/charging_periods", "reject"),
        ({"total_cost": {"excl_vat": Decimal(9)}}, "total_cost_mismatch", "/total_cost", "hold"),
    ],
)
def test_finds(changes, id, path, severity):
    findings = {(one.id, one.path, one.severity) for one in checked(changed(GOOD, **changes)).findings}

    assert (id, path, severity) in findings


def test_names_each_thing_once():
    result = checked(with_dimension(type="HEAT", volume="1"))

    places = [(one.id, one.path) for one in result.findings]
    assert len(places) == len(set(places))
    assert ("unknown_enum_value", "/charging_periods/0/dimensions/2/type") in places


@pytest.mark.parametrize(
    ("bounds", "id"),
    [
        (Bounds(min_duration=timedelta(hours=2)), "session_duration_out_of_bounds"),
        (Bounds(max_duration=timedelta(minutes=59)), "session_duration_out_of_bounds"),
        (Bounds(min_energy=Decimal(13)), "energy_out_of_bounds"),
        (Bounds(max_energy=Decimal(12)), "energy_out_of_bounds"),
        (Bounds(max_cost=Decimal(4)), "cost_out_of_bounds"),
        (Bounds(late=timedelta(hours=1)), "cdr_late"),
    ],
)
def test_looks_at_the_bounds_that_are_set(bounds, id):
    assert id in found(GOOD, thresholds=Thresholds(bounds=bounds))
    assert id not in found(GOOD)


def test_doubts_more_energy_than_the_connector_gives():
    assert "energy_implausible" in found(GOOD, max_power=Decimal(11))
    assert "energy_implausible" not in found(GOOD, max_power=Decimal(22))


def test_doubts_any_energy_that_took_no_time():
    document = changed(GOOD, end_date_time=GOOD["start_date_time"])

    assert "energy_implausible" in found(document, max_power=Decimal(350))
    assert "energy_implausible" not in found(changed(document, total_energy=0), max_power=Decimal(350))


def test_knows_that_an_expired_reservation_has_no_session():
    periods = [
        {
            "start_date_time": "2026-11-20T09:00:00Z",
            "dimensions": [{"type": "RESERVATION_TIME", "volume": Decimal(1)}],
            "tariff_id": "T1",
        }
    ]

    document = changed(GOOD, charging_periods=periods, session_id=ABSENT, total_energy=0)

    assert not {"session_id_missing", "zero_energy_with_cost"} & found(document).keys()


def test_lets_an_agreement_say_how_severe_something_is():
    policy = Policy(severities={"unknown_field": Severity.REJECT, "total_cost_mismatch": Severity.PASS})
    dear = changed(GOOD, total_cost={"excl_vat": Decimal(9), "incl_vat": Decimal("10.89")})

    assert checked(changed(GOOD, colour="red"), thresholds=Thresholds(policy=policy)).verdict == "reject"
    assert checked(dear, thresholds=Thresholds(policy=policy)).verdict == "match_with_warning"  # parts do not sum


@pytest.mark.parametrize("document", [None, [], {}, {"charging_periods": [{"dimensions": 7}]}, {"cdr_token": 5}])
def test_bears_anything(document):
    assert checked(document).verdict == "reject"


def test_prices_other_versions_without_their_tables():
    of = {
        "id": "T1",
        "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}]}],
    }
    document = {
        "id": "C1",
        "start_date_time": "2026-11-20T09:00:00Z",
        "stop_date_time": "2026-11-20T10:00:00Z",
        "currency": "EUR",
        "charging_periods": [
            {"start_date_time": "2026-11-20T09:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 2}]}
        ],
        "total_cost": 2,
        "total_energy": 2,
        "total_time": 1,
        "last_updated": "2026-11-20T10:00:00Z",
    }

    assert checked(document, tariffs=[of], version="2.1.1").verdict == "match"


def test_finds_a_field_under_a_wrong_name_missing():
    token = {name.replace("contract_id", "contractid"): value for name, value in GOOD["cdr_token"].items()}

    paths = {(one.id, one.path) for one in checked(GOOD | {"cdr_token": token}).findings}

    assert {("unknown_field", "/cdr_token/contractid"), ("required_field_missing", "/cdr_token/contract_id")} <= paths


def test_names_the_place_of_each_of_two_equal_tariffs():
    odd = GOOD["tariffs"][0] | {"colour": "red"}

    paths = [one.path for one in checked(GOOD | {"tariffs": [odd, odd]}).findings if one.id == "unknown_field"]

    assert paths == ["/tariffs/0/colour", "/tariffs/1/colour"]
