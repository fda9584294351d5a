from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from charging_sessions.wire.v2_2_1 import Session
from locations.wire.v2_2_1 import Location
from ocpi import wire
from ocpi.errors import InvalidParameter, NotJson
from ocpi.shared.v2_2_1 import CdrDimension, ChargingPeriod, DisplayText, Price
from tests.documents import ABSENT, as_json, connector_document, evse_document, location_document, session_document
from tests.ocpi.wire_cases import read, refused_field


class TestRefusals:
    def test_name_a_missing_field(self):
        assert refused_field(location_document(coordinates=ABSENT), type=Location) == "coordinates"

    def test_name_the_path_of_a_missing_nested_field(self):
        document = location_document(evses=[evse_document(connectors=[connector_document(power_type=ABSENT)])])

        assert refused_field(document, type=Location) == "evses[0].connectors[0].power_type"

    def test_name_the_path_of_a_wrong_value(self):
        document = location_document(evses=[evse_document(), evse_document(uid="x" * 37)])

        assert refused_field(document, type=Location) == "evses[1].uid"

    def test_are_told_to_the_caller_as_2001(self):
        with pytest.raises(InvalidParameter) as caught:
            wire.decode(b"{}", type=Price)

        assert (caught.value.status_code, caught.value.http_status) == (2001, 200)
        assert caught.value.message == "excl_vat: is required"

    def test_of_something_that_is_no_object_have_no_field(self):
        with pytest.raises(wire.WireError) as caught:
            wire.decode(b"[]", type=Price)

        assert caught.value.field == ""

    @pytest.mark.parametrize(
        "raw",
        [b"", b"{", b"nonsense", b'{"excl_vat":NaN}', b'{"excl_vat":1,"more":"\xff"}', b'{"more":' + b"[" * 100_000],
    )
    def test_of_what_is_not_json_are_http_400(self, raw):
        with pytest.raises(NotJson):
            wire.decode(raw, type=Price)
        with pytest.raises(NotJson):
            wire.problems(raw, type=Price)

    def test_of_the_slow_pass_name_everything(self):
        document = location_document(
            id="\n",
            coordinates=ABSENT,
            opening_times={"twentyfourseven": False},
            evses=[evse_document(connectors=[]), evse_document(status=ABSENT)],
        )

        fields = [problem.field for problem in wire.problems(as_json(document), type=Location)]

        assert fields == [
            "id",
            "coordinates",
            "evses[0].connectors",
            "evses[1].status",
            "opening_times.regular_hours",
        ]

    def test_of_the_slow_pass_are_none_for_a_good_object(self):
        assert wire.problems(as_json(location_document()), type=Location) == []


class TestAbsence:
    """TRANS-42"""

    def test_null_is_absent(self):
        assert read({"excl_vat": 1, "incl_vat": None}, type=Price).incl_vat is None

    @pytest.mark.parametrize("images", [None, [], ABSENT])
    def test_an_optional_list_may_be_null_empty_or_absent(self, images):
        assert not read(location_document(images=images), type=Location).images

    def test_null_is_not_enough_for_a_required_field(self):
        assert refused_field(location_document(city=None), type=Location) == "city"

    def test_unknown_fields_are_let_pass(self):
        assert read({"excl_vat": 1, "foo": {"bar": [1]}}, type=Price).excl_vat == 1  # TRANS-43


class TestNumbers:
    """TRANS-45"""

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("4.0001", "4.0001"),
            ("0.10", "0.10"),
            ("7", "7"),
            ("-3.25", "-3.25"),
            ("1e2", "1E+2"),
            ("0.123456789012", "0.123456789012"),
        ],
    )
    def test_keep_their_digits(self, text, number):
        price = wire.decode(b'{"excl_vat":' + text.encode() + b"}", type=Price)

        assert type(price.excl_vat) is Decimal
        assert str(price.excl_vat) == number

    @pytest.mark.parametrize(
        "text", ['"4.00"', '"NaN"', '"Infinity"', "true", "null", "[1]", "1e13", "1e999", "1e-999999", "9" * 5000]
    )
    def test_refuse_what_is_no_number_or_no_amount(self, text):
        with pytest.raises(wire.WireError) as caught:
            wire.decode(b'{"excl_vat":' + text.encode() + b"}", type=Price)

        assert caught.value.field == "excl_vat"


