"""The credentials handshake in both directions, against a partner over real HTTP."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from agreements.models import Agreement
from ocpi import wire
from ocpi.calls import ConnectionStatus, PartyId, Role
from ocpi.configuration.v2_2_1 import ClientInfo, Credentials
from ocpi.errors import (
    InvalidParameter,
    MethodNotAllowed,
    NoMatchingEndpoints,
    NotAuthorized,
    OcpiError,
    ServerError,
    UnableToUseClientApi,
    UnsupportedVersion,
)
from parties import announced, handshake
from parties.lookup import find_platform
from parties.models import Party, PartyBehind, Platform
from parties.negotiation import OutcomeUnknown
from parties.secrets import token_digest
from tests.parties.fake_platform import CPO_ROLE, FakePlatform, run_platform

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
EMSP_ROLE = CPO_ROLE | {"role": "EMSP", "party_id": "MSP"}


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.HUB_REQUIRE_HTTPS = False
    settings.HUB_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    settings.HUB_PUBLIC_URL = "https://hub.example"
    settings.HUB_PARTY = PartyId("NL", "HUB")
    settings.HUB_NAME = "The Hub"


@pytest.fixture
def fake() -> Iterator[FakePlatform]:
    with run_platform() as platform:
        yield platform


@pytest.fixture
def planned() -> Platform:
    return Platform.objects.create(name="Blue", changed_at=NOW - timedelta(days=1))


@pytest.fixture
def registered(planned: Platform, fake: FakePlatform) -> tuple[Platform, str]:
    return register(planned, fake)


def read(document: dict[str, Any]) -> Credentials:
    return wire.decode(json.dumps(document).encode(), type=Credentials)


def register(platform: Platform, fake: FakePlatform, **changes: Any) -> tuple[Platform, str]:
    platform.issue_token_a()
    done = handshake.accept_registration(platform, read(fake.make_credentials(**changes)), now=NOW)
    assert fake.http is not None
    fake.http.seen.clear()
    return done


def plan_party(platform: Platform, role: dict[str, Any]) -> None:
    names = {name: role[name] for name in ("country_code", "party_id", "role")}
    Party.objects.create(platform=platform, name="Planned", changed_at=NOW, **names)


def agree(provider: str, consumer: str) -> None:
    Agreement.conclude(
        provider=PartyId.of_text(provider),
        consumer=PartyId.of_text(consumer),
        modules=["locations"],
        valid_from=NOW,
        now=NOW,
    )


def lose_answer(platform: Platform, fake: FakePlatform) -> str:
    """The partner takes a new token by the hub's PUT, and the hub never hears of it."""
    fake.hang_up_on = ("PUT",)
    with pytest.raises(OutcomeUnknown):
        handshake.rotate(platform, now=LATER)
    fake.hang_up_on = ()
    return get_offers(fake)[0]


def get_offers(fake: FakePlatform) -> list[str]:
    assert fake.http is not None
    return [json.loads(seen.body)["token"] for seen in fake.http.seen if seen.method == "PUT"]


def kind_of(token: str, *, now: datetime = NOW) -> str | None:
    found = find_platform(token, None, now=now)
    return found[1] if found else None


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


