from __future__ import annotations

from decimal import Decimal

import pytest

from cdrs.wire.v2_2_1 import CDR, flags
from ocpi.times import SENTINEL
from tests.documents import ABSENT, AT, cdr_document, changed, credit_cdr_document
from tests.ocpi.wire_cases import read, refused_field


class TestCDR:
    def test_is_read(self):
        cdr = read(cdr_document(), type=CDR)

        assert str(cdr.total_cost.excl_vat) == "4.20"
        assert flags(cdr) == []

    @pytest.mark.parametrize(
        "field",
        [
            *("country_code", "party_id", "id", "start_date_time", "end_date_time", "cdr_token", "auth_method"),
            *("cdr_location", "currency", "charging_periods", "total_cost", "total_energy", "total_time"),
            "last_updated",
        ],
    )
    def test_needs(self, field):
        assert refused_field(changed(cdr_document(), **{field: ABSENT}), type=CDR) == field

    @pytest.mark.parametrize("field", ["country_code", "party_id", "uid", "type", "contract_id"])
    def test_needs_the_whole_token(self, field):
        assert refused_field(cdr_document(cdr_token={field: ABSENT}), type=CDR) == f"cdr_token.{field}"  # CDR-11

    def test_needs_a_charging_period(self):
        assert refused_field(cdr_document(charging_periods=[]), type=CDR) == "charging_periods"  # TRANS-42, CDR-12

    @pytest.mark.parametrize("number", ["4.20", True])
    def test_needs_amounts_that_are_numbers(self, number):
        document = cdr_document(total_cost={"excl_vat": number})

        assert refused_field(document, type=CDR) == "total_cost.excl_vat"  # TRANS-45

    def test_needs_no_session(self):
        assert read(cdr_document(session_id=ABSENT), type=CDR).session_id is None  # CDR-14

    def test_keeps_long_signed_values(self):
        value = {"nature": "Start", "plain_data": "x" * 5000, "signed_data": "Y" * 5000}
        document = cdr_document(signed_data={"encoding_method": "OCMF", "signed_values": [value]})

        assert read(document, type=CDR).signed_data.signed_values[0].plain_data == "x" * 5000  # CDR-15

    def test_keeps_a_newer_token_type(self):
        assert read(cdr_document(cdr_token={"type": "EMAID"}), type=CDR).cdr_token.type == "EMAID"  # AMB-14


class TestCredit:
    def test_is_read(self):
        assert read(credit_cdr_document(of=cdr_document(), id="x" * 39), type=CDR).credit is True

    def test_needs_a_reference(self):
        document = cdr_document(credit=True)

        assert refused_field(document, type=CDR) == "credit_reference_id"  # CDR-06

    def test_alone_may_have_an_id_of_more_than_36(self):
        assert read(cdr_document(id="x" * 36), type=CDR)
        assert refused_field(cdr_document(id="x" * 37), type=CDR) == "id"  # CDR-08
        assert refused_field(cdr_document(id="x" * 37, credit=False), type=CDR) == "id"
        assert refused_field(credit_cdr_document(of=cdr_document(), id="x" * 40), type=CDR) == "id"


class TestFlags:
    def test_name_dimensions_of_sessions(self):
        period = {"start_date_time": AT, "dimensions": [{"type": "POWER", "volume": 11}]}

        cdr = read(cdr_document(charging_periods=[period]), type=CDR)

        assert flags(cdr) == ["charging_periods[0].dimensions[0].type: POWER is for sessions only"]  # CDR-12

    def test_name_a_negative_total_without_credit(self):
        cdr = read(cdr_document(total_cost={"excl_vat": Decimal("-1.0")}), type=CDR)

        assert [flag.split(":")[0] for flag in flags(cdr)] == ["total_cost"]  # CDR-07

    @pytest.mark.parametrize("text", ["1970-1-1T00:00:00Z", "1970-01-01T00:00:00Z"])
    def test_name_unknown_times_in_both_spellings(self, text):
        cdr = read(cdr_document(start_date_time=text), type=CDR)

        assert cdr.start_date_time == SENTINEL
        assert [flag.split(":")[0] for flag in flags(cdr)] == ["start_date_time"]  # CDR-16, AMB-56

    def test_name_lengths_that_only_locations_have(self):
        cdr = read(cdr_document(cdr_location={"address": "x" * 60, "state": "y" * 45}), type=CDR)

        assert [flag.split(":")[0] for flag in flags(cdr)] == ["cdr_location.address", "cdr_location.state"]  # CDR-17

    def test_are_none_for_the_connector_of_a_reservation(self):
        location = {"evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA", "connector_standard": "ANY"}

        assert flags(read(cdr_document(cdr_location=location), type=CDR)) == []  # CDR-16
