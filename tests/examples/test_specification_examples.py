"""Each example file of OCPI 2.2.1 is read with its type, or is on the list of those that break its own tables."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cdrs.wire.v2_2_1 import CDR
from charging_sessions.wire.v2_2_1 import Session, SessionPatch
from locations.wire.v2_2_1 import EVSE, ConnectorPatch, EVSEPatch, Hours, Location, LocationPatch
from ocpi import wire
from ocpi.configuration.v2_2_1 import Credentials, Version, VersionDetails
from ocpi.shared.v2_2_1 import DisplayText, EnergyMix
from tariffs.wire.v2_2_1 import Tariff
from tests.documents import as_json
from tokens.wire.v2_2_1 import Token, TokenPatch

_BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "ocpi-examples"
FOLDER = Path(os.environ.get("OCPI_EXAMPLES", _BESIDE_THE_CHECKOUT)) / "2.2.1"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the specification's example files are not here; OCPI_EXAMPLES names their folder"
)

# Beginning of the file's name, its type, the field that holds the object. The first that fits counts.
TYPES: list[tuple[str, Any, str | None]] = [
    ("cdr_example", CDR, None),
    ("credentials_", Credentials, None),
    ("location_energymix_", EnergyMix, "energy_mix"),
    ("location_regularhours_", Hours, "opening_times"),
    ("location_hours_", Hours, None),
    ("location_patch_example_location", LocationPatch, None),
    ("location_patch_example_tariff", ConnectorPatch, None),
    ("location_patch_", EVSEPatch, None),
    ("location_put_example_add_evse", EVSE, None),
    ("location_example", Location, None),
    ("session_patch_", SessionPatch, None),
    ("session_example", Session, None),
    ("tariff", Tariff, None),
    ("token_patch_", TokenPatch, None),
    ("token_", Token, None),
    ("transport_and_format_get_token_list", list[Token], "data"),
    ("transport_and_format_get_token", Token, "data"),
    ("transport_and_format_version_details", VersionDetails, "data"),
    ("transport_and_format_version_info", list[Version], "data"),
    ("type_displaytext", DisplayText, None),
    ("version_details", VersionDetails, None),
    ("versions_info", list[Version], None),
]

# Examples that are wrong by the specification's own tables, and where.
WRONG = {
    "location_put_example_add_evse.json": [
        *(f"connectors[0].{name}" for name in ("power_type", "max_voltage", "max_amperage", "last_updated")),
        "physical_reference",
    ],
    "tariff_put_example.json": ["last_updated"],
}

FILES = sorted(FOLDER.glob("*.json"))


def load(file: Path) -> tuple[bytes, Any]:
    """The object's bytes, as they stand in the file where nothing is around them, and its type."""
    type_, inside = next((type_, inside) for start, type_, inside in TYPES if file.name.startswith(start))
    raw = file.read_bytes()
    return (raw if inside is None else as_json(json.loads(raw, parse_float=Decimal)[inside])), type_


class TestExamples:
    def test_are_all_there(self):
        assert len(FILES) == 59
        assert set(WRONG) <= {file.name for file in FILES}

    @pytest.mark.parametrize("file", [file for file in FILES if file.name not in WRONG], ids=lambda file: file.name)
    def test_are_read(self, file):
        raw, type_ = load(file)

        obj = wire.decode(raw, type=type_)

        assert wire.problems(raw, type=type_) == []
        assert not any(wire.unknown_values(one) for one in (obj if isinstance(obj, list) else [obj]))
        assert wire.decode(wire.encode(obj), type=type_) == obj

    @pytest.mark.parametrize("file", [file for file in FILES if file.name in WRONG], ids=lambda file: file.name)
    def test_that_are_wrong_are_refused_field_by_field(self, file):
        raw, type_ = load(file)

        with pytest.raises(wire.WireError) as caught:
            wire.decode(raw, type=type_)

        assert caught.value.field in WRONG[file.name]
        assert [problem.field for problem in wire.problems(raw, type=type_)] == WRONG[file.name]
