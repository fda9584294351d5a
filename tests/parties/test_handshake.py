"""The credentials handshake in both directions, against a partner over real HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ocpi.calls import ConnectionStatus
from ocpi.errors import (
    InvalidParameter,
    MethodNotAllowed,
    NoMatchingEndpoints,
    NotAuthorized,
    ServerError,
    UnableToUseClientApi,
    UnsupportedVersion,
)
from parties import handshake, token_slots
from parties.models import Party, Platform
from parties.secrets import token_digest
from tests.parties.cast import EMSP_ROLE, LATER, NOW, kind_of, read, register
from tests.parties.fake_platform import CPO_ROLE, FakePlatform, run_platform

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_on_loopback")]

OTHER_ENDPOINT = {"identifier": "credentials", "role": "SENDER", "url": "http://127.0.0.1/credentials"}
OTHER_DETAILS = json.dumps({"status_code": 1000, "data": {"version": "2.1.1", "endpoints": [OTHER_ENDPOINT]}}).encode()


class TestAcceptRegistration:
    def test_calls_back_with_token_b_before_it_answers(self, planned: Platform, fake: FakePlatform) -> None:
        planned.issue_token_a()

        handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)

        assert fake.calls == [("GET", "/versions", "their-token"), ("GET", "/2.2.1", "their-token")]

    def test_stores_everything_and_uses_token_a_up(self, planned: Platform, fake: FakePlatform) -> None:
        token_a = planned.issue_token_a()

        _, token_c = handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)

        platform = Platform.objects.get()
        assert (platform.status, platform.registered_at, platform.changed_at) == (ConnectionStatus.CONNECTED, NOW, NOW)
        assert (platform.token_out, platform.versions_url) == ("their-token", fake.versions_url)
        assert kind_of(token_a) is None
        assert kind_of(token_c) == "credentials"
        assert str(Party.objects.get()) == "NL*CPO CPO"
        endpoints = {(e.module, e.interface): e.url for e in platform.endpoints.all()}
        assert endpoints[("locations", "SENDER")] == fake.url + "/2.2.1/locations"

    def test_is_not_for_a_registered_platform(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        with pytest.raises(MethodNotAllowed):
            handshake.accept_registration(registered[0], read(fake.make_credentials()), now=NOW)

        assert fake.calls == []

    def test_token_a_gives_one_registration(self, planned: Platform, fake: FakePlatform) -> None:
        """Two requests that both read the platform before either was done (CRED-25)."""
        planned.issue_token_a()
        twin = Platform.objects.get()

        handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)
        with pytest.raises(NotAuthorized):
            handshake.accept_registration(twin, read(fake.make_credentials()), now=NOW)

    def test_fresh_token_a_registers_anew_and_a_failure_keeps_the_old(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        platform, token_c = registered
        platform.issue_token_a()
        fake.status = 500
        with pytest.raises(UnableToUseClientApi):
            handshake.accept_registration(platform, read(fake.make_credentials()), now=LATER)
        assert kind_of(token_c) == "credentials"

        fake.status = 200
        _, newer = handshake.accept_registration(Platform.objects.get(), read(fake.make_credentials()), now=LATER)

        assert (kind_of(token_c), kind_of(newer)) == (None, "credentials")
        assert Platform.objects.get().changed_at == NOW  # nothing changed for HubClientInfo (HCI-15)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"status": 500}, UnableToUseClientApi),
            ({"status": 401}, UnableToUseClientApi),
            ({"status_code": 2001}, UnableToUseClientApi),
            ({"spoil": {"/versions": b"<html>"}}, UnableToUseClientApi),
            ({"spoil": {"/versions": b'{"status_code":1000}'}}, UnableToUseClientApi),
            ({"spoil": {"/versions": b'{"status_code":1000,"data":[{"version":"2.2.1"}]}'}}, UnableToUseClientApi),
            ({"spoil": {"/2.2.1": b'{"status_code":1000,"data":{}}'}}, UnableToUseClientApi),
            ({"versions": ["2.1.1"]}, UnsupportedVersion),
            ({"versions": []}, UnsupportedVersion),
            ({"spoil": {"/2.2.1": OTHER_DETAILS}}, UnsupportedVersion),
            ({"modules": [("credentials", "SENDER")]}, NoMatchingEndpoints),
            ({"modules": [("credentials", "SENDER"), ("nltnm-tokens", "SENDER")]}, NoMatchingEndpoints),
            ({"modules": [("locations", "SENDER")]}, NoMatchingEndpoints),
        ],
    )
    def test_failing_call_back_stores_nothing(
        self, planned: Platform, changes: dict[str, Any], error: type[Exception]
    ) -> None:
        token_a = planned.issue_token_a()
        with run_platform(**changes) as fake, pytest.raises(error) as failure:
            handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)

        assert failure.type is error
        platform = Platform.objects.get()
        assert (platform.state, platform.token_out, platform.endpoints.count()) == ("PLANNED", "", 0)
        assert kind_of(token_a) == "token_a"

    def test_internal_url_is_not_called(self, planned: Platform, fake: FakePlatform, settings: Any) -> None:
        settings.HUB_EGRESS_ALLOW = []
        planned.issue_token_a()

        with pytest.raises(UnableToUseClientApi):
            handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)

        assert fake.calls == []

    def test_internal_endpoint_is_not_stored(self, planned: Platform, fake: FakePlatform) -> None:
        planned.issue_token_a()
        endpoints = [{"identifier": "credentials", "role": "SENDER", "url": "http://10.0.0.1/credentials"}]
        data = {"status_code": 1000, "data": {"version": "2.2.1", "endpoints": endpoints}}
        fake.spoil["/2.2.1"] = json.dumps(data).encode()

        with pytest.raises(UnableToUseClientApi, match="internal"):
            handshake.accept_registration(planned, read(fake.make_credentials()), now=NOW)


class TestAcceptUpdate:
    def test_takes_over_the_new_and_keeps_the_previous_token_for_a_while(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        platform, token_c = registered
        fake.modules.append(("tokens", "RECEIVER"))

        _, newer = handshake.accept_update(platform, read(fake.make_credentials(token="newer-theirs")), now=LATER)

        assert [token for _, _, token in fake.calls] == ["newer-theirs", "newer-theirs"]
        assert Platform.objects.get().token_out == "newer-theirs"
        assert platform.endpoints.filter(module="tokens").exists()
        assert (kind_of(newer, now=LATER), kind_of(token_c, now=LATER)) == ("credentials", "previous")
        assert kind_of(token_c, now=LATER + timedelta(minutes=10)) is None
        assert Platform.objects.get().changed_at == NOW

    def test_first_use_of_the_new_token_ends_the_previous(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        platform, token_c = registered
        handshake.accept_update(platform, read(fake.make_credentials()), now=LATER)

        assert token_slots.retire_previous(platform.id, now=LATER)

        assert kind_of(token_c, now=LATER) is None
        assert not token_slots.retire_previous(platform.id, now=LATER)

    def test_failure_changes_nothing(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        platform, token_c = registered
        before = Platform.objects.values().get()
        fake.versions = []

        with pytest.raises(UnsupportedVersion):
            handshake.accept_update(platform, read(fake.make_credentials(token="newer-theirs")), now=LATER)

        assert Platform.objects.values().get() == before
        assert kind_of(token_c, now=LATER) == "credentials"

    def test_removed_role_is_suspended_and_may_return(self, planned: Platform, fake: FakePlatform) -> None:
        fake.roles = [CPO_ROLE, EMSP_ROLE]
        platform, _ = register(planned, fake)

        handshake.accept_update(platform, read(fake.make_credentials(roles=[CPO_ROLE])), now=LATER)
        gone = Party.objects.get(role="EMSP")
        assert (gone.is_active, gone.changed_at) == (False, LATER)
        assert Party.objects.get(role="CPO").changed_at == NOW

        handshake.accept_update(platform, read(fake.make_credentials()), now=LATER)
        assert Party.objects.get(role="EMSP").is_active

    def test_of_two_at_once_one_wins(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        twin = Platform.objects.get()
        handshake.accept_update(registered[0], read(fake.make_credentials()), now=LATER)

        with pytest.raises(ServerError):
            handshake.accept_update(twin, read(fake.make_credentials()), now=LATER)

    def test_keeps_the_token_the_caller_came_with(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        """The answer to the first PUT was lost, so the caller repeats it with its old token, and that again."""
        platform, token_c = registered
        for _ in range(3):
            handshake.accept_update(
                platform, read(fake.make_credentials()), now=LATER, caller_digest=token_digest(token_c)
            )

        assert kind_of(token_c, now=LATER) == "previous"

    def test_is_not_for_an_unregistered_platform(self, planned: Platform, fake: FakePlatform) -> None:
        with pytest.raises(MethodNotAllowed):
            handshake.accept_update(planned, read(fake.make_credentials()), now=NOW)
        with pytest.raises(MethodNotAllowed):
            handshake.accept_revocation(planned, now=NOW)

    def test_brings_an_offline_platform_back(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        Platform.objects.update(is_online=False)

        handshake.accept_update(Platform.objects.get(), read(fake.make_credentials()), now=LATER)

        platform = Platform.objects.get()
        assert (platform.status, platform.changed_at) == (ConnectionStatus.CONNECTED, LATER)


class TestRevocation:
    def test_voids_both_tokens(self, registered: tuple[Platform, str]) -> None:
        platform, token_c = registered

        handshake.accept_revocation(platform, now=LATER)

        platform = Platform.objects.get()
        assert (platform.status, platform.changed_at) == (ConnectionStatus.SUSPENDED, LATER)
        assert platform.token_out == ""
        assert kind_of(token_c) is None

    def test_disconnect_tells_the_platform_and_suspends(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        assert handshake.disconnect(registered[0], now=LATER)

        assert fake.calls == [("DELETE", "/2.2.1/credentials", "their-token")]
        assert Platform.objects.get().status is ConnectionStatus.SUSPENDED

    def test_disconnect_suspends_also_what_cannot_be_told(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        fake.hang_up_on = ("DELETE",)

        assert not handshake.disconnect(registered[0], now=LATER)

        assert Platform.objects.get().status is ConnectionStatus.SUSPENDED


class TestRegisterAt:
    @pytest.mark.django_db(transaction=True)
    def test_token_b_is_good_while_the_post_is_open(self, planned: Platform, fake: FakePlatform) -> None:
        kinds: list[str | None] = []

        def call_back(method: str, path: str) -> None:
            if method == "POST":
                kinds.append(kind_of(fake.get_body("POST")["token"]))
                connection.close()

        fake.on_call = call_back
        handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert kinds == ["token_a"]  # opens versions and credentials, nothing else yet

    def test_registers(self, planned: Platform, fake: FakePlatform) -> None:
        handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert fake.calls == [
            ("GET", "/versions", "their-a"),
            ("GET", "/2.2.1", "their-a"),
            ("POST", "/2.2.1/credentials", "their-a"),
        ]
        sent = fake.get_body("POST")
        assert sent == handshake.get_hub_credentials(sent["token"])
        platform = Platform.objects.get()
        assert (platform.status, platform.token_out) == (ConnectionStatus.CONNECTED, "their-token")
        assert kind_of(sent["token"]) == "credentials"
        assert platform.token_in_previous_digest == ""
        assert str(Party.objects.get()) == "NL*CPO CPO"

    def test_does_not_post_where_endpoints_are_missing(self, planned: Platform, fake: FakePlatform) -> None:
        fake.modules = [("credentials", "SENDER")]

        with pytest.raises(NoMatchingEndpoints):
            handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert [method for method, _, _ in fake.calls] == ["GET", "GET"]

    @pytest.mark.parametrize("changes", [{"credentials_status_code": 3001}, {"hang_up_on": ("POST",)}])
    def test_refusal_leaves_it_unregistered(
        self, planned: Platform, fake: FakePlatform, changes: dict[str, Any]
    ) -> None:
        vars(fake).update(changes)

        with pytest.raises(UnableToUseClientApi):
            handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert Platform.objects.get().state == "PLANNED"
        assert kind_of(fake.get_body("POST")["token"]) is None
        assert [method for method, _, _ in fake.calls].count("POST") == 1

    def test_roles_we_cannot_take_are_declined(self, planned: Platform, fake: FakePlatform) -> None:
        fake.roles = [CPO_ROLE | {"role": "HUB"}]

        with pytest.raises(InvalidParameter):
            handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert fake.calls[-1] == ("DELETE", "/2.2.1/credentials", "their-token")
        assert Platform.objects.get().state == "PLANNED"


class TestHubCredentials:
    def test_name_the_hub_alone(self) -> None:
        assert handshake.get_hub_credentials("t") == {
            "token": "t",
            "url": "https://hub.example/ocpi/versions",
            "roles": [
                {
                    "role": "HUB",
                    "party_id": "HUB",
                    "country_code": "NL",
                    "business_details": {"name": "The Hub"},
                }
            ],
        }
