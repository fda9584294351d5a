"""Two hubs with servers of their own, registered with each other: a CPO at the one, an eMSP at the other (ROUTE-46)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conformance.lists import ask_until, wait_until
from tests.conformance.objects import cdr, location, session, token
from tests.conformance.operator import ManagementApi
from tests.conformance.partner import FUNCTIONAL, Partner, reply
from tests.conformance.wire import Call
from tests.journeys.hub import PATIENCE, JourneyHub, run_hub

HUB, HUB2 = "NL*HUB", "BE*HU2"
CPO, EMSP, GUEST = "DE*CPA", "NL*MSA", "NL*MSG"


@dataclass
class Place:
    """One of the hubs, and who works there."""

    hub: JourneyHub
    staff: ManagementApi

    @property
    def versions_url(self) -> str:
        return f"{self.hub.url}/ocpi/versions"

    def plan(self, name: str, role: str) -> tuple[Any, str]:
        planned = self.staff.plan(name, [role])
        return planned.handle, planned.token_a

    def join(self, stack: ExitStack, role: str) -> Partner:
        partner = Partner(role, versions_url=self.versions_url, token_a=self.plan(role, role)[1])
        stack.callback(partner.close)
        return partner.register()


@dataclass
class TwoHubs:
    one: Place
    two: Place
    cpo: Partner  # at the first
    emsp: Partner  # at the second


def wait_for_info(partner: Partner, party: str, status: str) -> Call:
    return partner.wait_for(
        "PUT",
        "hubclientinfo",
        contains=party.replace("*", "/"),
        that=lambda call: call.json["status"] == status,
        within=PATIENCE,
    )


@pytest.fixture(scope="module")
def hubs() -> Iterator[TwoHubs]:
    with ExitStack() as stack:
        one, two = (
            Place(hub, ManagementApi(url=f"{hub.url}/api", staff_token=hub.staff_token))
            for hub in (stack.enter_context(run_hub()), stack.enter_context(run_hub(HUB_PARTY=HUB2)))
        )
        _, token_a = two.plan("the first hub", f"{HUB} HUB")
        handle, _ = one.plan("the second hub", f"{HUB2} HUB")
        assert one.staff.register_at(handle, versions_url=two.versions_url, token_a=token_a)
        cpo, emsp = one.join(stack, f"{CPO} CPO"), two.join(stack, f"{EMSP} EMSP")
        for place in (one, two):
            place.staff.contract(CPO, EMSP, modules=FUNCTIONAL)
        wait_for_info(emsp, CPO, "CONNECTED")
        wait_for_info(cpo, EMSP, "CONNECTED")
        yield TwoHubs(one, two, cpo, emsp)


class TestTwoHubs:
    def test_a_location_is_told_on_to_the_other_hubs_partner(self, hubs: TwoHubs) -> None:
        answer = hubs.cpo.call("PUT", "locations", "DE/CPA/LOC1", body=location("LOC1"), to=HUB)

        call = hubs.emsp.wait_for("PUT", "locations", contains="LOC1", within=PATIENCE)
        assert (answer.code, call.suffix) == (1000, "DE/CPA/LOC1")
        assert (call.to, call.sender) == (EMSP, HUB)
        listed = hubs.emsp.call("GET", "locations", interface="SENDER", to=HUB2)
        assert [one["id"] for one in listed.data] == ["LOC1"]

    def test_a_session_and_its_bill_arrive_from_end_to_end(self, hubs: TwoHubs) -> None:
        answer = hubs.cpo.call("PUT", "sessions", "DE/CPA/S1", body=session("S1"), to=EMSP)
        bill = hubs.cpo.call("POST", "cdrs", body=cdr("C1"), to=EMSP)

        assert (answer.code, answer.to, answer.sender) == (1000, CPO, EMSP)
        seen = hubs.emsp.wait_for("PUT", "sessions", contains="S1")
        assert (seen.to, seen.sender, seen.correlation_id) == (EMSP, CPO, answer.headers["X-Correlation-ID"])
        assert bill.code == 1000
        assert hubs.emsp.wait_for("POST", "cdrs", contains="C1").sender == CPO
        assert urlsplit(bill.headers["Location"]).netloc == urlsplit(hubs.one.hub.url).netloc
        assert hubs.cpo.call_url("GET", bill.headers["Location"]).data["id"] == "C1"
        assert [one["id"] for one in hubs.emsp.call("GET", "cdrs", interface="SENDER", to=HUB2).data] == ["C1"]

    def test_a_remote_start_and_its_later_result_come_through(self, hubs: TwoHubs) -> None:
        own = f"{hubs.emsp.url}/callbacks/start"
        command = {"response_url": own, "token": token("T1"), "location_id": "LOC1"}

        with hubs.cpo.answering(reply({"result": "ACCEPTED", "timeout": 30}), when=lambda call: "START" in call.path):
            answer = hubs.emsp.call("POST", "commands", "START_SESSION", body=command, to=CPO)
        asked = hubs.cpo.wait_for("POST", "commands", contains="START_SESSION")
        back = hubs.cpo.call_url("POST", asked.json["response_url"], body={"result": "ACCEPTED"}, to=EMSP)

        assert (answer.code, answer.data["result"]) == (1000, "ACCEPTED")
        assert (asked.to, asked.sender) == (CPO, EMSP)
        assert urlsplit(asked.json["response_url"]).netloc == urlsplit(hubs.one.hub.url).netloc
        assert back.code == 1000
        result = hubs.emsp.wait_for("POST", contains="/callbacks/start")
        assert (result.json, result.to, result.sender) == ({"result": "ACCEPTED"}, EMSP, CPO)

    def test_a_token_is_told_and_asked_about_the_other_way(self, hubs: TwoHubs) -> None:
        told = hubs.emsp.call("PUT", "tokens", "NL/MSA/T1", body=token("T1"), to=HUB2)
        seen = hubs.cpo.wait_for("PUT", "tokens", contains="T1", within=PATIENCE)
        allowed = reply({"allowed": "ALLOWED", "token": token("T1")})

        with hubs.emsp.answering(allowed, when=lambda call: "authorize" in call.path):
            answer = hubs.cpo.call("POST", "tokens", "T1/authorize", interface="SENDER", query="type=RFID", to=EMSP)

        assert (told.code, seen.suffix, seen.sender) == (1000, "NL/MSA/T1", HUB2)
        assert (answer.code, answer.data["allowed"], answer.sender) == (1000, "ALLOWED", EMSP)

    def test_each_hub_shows_its_staff_who_is_behind_the_other(self, hubs: TwoHubs) -> None:
        for place, name, party in ((hubs.one, "the second hub", "MSA"), (hubs.two, "the first hub", "CPA")):
            [platform] = place.staff.call("GET", f"/platforms/?name={name.replace(' ', '%20')}")["results"]
            assert (party, "CONNECTED") in [(one["party_id"], one["status"]) for one in platform["parties_behind"]]

    def test_who_leaves_one_hub_is_gone_at_the_other(self, hubs: TwoHubs) -> None:
        with ExitStack() as stack:
            guest = hubs.two.join(stack, f"{GUEST} EMSP")
            for place in (hubs.one, hubs.two):
                place.staff.contract(CPO, GUEST, modules=FUNCTIONAL)
            wait_for_info(hubs.cpo, GUEST, "CONNECTED")
            guest.configure("DELETE", guest.hub_endpoints["credentials", "SENDER"])

            wait_for_info(hubs.cpo, GUEST, "SUSPENDED")
            answer = ask_until(
                lambda: hubs.cpo.call("PUT", "sessions", "DE/CPA/S2", body=session("S2", token_owner=GUEST), to=GUEST),
                code=4003,
                within=PATIENCE,
            )
            assert answer.code == 4003
            assert not guest.find("PUT", "sessions", contains="S2")

    def test_nothing_failed(self, hubs: TwoHubs) -> None:
        for place in (hubs.one, hubs.two):
            logs = "\n".join(place.hub.read_log(name) for name in ("web", "worker", "beat"))
            assert "Traceback" not in logs
            wait_until(
                lambda hub=place.hub: (
                    hub.count(  # type: ignore[misc]
                        "SELECT count(*) FROM journal_pullrequest WHERE module = 'hubclientinfo' AND state = 'DONE'"
                    )
                    > 0
                ),
                what="the other hub's list was read",
            )