class TestRoles:
    @pytest.mark.parametrize(
        "roles",
        [
            [CPO_ROLE, CPO_ROLE | {"country_code": "nl", "party_id": "cpo"}],
            [CPO_ROLE | {"role": "HUB"}],
            [CPO_ROLE | {"party_id": "HUB"}],
        ],
    )
    def test_refused_before_anything_is_called(
        self, planned: Platform, fake: FakePlatform, roles: list[dict[str, Any]]
    ) -> None:
        planned.issue_token_a()

        with pytest.raises(InvalidParameter, match="roles"):
            handshake.accept_registration(planned, read(fake.make_credentials(roles=roles)), now=NOW)

        assert fake.calls == []

    def test_another_platforms_party_is_refused(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        stranger = Platform.objects.create(name="Green", changed_at=NOW)
        roles = [CPO_ROLE | {"country_code": "nl"}]

        with pytest.raises(InvalidParameter, match="is taken"):
            register(stranger, fake, roles=roles)

        assert fake.calls == []
        assert Party.objects.get().platform == registered[0]

    @pytest.mark.parametrize("party", [("NL", "CPO"), ("nl", "cpo")])
    def test_nor_in_another_role_unless_it_is_planned(
        self, registered: tuple[Platform, str], fake: FakePlatform, party: tuple[str, str]
    ) -> None:
        """Agreements bind party ids, whatever the role (AMB-41)."""
        role = CPO_ROLE | {"role": "NSP", "country_code": party[0], "party_id": party[1]}

        with pytest.raises(InvalidParameter, match="ask the hub's staff to plan NSP"):
            register(Platform.objects.create(name="Green", changed_at=NOW), fake, roles=[role])

        assert fake.calls == []

    def test_a_party_behind_a_hub_is_refused_unless_it_is_planned(self, planned: Platform, fake: FakePlatform) -> None:
        hub = Platform.objects.create(name="Other hub", changed_at=NOW, state=Platform.State.REGISTERED)
        PartyBehind.objects.create(
            platform=hub,
            country_code="NL",
            party_id="CPO",
            role="EMSP",
            status="CONNECTED",
            last_updated=NOW,
            changed_at=NOW,
        )

        with pytest.raises(InvalidParameter, match="is taken"):
            register(planned, fake)

    def test_a_party_that_an_agreement_names_is_refused_unless_it_is_planned(
        self, planned: Platform, fake: FakePlatform
    ) -> None:
        """It was concluded before its party came: not with whoever comes first (AMB-41)."""
        agree("nl*cpo", "FR*MSP")

        with pytest.raises(InvalidParameter, match="ask the hub's staff to plan CPO"):
            register(planned, fake)

        plan_party(planned, CPO_ROLE)
        register(planned, fake)
        assert Party.objects.get().platform.state == Platform.State.REGISTERED

    def test_one_party_may_have_different_roles_on_different_platforms(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        role = CPO_ROLE | {"role": "EMSP"}
        green = Platform.objects.create(name="Green", changed_at=NOW)
        plan_party(green, role)

        register(green, fake, roles=[role])

        assert Party.objects.count() == 2

    def test_staff_may_plan_a_party_elsewhere_at_the_same_moment(
        self, planned: Platform, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The constraint decides, and the loser keeps its Token A."""
        register(planned, fake)
        slow = Platform.objects.create(name="Green", changed_at=NOW)
        token_a = slow.issue_token_a()
        monkeypatch.setattr("parties.claims._refuse_taken", lambda platform, role: None)

        with pytest.raises(InvalidParameter, match="just now"):
            handshake.accept_registration(slow, read(fake.make_credentials()), now=NOW)

        assert kind_of(token_a) == "token_a"
        assert Platform.objects.get(name="Green").token_in_digest == ""

    def test_planned_parties_are_all_a_platform_may_announce(self, planned: Platform, fake: FakePlatform) -> None:
        Party.objects.create(
            platform=planned, country_code="DE", party_id="XYZ", role="CPO", name="Planned", changed_at=NOW
        )

        with pytest.raises(InvalidParameter, match=r"NL\*CPO CPO is not planned"):
            register(planned, fake)

    def test_planned_party_is_taken_over(self, planned: Platform, fake: FakePlatform) -> None:
        Party.objects.create(
            platform=planned, country_code="nl", party_id="cpo", role="CPO", name="Planned", changed_at=NOW
        )

        register(planned, fake)

        party = Party.objects.get()
        assert (party.name, party.business_details["name"], party.is_active) == ("Blue Power", "Blue Power", True)


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

        assert handshake.retire_previous(platform.id, now=LATER)

        assert kind_of(token_c, now=LATER) is None
        assert not handshake.retire_previous(platform.id, now=LATER)

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


class TestRotate:
    def test_puts_after_looking(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        platform, token_c = registered
        fake.token = "newer-theirs"
        fake.modules.append(("cdrs", "SENDER"))

        handshake.rotate(platform, now=LATER)

        assert fake.calls == [
            ("GET", "/versions", "their-token"),
            ("GET", "/2.2.1", "their-token"),
            ("PUT", "/2.2.1/credentials", "their-token"),
        ]
        assert Platform.objects.get().token_out == "newer-theirs"
        assert platform.endpoints.filter(module="cdrs").exists()
        assert kind_of(fake.get_body("PUT")["token"], now=LATER) == "credentials"
        assert kind_of(token_c, now=LATER) == "previous"

    def test_compromised_token_gets_no_grace(self, registered: tuple[Platform, str]) -> None:
        handshake.rotate(registered[0], now=LATER, compromised=True)

        assert kind_of(registered[1], now=LATER) is None

    @pytest.mark.django_db(transaction=True)
    def test_both_tokens_are_good_while_the_put_is_open(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        platform, token_c = registered
        kinds: list[str | None] = []

        def call_back(method: str, path: str) -> None:
            if method == "PUT":
                handshake.retire_previous(platform.id, now=LATER)  # somebody used the token in force meanwhile
                kinds.extend([kind_of(token_c, now=LATER), kind_of(fake.get_body("PUT")["token"], now=LATER)])
                connection.close()

        fake.on_call = call_back
        handshake.rotate(platform, now=LATER)

        assert kinds == ["credentials", "previous"]

    def test_refusal_keeps_both_old_tokens(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        platform, token_c = registered
        fake.credentials_status_code = 3001

        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(platform, now=LATER, compromised=True)

        assert kind_of(token_c, now=LATER) == "credentials"
        assert kind_of(fake.get_body("PUT")["token"], now=LATER) is None
        assert Platform.objects.get().token_out == "their-token"

    def test_no_answer_leaves_either_token_good(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        platform, token_c = registered
        fake.hang_up_on = ("PUT",)

        with pytest.raises(OutcomeUnknown):
            handshake.rotate(platform, now=LATER)

        assert kind_of(token_c, now=LATER) == "credentials"
        assert kind_of(fake.get_body("PUT")["token"], now=LATER + timedelta(hours=23)) == "previous"
        assert not handshake.retire_previous(platform.id, now=LATER)

    @pytest.mark.parametrize("retry", [{"credentials_status_code": 3001}, {"hang_up_on": ("PUT",)}])
    def test_a_token_whose_answer_was_lost_outlives_a_retry_that_fails(
        self, registered: tuple[Platform, str], fake: FakePlatform, retry: dict[str, Any]
    ) -> None:
        offered = lose_answer(registered[0], fake)
        vars(fake).update(retry)

        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(Platform.objects.get(), now=LATER)

        assert kind_of(offered, now=LATER + timedelta(hours=23)) == "previous"
        assert kind_of(registered[1], now=LATER) == "credentials"
        assert kind_of(get_offers(fake)[-1], now=LATER) == ("previous" if fake.hang_up_on else None)

    @pytest.mark.django_db(transaction=True)
    def test_a_token_whose_answer_was_lost_is_good_while_the_retry_is_open(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        offered = lose_answer(registered[0], fake)
        kinds: list[str | None] = []

        def call_back(method: str, path: str) -> None:
            if method == "PUT":
                kinds.extend(kind_of(token, now=LATER) for token in (registered[1], offered, get_offers(fake)[-1]))
                connection.close()

        fake.on_call = call_back
        handshake.rotate(Platform.objects.get(), now=LATER)

        assert kinds == ["credentials", "previous", "previous"]

    def test_tokens_before_a_retry_that_succeeds_end_together(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        before = (registered[1], lose_answer(registered[0], fake))

        handshake.rotate(Platform.objects.get(), now=LATER)

        assert [kind_of(token, now=LATER) for token in before] == ["previous", "previous"]
        assert [kind_of(token, now=LATER + timedelta(minutes=10)) for token in before] == [None, None]
        handshake.retire_previous(registered[0].id, now=LATER)
        assert [kind_of(token, now=LATER) for token in before] == [None, None]
        assert kind_of(get_offers(fake)[-1], now=LATER) == "credentials"

    @pytest.mark.parametrize(
        "end",
        [
            lambda platform, fake: handshake.rotate(platform, now=LATER, compromised=True),
            lambda platform, fake: handshake.accept_revocation(platform, now=LATER),
            lambda platform, fake: register(platform, fake),
        ],
    )
    def test_no_token_outlives_what_voids_them_all(
        self, registered: tuple[Platform, str], fake: FakePlatform, end: Callable[[Platform, FakePlatform], object]
    ) -> None:
        before = [registered[1], lose_answer(registered[0], fake)]
        fake.hang_up_on = ("PUT",)
        with pytest.raises(OutcomeUnknown):
            handshake.rotate(Platform.objects.get(), now=LATER)
        before.append(get_offers(fake)[-1])
        fake.hang_up_on = ()

        end(Platform.objects.get(), fake)

        assert [kind_of(token, now=LATER) for token in before] == [None, None, None]

    def test_a_token_in_its_grace_outlives_a_rotation_that_fails(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        """The answer to the partner's own PUT may have been lost: it uses that token still (CRED-14)."""
        platform, token_c = registered
        handshake.accept_update(platform, read(fake.make_credentials()), now=LATER)
        fake.credentials_status_code = 3001

        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(platform, now=LATER)

        assert kind_of(token_c, now=LATER) == "previous"
        assert kind_of(token_c, now=LATER + timedelta(minutes=10)) is None

    def test_roles_we_cannot_take_leave_the_known_ones(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        fake.roles = [EMSP_ROLE]
        fake.token = "newer-theirs"

        handshake.rotate(registered[0], now=LATER)

        assert Party.objects.get().is_active
        assert Platform.objects.get().token_out == "newer-theirs"

    def test_uses_the_token_of_now(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        stale = Platform.objects.get()
        fake.token = "newer-theirs"
        handshake.rotate(registered[0], now=LATER)

        handshake.rotate(stale, now=LATER)

        assert {token for _, _, token in fake.calls[3:]} == {"newer-theirs"}

    def test_needs_a_registration(self, planned: Platform) -> None:
        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(planned, now=NOW)


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


def meanwhile(fake: FakePlatform, method: str, start: Callable[[], object]) -> list[Exception]:
    """While the partner has the hub's call of this method, somebody starts something else; how that failed."""
    failures: list[Exception] = []
    begun: list[str] = []

    def call_back(called: str, path: str) -> None:
        if called != method or begun:
            return
        begun.append(path)
        try:
            start()
        except OcpiError as error:
            failures.append(error)
        finally:
            connection.close()

    fake.on_call = call_back
    return failures


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    """The partner keeps the token of one, the hub that of the other: neither gets in any more (CRED-14)."""

    def test_of_two_rotations_one_is_refused(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        failures = meanwhile(fake, "PUT", lambda: handshake.rotate(Platform.objects.get(), now=LATER))

        handshake.rotate(registered[0], now=LATER)

        assert [type(failure) for failure in failures] == [ServerError]
        assert [method for method, _, _ in fake.calls] == ["GET", "GET", "PUT"]
        assert kind_of(fake.get_body("PUT")["token"], now=LATER) == "credentials"

    def test_of_two_registrations_by_the_hub_one_is_refused(self, planned: Platform, fake: FakePlatform) -> None:
        def register_hub() -> Platform:
            return handshake.register_at(
                Platform.objects.get(), versions_url=fake.versions_url, token_a="their-a", now=NOW
            )

        failures = meanwhile(fake, "POST", register_hub)

        register_hub()

        assert [type(failure) for failure in failures] == [ServerError]
        assert [method for method, _, _ in fake.calls] == ["GET", "GET", "POST"]
        assert kind_of(fake.get_body("POST")["token"]) == "credentials"

    def test_an_update_of_the_partners_waits_for_the_hubs(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        def update() -> None:
            handshake.accept_update(Platform.objects.get(), read(fake.make_credentials()), now=LATER)

        failures = meanwhile(fake, "PUT", update)

        handshake.rotate(registered[0], now=LATER)
        update()

        assert [type(failure) for failure in failures] == [ServerError]
        assert kind_of(fake.get_body("PUT")["token"], now=LATER) == "previous"

    def test_the_hub_waits_for_an_update_of_the_partners(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        failures = meanwhile(fake, "GET", lambda: handshake.rotate(Platform.objects.get(), now=LATER))

        handshake.accept_update(registered[0], read(fake.make_credentials()), now=LATER)

        assert [type(failure) for failure in failures] == [ServerError]
        assert [method for method, _, _ in fake.calls] == ["GET", "GET"]

    def test_a_registration_of_the_partners_waits_for_the_hubs(self, planned: Platform, fake: FakePlatform) -> None:
        token_a = planned.issue_token_a()

        def accept() -> None:
            handshake.accept_registration(Platform.objects.get(), read(fake.make_credentials()), now=NOW)

        failures = meanwhile(fake, "POST", accept)

        handshake.register_at(planned, versions_url=fake.versions_url, token_a="their-a", now=NOW)

        assert [type(failure) for failure in failures] == [ServerError]
        assert kind_of(token_a) is None
        assert kind_of(fake.get_body("POST")["token"]) == "credentials"

    def test_other_platforms_are_not_waited_for(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        other = Platform.objects.create(name="Green", changed_at=NOW)
        with run_platform(roles=[EMSP_ROLE], token="others-token") as another:
            failures = meanwhile(fake, "PUT", lambda: register(other, another))

            handshake.rotate(registered[0], now=LATER)

        assert failures == []
        assert Platform.objects.get(name="Green").state == Platform.State.REGISTERED


@pytest.mark.django_db(transaction=True)
def test_parallel_registrations_with_one_token_give_one(planned: Platform, fake: FakePlatform) -> None:
    planned.issue_token_a()
    together = threading.Barrier(2, timeout=10)
    outcomes: list[str] = []

    def meet(method: str, path: str) -> None:
        if path == "/2.2.1":
            together.wait()

    fake.on_call = meet

    def post() -> None:
        try:
            handshake.accept_registration(Platform.objects.get(), read(fake.make_credentials()), now=NOW)
            outcomes.append("registered")
        except NotAuthorized:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused", "registered"]
    assert Party.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_a_party_at_the_same_moment_is_waited_for(planned: Platform, fake: FakePlatform) -> None:
    hub = Platform.objects.create(name="Other hub", changed_at=NOW, state=Platform.State.REGISTERED)
    planned.issue_token_a()
    outcomes: list[str] = []

    def post() -> None:
        try:
            handshake.accept_registration(Platform.objects.get(pk=planned.pk), read(fake.make_credentials()), now=NOW)
            outcomes.append("registered")
        except InvalidParameter:
            outcomes.append("refused")
        finally:
            connection.close()

    thread = threading.Thread(target=post)
    with transaction.atomic():
        announced.take_turn()
        thread.start()
        while thread.is_alive() and not somebody_waits():
            thread.join(0.01)
        announced.accept(hub.pk, announcement("NL*CPO"), now=NOW)
    thread.join()

    assert outcomes == ["refused"]
    assert str(PartyBehind.objects.get()) == "NL*CPO EMSP behind Other hub"


def announcement(party: str) -> ClientInfo:
    known = PartyId.of_text(party)
    return ClientInfo(
        country_code=known.country_code,
        party_id=known.party_id,
        role=Role.EMSP,
        status=ConnectionStatus.CONNECTED,
        last_updated=NOW,
    )


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])
