"""A connection from beginning to end over HTTP: registering anew, updates, roles that go, silence and return."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forwarding.announce import Settled, announce
from forwarding.watch import watch
from journal.writer import Writer
from parties import handshake
from parties.models import Party, Platform
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document
from tests.gateway.test_configuration import ask, plan, register, wait_until
from tests.live.hub import LiveHub
from tests.live.partner import get_code
from tests.parties.fake_platform import CPO_ROLE, run_platform

EMSP_ROLE = CPO_ROLE | {"role": "EMSP"}


def credentials_url(hub: LiveHub) -> str:
    return f"{hub.url}/ocpi/2.2.1/credentials"


def get_status(hub: LiveHub, token: str) -> int:
    return ask(hub, "GET", hub.versions_url, token).status_code


def tell(cast: Cast) -> None:
    """What the worker does every few seconds: compare, tell, deliver."""
    writer = Writer(on_events=lambda _: None)
    writer.start()
    try:
        announce(writer=writer, settled=Settled(), now=datetime.now(UTC))
    finally:
        writer.stop()
    cast.hub.deliver()


class TestRegisteringAnew:
    def test_replaces_the_tokens_only_when_it_succeeded(self, hub: LiveHub):  # CRED-06
        platform, token_a = plan()
        with run_platform() as peer:
            old = register(hub, peer, token_a).json()["data"]["token"]
            platform.refresh_from_db()
            fresh = platform.issue_token_a()
            peer.spoil["/versions"] = b"<html>"
            failed = register(hub, peer, fresh)
            after_failure = get_status(hub, old)
            peer.spoil.clear()
            done = register(hub, peer, fresh)
            new = done.json()["data"]["token"]

            assert (get_code(failed), after_failure) == (3001, 200)
            assert get_code(done) == 1000
            wait_until(lambda: get_status(hub, old) == 401)
            assert (get_status(hub, new), get_status(hub, fresh)) == (200, 401)


class TestTokens:
    @pytest.mark.parametrize("token", ["two words", "t\u00f6k"])
    def test_with_odd_characters_are_logged_and_used(
        self, hub: LiveHub, caplog: pytest.LogCaptureFixture, token: str
    ):  # CRED-18
        _, token_a = plan()

        with caplog.at_level(logging.WARNING, logger="parties.handshake"), run_platform(token=token) as peer:
            answer = register(hub, peer, token_a)

        assert get_code(answer) == 1000
        assert {used for _, _, used in peer.calls} == {token}
        assert "CRED-18" in caplog.text
        assert token not in caplog.text


class TestUpdateByTheHub:
    def test_reads_afresh_and_puts_with_a_token_that_works_already(self, hub: LiveHub):  # CRED-26, VERS-10
        platform, token_a = plan()
        statuses: list[int] = []

        with run_platform() as peer:
            old = register(hub, peer, token_a).json()["data"]["token"]
            seen = len(peer.calls)

            def call_back(method: str, path: str) -> None:
                if method == "PUT":
                    statuses.append(get_status(hub, peer.get_body("PUT")["token"]))

            peer.on_call = call_back
            peer.modules.append(("tariffs", "SENDER"))
            platform.refresh_from_db()
            handshake.rotate(platform, now=datetime.now(UTC))
            methods = [(method, path) for method, path, _ in peer.calls[seen:]]
            new, url = peer.get_body("PUT")["token"], peer.get_body("PUT")["url"]

            assert methods == [("GET", "/versions"), ("GET", "/2.2.1"), ("PUT", "/2.2.1/credentials")]
            assert statuses == [200]
            assert (new != old, url) == (True, hub.versions_url)
            assert platform.endpoints.filter(module="tariffs").exists()


class TestRoles:
    def test_that_a_put_leaves_out_are_suspended_and_come_back_with_another(self, hub: LiveHub):  # CRED-22
        _, token_a = plan()
        url = credentials_url(hub)

        def states() -> dict[str, bool]:
            return dict(Party.objects.values_list("role", "is_active"))

        with run_platform(roles=[CPO_ROLE, EMSP_ROLE]) as peer:
            token = register(hub, peer, token_a).json()["data"]["token"]
            before = states()
            less = ask(hub, "PUT", url, token, peer.make_credentials(roles=[CPO_ROLE]))
            without = states()
            more = ask(hub, "PUT", url, less.json()["data"]["token"], peer.make_credentials())

        assert get_code(more) == 1000
        assert before == {"CPO": True, "EMSP": True}
        assert without == {"CPO": True, "EMSP": False}
        assert states() == before

    def test_that_go_are_told_as_suspended(self, cast: Cast):  # CRED-22, HCI-06
        tell(cast)
        Party.objects.filter(party_id="CPO").update(is_active=False, changed_at=datetime.now(UTC))
        cast.hub.settle()

        tell(cast)

        last = cast.emsp.seen[-1]
        assert (last.method, last.path) == ("PUT", "/receiver/hubclientinfo/NL/CPO")
        assert b'"SUSPENDED"' in last.body


class TestSilence:
    """HCI-11 to HCI-13. Time passes by the clock that is handed in."""

    def later(self, **terms: float) -> datetime:
        return datetime.now(UTC) + timedelta(**terms)

    def send(self, cast: Cast) -> Any:
        body = as_json(location_document())
        return cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=body, to="FR*MSP")

    def test_is_asked_about_only_after_a_while(self, cast: Cast):  # HCI-11
        for partner in (cast.cpo, cast.emsp, cast.other_cpo, cast.other_emsp):
            partner.call_url("GET", cast.hub.versions_url)
        cast.hub.edge._hub.heartbeats._flush()

        early, late = watch(clock=lambda: self.later(seconds=200)), watch(clock=lambda: self.later(seconds=400))

        assert (early, late) == (0, 4)
        assert [(seen.method, seen.path) for seen in cast.emsp.seen] == [("GET", "/versions")]

    def test_that_lasts_takes_a_platform_offline_until_it_answers(self, cast: Cast):  # HCI-12, HCI-13
        make_agreement("NL*CPO", "IT*MSX")
        tell(cast)
        cast.emsp.answer_with(b"", status=500)
        watch(clock=lambda: self.later(minutes=10))
        cast.hub.settle()
        tell(cast)
        told = [seen.body for seen in cast.cpo.seen if seen.path.endswith("/FR/MSP")]
        calls = len(cast.emsp.seen)

        refused = self.send(cast)
        cast.hub.deliver()

        assert not Platform.objects.get(pk=cast.emsp.platform.pk).is_online
        assert b'"OFFLINE"' in told[-1]
        assert (get_code(refused), len(cast.emsp.seen)) == (4003, calls)

        cast.emsp.answer_with({"status_code": 1000, "timestamp": "2026-11-20T10:00:00Z", "data": []})
        watch(clock=lambda: self.later(minutes=20))
        cast.hub.settle()
        cast.hub.deliver()
        replayed = [seen for seen in cast.emsp.seen if "locations" in seen.path and seen.method == "PUT"]

        assert get_code(self.send(cast)) == 1000
        assert replayed == []

    def test_ends_with_any_message(self, cast: Cast):  # HCI-12
        Platform.objects.filter(pk=cast.emsp.platform.pk).update(is_online=False)
        cast.hub.settle()

        cast.emsp.call_url("GET", cast.hub.versions_url)

        wait_until(lambda: Platform.objects.get(pk=cast.emsp.platform.pk).is_online)

    def test_changes_nothing_where_nothing_changed(self, cast: Cast):  # HCI-15
        before = Platform.objects.get(pk=cast.emsp.platform.pk).changed_at

        watch(clock=lambda: self.later(minutes=10))
        watch(clock=lambda: self.later(minutes=20))

        assert Platform.objects.get(pk=cast.emsp.platform.pk).changed_at == before