class TestTexts:
    """TRANS-41"""

    @pytest.mark.parametrize("text", ["a\nb", "a\tb", "\x00", "\x7f", "\x85", "a\u2028b"])
    def test_refuses_what_is_not_printable(self, text):
        assert refused_field({"language": "en", "text": text}, type=DisplayText) == "text"

    @pytest.mark.parametrize("text", ["Zürich", "Łódź", "駅前", "\N{NO-BREAK SPACE}", '50 € \\ "free" / ok', "🔌"])
    def test_takes_what_is(self, text):
        assert read({"language": "en", "text": text}, type=DisplayText).text == text

    @pytest.mark.parametrize("uid", ["ü", "a\n", "\x7f", "\N{NO-BREAK SPACE}"])
    def test_wants_ascii_in_a_cistring(self, uid):
        document = location_document(evses=[evse_document(uid=uid)])

        assert refused_field(document, type=Location) == "evses[0].uid"

    def test_counts_characters_not_bytes(self):
        assert read({"language": "en", "text": "ü" * 512}, type=DisplayText).text == "ü" * 512
        assert refused_field({"language": "en", "text": "ü" * 513}, type=DisplayText) == "text"


class TestTimes:
    """TRANS-39, AMB-11"""

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-20T10:00:00Z",
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00.000",
            "2026-11-20T11:00:00+01:00",
            "2026-11-20T05:00:00-05:00",
            "2026-11-20T10:00:00.000000000Z",
            "2026-11-20T09:59:60Z",
        ],
    )
    def test_are_aware_utc_whatever_was_written(self, text):
        session = read(session_document(last_updated=text, end_date_time=text), type=Session)

        assert session.last_updated == session.end_date_time == datetime(2026, 11, 20, 10, tzinfo=UTC)
        assert session.last_updated.utcoffset() == session.end_date_time.utcoffset() == UTC.utcoffset(None)

    def test_are_read_in_nested_objects(self):
        period = {"start_date_time": "2026-11-20T10:00:00", "dimensions": [{"type": "TIME", "volume": 1}]}

        session = read(session_document(charging_periods=[period]), type=Session)

        assert session.charging_periods[0].start_date_time == datetime(2026, 11, 20, 10, tzinfo=UTC)

    def test_in_other_fields_stay_text(self):
        at = "2026-11-20T10:00:00"
        document = session_document(id=at, meter_id=f'"last_updated":"{at}"', last_updated=at)

        session = read(document, type=Session)

        assert (session.id, session.meter_id) == (at, document["meter_id"])

    @pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-11-20", "1970-1-1T00:00:00Z"])
    def test_that_are_none_are_refused(self, text):
        assert refused_field(session_document(start_date_time=text), type=Session) == "start_date_time"


class TestUnknownValues:
    """AMB-14, TRANS-44"""

    def test_are_kept_and_named(self):
        document = location_document(
            facilities=["HOTEL", "SAUNA"],
            evses=[evse_document(), evse_document(connectors=[connector_document(standard="MCS")])],
        )

        location = read(document, type=Location)

        assert location.evses[1].connectors[0].standard == "MCS"
        assert wire.unknown_values(location) == ["evses[1].connectors[0].standard", "facilities[1]"]

    def test_are_none_where_all_are_known(self):
        assert wire.unknown_values(read(location_document(), type=Location)) == []

    def test_of_a_type_without_enums_are_none(self):
        assert wire.unknown_values(read({"excl_vat": 1}, type=Price)) == []


class TestEncode:
    def test_writes_what_the_hub_makes(self):
        period = ChargingPeriod(
            start_date_time=datetime(2026, 11, 20, 10, 0, 0, 123_999, tzinfo=UTC),
            dimensions=[CdrDimension(type="ENERGY", volume=Decimal("1.50"))],
        )

        assert wire.encode(period) == (
            b'{"start_date_time":"2026-11-20T10:00:00.123Z","dimensions":[{"type":"ENERGY","volume":1.50}]}'
        )

    def test_leaves_out_what_is_not_set(self):
        assert wire.encode(Price(excl_vat=Decimal("4.00"))) == b'{"excl_vat":4.00}'

    def test_of_what_was_read_reads_the_same(self):
        location = read(location_document(), type=Location)

        assert wire.decode(wire.encode(location), type=Location) == location


class TestSchemas:
    def test_say_number_and_name_every_object(self):
        (schema,), components = wire.json_schemas([Session])

        assert schema == {"$ref": "#/components/schemas/Session"}
        assert components["Session"]["properties"]["kwh"] == {"type": "number"}
        assert {"Price", "CdrToken", "ChargingPeriod", "CdrDimension"} < set(components)

    def test_show_open_enums_as_open(self):
        _, components = wire.json_schemas([Session])

        status = components["Session"]["properties"]["status"]
        assert status["type"] == "string"
        assert "RESERVATION" in status["x-extensible-enum"]
