from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cdrs.wire.v2_2_1 import CDR
from charging_sessions.wire.v2_2_1 import Session
from locations.wire.v2_2_1 import Location
from ocpi import decoding
from ocpi.twins import get_twin
from ocpi.wire import WireError, decode, decode_once, unknown_values
from tariffs.wire.v2_2_1 import Tariff
from tests.documents import (
    as_json,
    cdr_document,
    evse_document,
    location_document,
    session_document,
    tariff_document,
    token_document,
)
from tokens.wire.v2_2_1 import Token

DOCUMENTS: list[tuple[Any, dict[str, Any]]] = [
    (CDR, cdr_document()),
    (Location, location_document()),
    (Session, session_document()),
    (Tariff, tariff_document()),
    (Token, token_document()),
]
each_document = pytest.mark.parametrize(("wire", "document"), DOCUMENTS, ids=[one.__name__ for one, _ in DOCUMENTS])


@each_document
class TestTwin:
    def test_reads_what_the_type_reads(self, wire: Any, document: dict[str, Any]):
        raw = as_json(document)

        found = msgspec.json.Decoder(get_twin(wire), dec_hook=decoding.read_value, float_hook=decoding.read_number)
        read = found.decode(raw)

        assert isinstance(read, wire)
        assert type(read) is not wire
        assert msgspec.to_builtins(read) == msgspec.to_builtins(decode(raw, type=wire))

    def test_has_the_same_fields(self, wire: Any, document: dict[str, Any]):
        twins = {field.name: field for field in msgspec.structs.fields(get_twin(wire))}

        for field in msgspec.structs.fields(wire):
            twin = twins.pop(field.name)
            assert (field.encode_name, field.default) == (twin.encode_name, twin.default)
            assert field.required == twin.required
        assert not twins


class TestDecodeOnce:
    @each_document
    def test_names_the_same_field_as_decode(self, wire: Any, document: dict[str, Any]):
        raw = as_json({**document, "last_updated": "yesterday"})

        with pytest.raises(WireError) as told:
            decode_once(raw, type=wire)

        assert told.value.field == "last_updated"

    def test_keeps_and_reports_values_that_the_specification_does_not_know(self):  # AMB-14, TRANS-44
        raw = as_json(location_document(evses=[evse_document(status="ASLEEP")]))

        read = decode_once(raw, type=Location)

        assert read.evses[0].status == "ASLEEP"
        assert unknown_values(read) == ["evses[0].status"]

    def test_refuses_text_that_is_not_printable(self):  # TRANS-41
        raw = as_json(location_document(city="Ber\u0000lin"))

        with pytest.raises(WireError) as told:
            decode_once(raw, type=Location)

        assert told.value.field == "city"

    def test_reads_times_with_an_offset_as_utc(self):  # AMB-11
        raw = as_json(session_document(last_updated="2026-01-01T12:00:00-05:00"))

        read = decode_once(raw, type=Session)

        assert read.last_updated == decode(raw, type=Session).last_updated
        assert read.last_updated.utcoffset().total_seconds() == 0

    def test_reads_one_document_once(self):
        raw = as_json(session_document())

        assert decode_once(raw, type=Session) is decode_once(raw, type=Session)

    def test_reads_another_type_anew(self):
        raw = as_json({**session_document(), **token_document()})

        assert isinstance(decode_once(raw, type=Session), Session)
        assert isinstance(decode_once(raw, type=Token), Token)
