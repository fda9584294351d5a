"""Two handshakes at the same moment, or one and something else that takes the same party."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from ocpi.calls import ConnectionStatus, PartyId, Role
from ocpi.configuration.v2_2_1 import ClientInfo
from ocpi.errors import InvalidParameter, NotAuthorized, OcpiError, ServerError
from parties import announced, handshake
from parties.models import Party, PartyBehind, Platform
from tests.parties.cast import EMSP_ROLE, LATER, NOW, kind_of, read, register
from tests.parties.fake_platform import FakePlatform, run_platform
from tests.turns import somebody_waits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_on_loopback")]


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
