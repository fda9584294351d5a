from __future__ import annotations

import pytest

from charging_sessions.wire.v2_2_1 import ChargingPreferences, Session
from ocpi import wire
from tests.documents import ABSENT, AT, changed, session_document
from tests.ocpi.wire_cases import read, refused_field


class TestSession:
    def test_is_read(self):
        session = read(session_document(), type=Session)

        assert (str(session.kwh), session.cdr_token.party_id) == ("12.345", "MSP")

    @pytest.mark.parametrize(
        "field",
        [
            *("country_code", "party_id", "id", "start_date_time", "kwh", "cdr_token", "auth_method", "location_id"),
            *("evse_uid", "connector_id", "currency", "status", "last_updated"),
        ],
    )
    def test_needs(self, field):
        assert refused_field(changed(session_document(), **{field: ABSENT}), type=Session) == field

    def test_of_a_reservation_may_know_no_evse(self):
        session = read(session_document(evse_uid="#NA", connector_id="#NA", status="RESERVATION"), type=Session)

        assert session.evse_uid == "#NA"  # TRANS-46

    def test_may_say_reserved(self):
        session = read(session_document(status="RESERVED"), type=Session)  # SESS-09

        assert session.status == "RESERVED"
        assert wire.unknown_values(session) == ["status"]

    def test_tells_no_price_from_free(self):
        assert read(session_document(total_cost=ABSENT), type=Session).total_cost is None  # SESS-15
        assert read(session_document(total_cost={"excl_vat": 0}), type=Session).total_cost.excl_vat == 0

    def test_has_the_dimensions_of_sessions(self):
        period = {"start_date_time": AT, "dimensions": [{"type": "STATE_OF_CHARGE", "volume": 80}]}

        session = read(session_document(charging_periods=[period]), type=Session)

        assert wire.unknown_values(session) == []  # CDR-12

    def test_needs_a_dimension_in_a_period(self):
        document = session_document(charging_periods=[{"start_date_time": AT, "dimensions": []}])

        assert refused_field(document, type=Session) == "charging_periods[0].dimensions"


class TestChargingPreferences:
    def test_need_a_profile(self):
        assert read({"profile_type": "FAST"}, type=ChargingPreferences).discharge_allowed is None
        assert refused_field({"energy_need": 20}, type=ChargingPreferences) == "profile_type"  # SESS-11
