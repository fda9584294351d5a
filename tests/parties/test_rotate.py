"""The hub gives a partner a new token, and what becomes of the old ones (CRED-14)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ocpi.errors import ServerError, UnableToUseClientApi
from parties import handshake, token_slots
from parties.models import Party, Platform
from parties.negotiation import OutcomeUnknown
from tests.parties.cast import EMSP_ROLE, LATER, NOW, kind_of, read, register
from tests.parties.fake_platform import FakePlatform

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_on_loopback")]


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
                token_slots.retire_previous(platform.id, now=LATER)  # somebody used the token in force meanwhile
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
        assert not token_slots.retire_previous(platform.id, now=LATER)

    @pytest.mark.parametrize(
        ("status", "body"), [(200, b'{"status_code":1000,"data":{}}'), (200, b"{"), (502, b"<html>"), (504, b"")]
    )
    def test_an_answer_that_says_nothing_leaves_either_token_good(
        self, registered: tuple[Platform, str], fake: FakePlatform, status: int, body: bytes
    ) -> None:
        fake.spoil, fake.spoilt_status = {"/2.2.1/credentials": body}, status

        with pytest.raises(OutcomeUnknown):
            handshake.rotate(registered[0], now=LATER)

        assert kind_of(registered[1], now=LATER) == "credentials"
        assert kind_of(get_offers(fake)[0], now=LATER) == "previous"

    def test_a_repeat_that_is_refused_leaves_either_token_good(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        """The first PUT was taken over, its answer lost; the token of the second is void by that."""

        def take_one(method: str, path: str) -> None:
            if method == "PUT":
                fake.hang_up_on = () if len(get_offers(fake)) > 1 else ("PUT",)
                fake.spoil, fake.spoilt_status = {path: b'{"status_code":2000}'}, 401

        fake.on_call = take_one

        with pytest.raises(OutcomeUnknown):
            handshake.rotate(registered[0], now=LATER)

        assert len(get_offers(fake)) == 2
        assert kind_of(get_offers(fake)[0], now=LATER) == "previous"

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
        token_slots.retire_previous(registered[0].id, now=LATER)
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

    @pytest.mark.django_db(transaction=True)
    def test_leaves_a_platform_void_that_is_suspended_meanwhile(
        self, registered: tuple[Platform, str], fake: FakePlatform
    ) -> None:
        def suspend(method: str, path: str) -> None:
            if method == "PUT":
                Platform.objects.get().suspend(now=LATER)
                connection.close()

        fake.on_call = suspend
        with pytest.raises(ServerError):
            handshake.rotate(registered[0], now=LATER)

        platform = Platform.objects.get()
        assert (platform.state, platform.token_out) == (Platform.State.SUSPENDED, "")
        assert kind_of(get_offers(fake)[0], now=LATER) is None

    def test_asks_nothing_of_a_suspended_platform(self, registered: tuple[Platform, str], fake: FakePlatform) -> None:
        registered[0].suspend(now=LATER)

        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(registered[0], now=LATER)

        assert fake.calls == []

    def test_needs_a_registration(self, planned: Platform) -> None:
        with pytest.raises(UnableToUseClientApi):
            handshake.rotate(planned, now=NOW)
