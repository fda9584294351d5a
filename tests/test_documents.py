"""The documents every test starts from are valid, and changing one leaves the others alone."""

from __future__ import annotations

from typing import Any

import pytest

from cdrs.wire.v2_2_1 import CDR
from charging_sessions.wire.v2_2_1 import Session
from locations.wire.v2_2_1 import Location
from ocpi.wire import decode
from tariffs.wire.v2_2_1 import Tariff
from tests import documents
from tests.documents import ABSENT, as_json
from tokens.wire.v2_2_1 import Token


@pytest.mark.parametrize(
    ("document", "wire"),
    [
        (documents.location_document(), Location),
        (documents.tariff_document(), Tariff),
        (documents.token_document(), Token),
        (documents.session_document(), Session),
        (documents.cdr_document(owner="AT*CPB", token_owner="IT*MSP"), CDR),
        (documents.credit_cdr_document(of=documents.cdr_document(), id="C1-CREDIT"), CDR),
    ],
)
def test_every_document_is_valid(document: dict[str, Any], wire: type) -> None:
    assert decode(as_json(document), type=wire)


def test_changes_are_merged_into_dicts_and_replace_the_rest() -> None:
    cdr = documents.cdr_document(id="C2", total_cost={"incl_vat": ABSENT}, cdr_token={"uid": "T9"}, tariffs=[])

    assert cdr["id"] == "C2"
    assert "incl_vat" not in cdr["total_cost"]
    assert (cdr["cdr_token"]["uid"], cdr["cdr_token"]["type"]) == ("T9", "RFID")
    assert cdr["tariffs"] == []


def test_numbers_keep_their_text() -> None:
    assert b'"total_energy":12.345,' in as_json(documents.cdr_document())
