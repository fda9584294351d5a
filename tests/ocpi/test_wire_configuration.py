from __future__ import annotations

import pytest

from ocpi import wire
from ocpi.calls import ConnectionStatus, Role
from ocpi.configuration.v2_2_1 import ClientInfo, Credentials, Version, VersionDetails
from tests.documents import ABSENT, changed
from tests.ocpi.wire_cases import read, refused_field

ROLE = {"role": "CPO", "party_id": "CPO", "country_code": "NL", "business_details": {"name": "Operator"}}
CREDENTIALS = {"token": "secret-token", "url": "https://cpo.example/versions", "roles": [ROLE]}
CLIENT = {
    "party_id": "CPO",
    "country_code": "NL",
    "role": "CPO",
    "status": "CONNECTED",
    "last_updated": "2026-11-20T10:00:00Z",
}


class TestCredentials:
    def test_are_read(self):
        credentials = read(CREDENTIALS, type=Credentials)

        assert credentials.roles[0].role is Role.CPO

    @pytest.mark.parametrize("token", ["two words", "tök"])
    def test_may_have_a_token_they_should_not_have(self, token):  # CRED-18: logged, not refused
        assert read(changed(CREDENTIALS, token=token), type=Credentials).token == token

    @pytest.mark.parametrize("token", ["", "x" * 65, "tok\n"])
    def test_need_a_token_that_fits_into_a_header(self, token):
        assert refused_field(changed(CREDENTIALS, token=token), type=Credentials) == "token"

    def test_need_a_role(self):
        assert refused_field(changed(CREDENTIALS, roles=[]), type=Credentials) == "roles"

    def test_need_a_role_the_hub_knows(self):
        document = changed(CREDENTIALS, roles=[changed(ROLE, role="KING")])

        assert refused_field(document, type=Credentials) == "roles[0].role"

    @pytest.mark.parametrize(("field", "value"), [("party_id", "TOOLONG"), ("party_id", ""), ("country_code", "N1")])
    def test_need_a_well_formed_party(self, field, value):
        document = changed(CREDENTIALS, roles=[changed(ROLE, **{field: value})])

        assert refused_field(document, type=Credentials) == f"roles[0].{field}"


class TestClientInfo:
    def test_is_read(self):
        assert read(CLIENT, type=ClientInfo).status is ConnectionStatus.CONNECTED

    def test_needs_a_status_the_hub_knows(self):
        assert refused_field(changed(CLIENT, status="ASLEEP"), type=ClientInfo) == "status"

    def test_needs_last_updated(self):
        assert refused_field(changed(CLIENT, last_updated=ABSENT), type=ClientInfo) == "last_updated"


class TestVersions:
    def test_take_versions_and_modules_the_hub_does_not_know(self):
        url = "https://cpo.example/x"
        version = read({"version": "2.3.0", "url": url}, type=Version)
        details = read(
            {"version": "2.2.1", "endpoints": [{"identifier": "acme-tools", "role": "SENDER", "url": url}]},
            type=VersionDetails,
        )

        assert wire.unknown_values(version) == ["version"]
        assert wire.unknown_values(details) == ["endpoints[0].identifier"]

    def test_need_an_endpoint(self):
        assert refused_field({"version": "2.2.1", "endpoints": []}, type=VersionDetails) == "endpoints"
