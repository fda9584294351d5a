"""Versions, credentials and hub client info over HTTP, as a platform meets them from Token A on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from parties.models import Party, Platform
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document
from tests.live.hub import LiveHub
from tests.live.partner import Partner, get_code
from tests.parties.fake_platform import FakePlatform, run_platform

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def plan(name: str = "Blue Power") -> tuple[Platform, str]:
    """What staff does: a partner and its one-time Token A."""
    platform = Platform.objects.create(name=name, changed_at=NOW)
    return platform, platform.issue_token_a()


def ask(hub: LiveHub, method: str, url: str, token: str | None, body: Any = None, **headers: str) -> requests.Response:
    if token is not None:
        headers["Authorization"] = "Token " + base64.b64encode(token.encode()).decode()
    return hub.request(method, url, json=body, headers=headers)


def register(hub: LiveHub, peer: FakePlatform, token_a: str) -> requests.Response:
    return ask(hub, "POST", f"{hub.url}/ocpi/2.2.1/credentials", token_a, peer.make_credentials())


class TestVersions:
    def test_lead_from_token_a_to_every_endpoint(self, hub: LiveHub):  # VERS-01 to VERS-05, VERS-12
        _, token_a = plan()

        (version,) = ask(hub, "GET", hub.versions_url, token_a).json()["data"]
        details = ask(hub, "GET", version["url"], token_a).json()["data"]

        pairs = [(endpoint["identifier"], endpoint["role"]) for endpoint in details["endpoints"]]
        assert version["version"] == details["version"] == "2.2.1"
        assert len(pairs) == len(set(pairs))
        assert {("credentials", "SENDER"), ("hubclientinfo", "SENDER"), ("cdrs", "RECEIVER")} <= set(pairs)
        assert all(endpoint["url"].startswith(f"{hub.url}/ocpi/2.2.1/") for endpoint in details["endpoints"])

    def test_say_nothing_from_the_host_header(self, hub: LiveHub):  # decision 7
        _, token_a = plan()

        answer = ask(hub, "GET", hub.versions_url, token_a, Host="evil.example", **{"X-Forwarded-Host": "evil.example"})

        assert "evil" not in answer.text

    @pytest.mark.parametrize(
        "path", ["versions", "2.2.1", "2.2.1/credentials", "2.2.1/sender/hubclientinfo", "2.9", "x/y/z"]
    )
    def test_need_a_token(self, hub: LiveHub, path: str):  # TRANS-02
        answer = ask(hub, "GET", f"{hub.url}/ocpi/{path}", None)

        assert (answer.status_code, get_code(answer)) == (401, 2000)
        assert answer.headers["X-Request-ID"]

    @pytest.mark.parametrize("path", ["2.9", "2.2.1/nothing"])
    def test_know_no_other_version(self, cast: Cast, path: str):  # VERS-11
        assert cast.cpo.call_url("GET", f"{cast.hub.url}/ocpi/{path}").status_code == 404

    def test_credentials_of_another_version_are_3002(self, cast: Cast):  # VERS-11
        answer = cast.cpo.call_url("GET", f"{cast.hub.url}/ocpi/2.9/credentials")

        assert (answer.status_code, get_code(answer)) == (200, 3002)

    def test_token_a_opens_nothing_else(self, hub: LiveHub):  # TRANS-06
        _, token_a = plan()

        for path in ("2.2.1/sender/locations", "2.2.1/sender/hubclientinfo", "2.2.1/alias/x", "2.2.1/sender/versions"):
            assert ask(hub, "GET", f"{hub.url}/ocpi/{path}", token_a).status_code == 401


class TestRegistration:
    def test_turns_token_a_into_token_c(self, hub: LiveHub):  # CRED-03, CRED-04, CRED-16, CRED-17
        platform, token_a = plan()

        with run_platform() as peer:
            answer = register(hub, peer, token_a)
            credentials = answer.json()["data"]
            own = ask(hub, "GET", f"{hub.url}/ocpi/2.2.1/credentials", credentials["token"]).json()["data"]

        platform.refresh_from_db()
        assert (answer.status_code, get_code(answer)) == (200, 1000)
        assert [call[2] for call in peer.calls] == ["their-token"] * 2
        assert ask(hub, "GET", hub.versions_url, token_a).status_code == 401
        assert own["token"] == credentials["token"]
        assert [(role["role"], role["party_id"]) for role in own["roles"]] == [("HUB", "HUB")]
        assert platform.state == "REGISTERED"
        assert credentials["token"] not in str(Platform.objects.values().get(pk=platform.pk))

    def test_works_at_once_for_calls_with_token_c(self, hub: LiveHub):
        _, token_a = plan()

        with run_platform() as peer:
            token_c = register(hub, peer, token_a).json()["data"]["token"]
            answer = ask(hub, "GET", hub.get_url("locations", "sender"), token_c)

        assert get_code(answer) == 1000

    def test_calls_the_hub_back_with_token_b_while_its_post_is_open(self, hub: LiveHub):  # CRED-10
        from parties.handshake import register_at

        platform, _ = plan()
        statuses: list[int] = []

        def call_back(method: str, path: str) -> None:
            if method == "POST":
                token_b = peer.get_body("POST")["token"]
                statuses.append(ask(hub, "GET", hub.versions_url, token_b).status_code)

        with run_platform(on_call=call_back) as peer:
            register_at(platform, versions_url=peer.versions_url, token_a="their-token-a", now=datetime.now(UTC))

        platform.refresh_from_db()
        assert statuses == [200]
        assert platform.state == "REGISTERED"

    def test_that_fails_leaves_token_a_good(self, hub: LiveHub):  # CRED-07
        _, token_a = plan()

        with run_platform(spoil={"/versions": b"<html>"}) as peer:
            failed = register(hub, peer, token_a)
            peer.spoil.clear()
            repaired = register(hub, peer, token_a)

        assert (failed.status_code, get_code(failed)) == (200, 3001)
        assert get_code(repaired) == 1000

    def test_names_what_is_wrong_in_the_body(self, hub: LiveHub):  # CRED-18
        _, token_a = plan()

        answer = ask(
            hub, "POST", f"{hub.url}/ocpi/2.2.1/credentials", token_a, {"token": "x", "url": "http://127.0.0.1:1/"}
        )

        assert get_code(answer) == 2001
        assert "roles" in answer.json()["status_message"]

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_must_come_before_changes(self, hub: LiveHub, method: str):  # CRED-13
        _, token_a = plan()

        answer = ask(hub, method, f"{hub.url}/ocpi/2.2.1/credentials", token_a, {})

        assert (answer.status_code, get_code(answer)) == (405, 2000)

    def test_twice_is_refused(self, cast: Cast):  # CRED-05, CRED-01
        url = f"{cast.hub.url}/ocpi/2.2.1/credentials"

        assert cast.cpo.call_url("POST", url, body={}).status_code == 405
        assert cast.cpo.call_url("PATCH", url, body={}).status_code == 405

    def test_does_not_take_over_another_platforms_party(self, cast: Cast):  # CRED-21
        platform, token_a = plan("Impostor")

        with run_platform() as peer:  # it says it is NL*CPO
            answer = register(cast.hub, peer, token_a)

        assert get_code(answer) == 2001
        assert Party.objects.get(party_id="CPO").platform == cast.cpo.platform
        assert not platform.parties.exists()


class TestUpdate:
    def test_changes_tokens_and_leaves_a_grace(self, hub: LiveHub):  # CRED-12, CRED-14
        _, token_a = plan()
        url = f"{hub.url}/ocpi/2.2.1/credentials"

        with run_platform() as peer:
            old = register(hub, peer, token_a).json()["data"]["token"]
            peer.token = "their-second-token"
            new = ask(hub, "PUT", url, old, peer.make_credentials()).json()["data"]["token"]
            hub.settle()
            in_grace = ask(hub, "GET", hub.versions_url, old).status_code
            used = ask(hub, "GET", hub.versions_url, new).status_code
            wait_until(lambda: ask(hub, "GET", hub.versions_url, old).status_code == 401)

        assert new != old
        assert (in_grace, used) == (200, 200)
        assert peer.calls[-1][2] == "their-second-token"


class TestUnregistering:
    def test_voids_the_token_and_ends_all_traffic(self, cast: Cast):  # CRED-15, HCI-06
        cast.emsp.call_url("DELETE", f"{cast.hub.url}/ocpi/2.2.1/credentials")

        again = cast.emsp.call_url("GET", cast.hub.versions_url)
        cast.hub.settle()
        push = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to="NL*HUB")
        cast.hub.deliver()
        addressed = cast.cpo.call("GET", "tokens", interface="sender", to="FR*MSP")
        infos = cast.cpo.call("GET", "hubclientinfo", interface="sender").json()["data"]

        assert again.status_code == 401
        assert get_code(push) == 1000
        assert cast.emsp.seen == []
        assert get_code(addressed) == 4003
        assert [(info["party_id"], info["status"]) for info in infos] == [("MSP", "SUSPENDED")]

    def test_a_revoked_token_is_dead_within_a_second(self, cast: Cast):  # decision 8
        assert cast.emsp.call_url("GET", cast.hub.versions_url).status_code == 200

        cast.emsp.platform.suspend(now=NOW)

        wait_until(lambda: cast.emsp.call_url("GET", cast.hub.versions_url).status_code == 401)


class TestHubClientInfo:
    def test_shows_the_partners_there_is_an_agreement_with(self, cast: Cast):  # HCI-01 to HCI-04
        answer = cast.cpo.call("GET", "hubclientinfo", interface="sender")

        (info,) = answer.json()["data"]
        assert (info["country_code"], info["party_id"], info["role"], info["status"]) == (
            "FR",
            "MSP",
            "EMSP",
            "CONNECTED",
        )
        assert answer.headers["X-Total-Count"] == "1"
        assert "OCPI-from-party-id" not in answer.headers  # ROUTE-01

    def test_pages_and_filters(self, cast: Cast):
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()

        first = cast.cpo.call("GET", "hubclientinfo", "?limit=1", interface="sender")
        second = cast.cpo.call_url("GET", first.headers["Link"][1:].split(">")[0])
        none = cast.cpo.call("GET", "hubclientinfo", "?date_to=2020-01-01T00:00:00Z", interface="sender")
        at = first.json()["data"][0]["last_updated"]
        since, until = (
            cast.cpo.call("GET", "hubclientinfo", f"?{bound}={at}", interface="sender")
            for bound in ("date_from", "date_to")
        )

        parties = [page.json()["data"][0]["party_id"] for page in (first, second)]
        assert parties == ["MSP", "MSX"]
        assert "Link" not in second.headers
        assert none.json()["data"] == []
        assert (len(since.json()["data"]), until.json()["data"]) == (2, [])  # TRANS-19

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_is_only_read(self, cast: Cast, method: str):
        answer = cast.cpo.call(method, "hubclientinfo", interface="sender", body={})

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


class TestSender:
    def test_is_assumed_where_only_one_party_fits(self, cast: Cast, new_partner: Callable[..., Partner]):  # ROUTE-04
        mix = new_partner(("AT*MIX", "CPO"), ("AT*MIX", "EMSP"))
        two = new_partner(("AT*ONE", "CPO"), ("AT*TWO", "CPO"))
        cast.hub.settle()
        nobody = {"OCPI-from-party-id": "", "OCPI-from-country-code": ""}

        def put(partner: Partner, path: str, owner: str) -> requests.Response:
            body = as_json(location_document(owner=owner))
            return partner.call("PUT", "locations", path, body=body, to="NL*HUB", headers=nobody)

        assert get_code(put(cast.cpo, "NL/CPO/LOC1", "NL*CPO")) == 1000
        assert get_code(put(mix, "AT/MIX/LOC1", "AT*MIX")) == 1000
        assert get_code(put(two, "AT/ONE/LOC1", "AT*ONE")) == 2001

    def test_is_nobody_in_a_role_that_was_given_up(self, cast: Cast, new_partner: Callable[..., Partner]):  # CRED-22
        two = new_partner(("AT*ONE", "CPO"), ("AT*TWO", "CPO"))
        Party.objects.filter(party_id="TWO").update(is_active=False)
        cast.hub.settle()

        answers = [two.call("GET", "tokens", interface="sender", sender=party) for party in ("AT*ONE", "AT*TWO")]

        assert [answer.status_code for answer in answers] == [200, 403]

    def test_headers_come_in_pairs(self, cast: Cast):  # ROUTE-02
        answer = cast.cpo.call("GET", "tokens", interface="sender", headers={"OCPI-to-party-id": "MSP"})

        assert get_code(answer) == 2001
        assert "OCPI-to-country-code" in answer.json()["status_message"]

    def test_ids_are_made_up_where_there_are_none(self, cast: Cast):  # TRANS-38
        answer = cast.cpo.call(
            "GET", "tokens", interface="sender", headers={"X-Request-ID": "", "X-Correlation-ID": ""}
        )

        assert answer.headers["X-Request-ID"]
        assert answer.headers["X-Correlation-ID"]

    def test_raw_tokens_only_from_platforms_known_for_it(self, cast: Cast):  # TRANS-04
        def raw() -> int:
            headers = {"Authorization": f"Token {cast.cpo.token}"}
            return cast.cpo.call_url("GET", cast.hub.versions_url, headers=headers).status_code

        before = raw()
        Platform.objects.filter(pk=cast.cpo.platform.pk).update(sends_raw_token=True)
        cast.hub.settle()

        assert (before, raw()) == (401, 200)


def wait_until(holds: Callable[[], bool], *, tries: int = 400) -> None:
    """For what another thread does in a moment."""
    import time

    for _ in range(tries):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("it did not come true")
