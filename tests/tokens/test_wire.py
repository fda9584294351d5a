from __future__ import annotations

import pytest

from ocpi.shared.v2_2_1 import TokenType, WhitelistType
from tests.documents import ABSENT, changed, token_document
from tests.ocpi.wire_cases import read, refused_field
from tokens.wire.v2_2_1 import AuthorizationInfo, LocationReferences, Token


class TestToken:
    def test_is_read(self):
        token = read(token_document(), type=Token)

        assert (token.type, token.whitelist) == (TokenType.RFID, WhitelistType.ALLOWED)

    @pytest.mark.parametrize(
        "field",
        [
            *("country_code", "party_id", "uid", "type", "contract_id", "issuer", "valid", "whitelist"),
            "last_updated",
        ],
    )
    def test_needs(self, field):
        assert refused_field(changed(token_document(), **{field: ABSENT}), type=Token) == field

    @pytest.mark.parametrize("field", ["type", "whitelist"])
    def test_refuses_unknown_values_that_steer_the_hub(self, field):
        assert refused_field(token_document(**{field: "NEWER"}), type=Token) == field  # TRANS-44

    @pytest.mark.parametrize("uid", ["", "x" * 37])
    def test_refuses_an_uid_of_the_wrong_length(self, uid):
        assert refused_field(token_document(uid=uid), type=Token) == "uid"  # TRANS-41


class TestAuthorization:
    def test_answer_carries_the_token(self):
        info = read({"allowed": "BLOCKED", "token": token_document()}, type=AuthorizationInfo)

        assert info.token.uid == "TOKEN1"

    def test_answer_needs_the_token(self):
        assert refused_field({"allowed": "ALLOWED"}, type=AuthorizationInfo) == "token"

    def test_request_names_a_location(self):
        assert not read({"location_id": "L1", "evse_uids": None}, type=LocationReferences).evse_uids
        assert refused_field({"evse_uids": ["E1"]}, type=LocationReferences) == "location_id"
