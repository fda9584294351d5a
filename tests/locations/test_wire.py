from __future__ import annotations

import pytest

from locations.wire.v2_2_1 import EVSE, Connector, Hours, Location, PublishTokenType
from tests.documents import ABSENT, changed, connector_document, evse_document, location_document
from tests.ocpi.wire_cases import read, refused_field

HOURS = {"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}


class TestLocation:
    def test_is_read(self):
        location = read(location_document(), type=Location)

        assert [evse.uid for evse in location.evses] == ["EVSE1", "EVSE2"]

    @pytest.mark.parametrize(
        "field",
        [
            *("country_code", "party_id", "id", "publish", "address", "city", "country", "coordinates", "time_zone"),
            "last_updated",
        ],
    )
    def test_needs(self, field):
        assert refused_field(changed(location_document(), **{field: ABSENT}), type=Location) == field

    @pytest.mark.parametrize(
        ("field", "longest"),
        [("id", 36), ("name", 255), ("address", 255), ("city", 45), ("postal_code", 10), ("state", 45)],
    )
    def test_limits_lengths(self, field, longest):
        assert read(location_document(**{field: "x" * longest}), type=Location)
        assert refused_field(location_document(**{field: "x" * (longest + 1)}), type=Location) == field

    @pytest.mark.parametrize("latitude", [51.04, "51.04", "151.04759", "51.04759900", "51,04759", "51.04759\n"])
    def test_needs_coordinates_as_strings_of_5_to_7_decimals(self, latitude):
        document = location_document(coordinates={"latitude": latitude})

        assert refused_field(document, type=Location) == "coordinates.latitude"  # LOC-12

    @pytest.mark.parametrize("time_zone", ["Europe/Atlantis", "+01:00", ""])
    def test_needs_a_known_time_zone(self, time_zone):
        assert refused_field(location_document(time_zone=time_zone), type=Location) == "time_zone"  # LOC-12

    @pytest.mark.parametrize("country", ["NL", "nld", "NLDX", ""])
    def test_needs_an_alpha_3_country(self, country):
        assert refused_field(location_document(country=country), type=Location) == "country"

    def test_lists_tokens_only_where_it_is_not_published(self):
        tokens = [{"uid": "T1", "type": "RFID"}]

        assert read(location_document(publish=False, publish_allowed_to=tokens), type=Location)
        assert read(location_document(publish=True, publish_allowed_to=[]), type=Location)
        document = location_document(publish=True, publish_allowed_to=tokens)
        assert refused_field(document, type=Location) == "publish_allowed_to"  # LOC-10


class TestPublishTokenType:
    """LOC-10"""

    @pytest.mark.parametrize(
        ("document", "field"),
        [
            ({}, "uid"),
            ({"type": "RFID", "issuer": "x"}, "uid"),
            ({"uid": "T1"}, "type"),
            ({"visual_number": "V"}, "issuer"),
        ],
    )
    def test_refuses_what_matches_no_token(self, document, field):
        assert refused_field(document, type=PublishTokenType) == field

    def test_names_its_place_in_a_location(self):
        document = location_document(publish=False, publish_allowed_to=[{"group_id": "G"}, {"uid": "T1"}])

        assert refused_field(document, type=Location) == "publish_allowed_to[1].type"

    @pytest.mark.parametrize(
        "document", [{"uid": "T1", "type": "RFID"}, {"visual_number": "V", "issuer": "I"}, {"group_id": "G"}]
    )
    def test_takes_what_does(self, document):
        assert read(document, type=PublishTokenType)


class TestHours:
    """LOC-13"""

    @pytest.mark.parametrize(
        ("document", "field"),
        [
            ({}, "twentyfourseven"),
            ({"twentyfourseven": False}, "regular_hours"),
            ({"twentyfourseven": False, "regular_hours": []}, "regular_hours"),
            ({"twentyfourseven": False, "regular_hours": [HOURS | {"weekday": 8}]}, "regular_hours[0].weekday"),
            (
                {"twentyfourseven": False, "regular_hours": [HOURS | {"period_begin": "8:00"}]},
                "regular_hours[0].period_begin",
            ),
            (
                {"twentyfourseven": True, "exceptional_closings": [{"period_begin": "08:00"}]},
                "exceptional_closings[0].period_begin",
            ),
        ],
    )
    def test_refuses(self, document, field):
        assert refused_field(document, type=Hours) == field

    def test_takes_regular_hours_beside_exceptional_periods(self):
        period = {"period_begin": "2026-12-25T03:00:00", "period_end": "2026-12-25T05:00:00"}

        hours = read({"twentyfourseven": False, "regular_hours": [HOURS], "exceptional_closings": [period]}, type=Hours)

        assert hours.regular_hours[0].period_begin == "08:00"
        assert hours.exceptional_closings[0].period_begin.utcoffset() is not None


class TestEVSE:
    def test_needs_a_connector(self):
        assert refused_field(evse_document(connectors=[]), type=EVSE) == "connectors"
        assert refused_field(evse_document(connectors=ABSENT), type=EVSE) == "connectors"  # LOC-06

    def test_needs_no_evse_id(self):
        assert read(evse_document(evse_id=ABSENT, status="REMOVED"), type=EVSE).evse_id is None

    @pytest.mark.parametrize(("field", "longest"), [("uid", 36), ("evse_id", 48), ("floor_level", 4)])
    def test_limits_lengths(self, field, longest):
        assert read(evse_document(**{field: "x" * longest}), type=EVSE)
        assert refused_field(evse_document(**{field: "x" * (longest + 1)}), type=EVSE) == field


class TestConnector:
    @pytest.mark.parametrize("field", ["id", "standard", "format", "power_type", "max_voltage", "max_amperage"])
    def test_needs(self, field):
        assert refused_field(changed(connector_document(), **{field: ABSENT}), type=Connector) == field

    @pytest.mark.parametrize("value", ["230", 2**31, True])
    def test_needs_whole_numbers(self, value):
        assert refused_field(changed(connector_document(), max_voltage=value), type=Connector) == "max_voltage"
