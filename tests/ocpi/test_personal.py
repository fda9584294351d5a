from __future__ import annotations

from typing import Any

import pytest

from ocpi.personal import find_personal_ids
from tests.documents import as_json, cdr_document, location_document, session_document, token_document

TOKEN = {"uid": "04A1B2C3D4E5", "contract_id": "FR-MSP-C12345678-X", "visual_number": "0001"}
FOUND = ("FR-MSP-C12345678-X", "04A1B2C3D4E5", "0001")


class TestFindPersonalIds:
    @pytest.mark.parametrize(
        "document",
        [
            token_document(**TOKEN),
            session_document(cdr_token=TOKEN),
            cdr_document(cdr_token=TOKEN),
            {"response_url": "https://msp.example/1", "token": TOKEN, "location_id": "LOC1", "evse_uid": "EVSE1"},
            {"cdr_token": TOKEN},
        ],
    )
    def test_names_those_of_tokens_and_contracts_the_longest_first(self, document: dict[str, Any]) -> None:
        assert find_personal_ids(as_json(document)) == FOUND

    def test_leaves_out_what_is_too_short_to_be_found_in_a_text(self) -> None:
        assert find_personal_ids(as_json({"uid": "A1", "contract_id": "A", "visual_number": None})) == ()

    @pytest.mark.parametrize("document", [b"", b"[]", b"{", b'{"token": "secret"}', b'{"uid": 1}', b"\xff"])
    def test_finds_nothing_in_what_is_no_such_document(self, document: bytes) -> None:
        assert find_personal_ids(document) == ()

    def test_looks_at_no_other_ids(self) -> None:
        assert find_personal_ids(as_json(location_document())) == ()
