from __future__ import annotations

from msgspec import UNSET

from charging_sessions.wire.v2_2_1 import SessionPatch
from locations.wire.v2_2_1 import ConnectorPatch, EVSEPatch, LocationPatch
from tests.documents import AT
from tests.ocpi.wire_cases import read, refused_field
from tokens.wire.v2_2_1 import TokenPatch


class TestPatchTypes:
    def test_hold_what_was_sent_and_unset_for_the_rest(self):
        patch = read({"status": "REMOVED", "last_updated": AT}, type=EVSEPatch)

        assert (patch.status, patch.uid) == ("REMOVED", UNSET)

    def test_need_last_updated(self):
        assert refused_field({"valid": False}, type=TokenPatch) == "last_updated"  # TRANS-30
        assert refused_field({"kwh": 1, "last_updated": None}, type=SessionPatch) == "last_updated"

    def test_let_null_pass(self):
        assert read({"name": None, "time_zone": None, "last_updated": AT}, type=LocationPatch).name is None  # AMB-06

    def test_keep_the_limits(self):
        assert refused_field({"max_voltage": "230", "last_updated": AT}, type=ConnectorPatch) == "max_voltage"
        assert refused_field({"city": "a\nb", "last_updated": AT}, type=LocationPatch) == "city"

    def test_read_times_with_the_same_patience(self):
        assert read({"kwh": 1, "last_updated": AT[:-1]}, type=SessionPatch).last_updated.utcoffset() is not None

    def test_take_parts_in_arrays_that_are_merged(self):
        part = {"uid": "E1", "connectors": [{"id": "1", "max_voltage": 400}]}

        patch = read({"evses": [part], "last_updated": AT}, type=LocationPatch)

        assert patch.evses[0].connectors[0].max_voltage == 400

    def test_need_the_key_in_those(self):
        document = {"evses": [{"status": "REMOVED"}], "last_updated": AT}

        assert refused_field(document, type=LocationPatch) == "evses[0].uid"

    def test_need_whole_elements_in_the_others(self):
        document = {"charging_periods": [{"start_date_time": AT}], "last_updated": AT}

        assert refused_field(document, type=SessionPatch) == "charging_periods[0].dimensions"
