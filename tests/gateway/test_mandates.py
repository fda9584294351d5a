"""Who acts for whom: what a mandate lets through, at once, and what it does not (SESS-07, SESS-17, CDR-09, LOC-19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agreements.models import Mandate
from cdrs.models import Cdr
from charging_sessions.models import Session
from locations.models import Location
from ocpi.calls import PartyId
from tariffs.models import Tariff
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, cdr_document, location_document, session_document, tariff_document
from tests.live.partner import LONG_AGO, Partner, get_code
from tests.pulls.lists import Lists, pull, write_page

LATER = "2026-11-21T12:00:00Z"
S1 = "NL/CPO/S1"


def grant(cast: Cast, agent: str, principal: str, *modules: str) -> Mandate:
    mandate = Mandate.grant(
        agent=PartyId.of_text(agent),
        principal=PartyId.of_text(principal),
        modules=modules,
        valid_from=LONG_AGO,
        now=LONG_AGO,
    )
    Mandate.objects.filter(pk=mandate.pk).update(created_at=LONG_AGO)
    cast.hub.settle()
    return mandate


def end(cast: Cast, mandate: Mandate) -> None:
    mandate.end(now=LONG_AGO)
    cast.hub.settle()


def get_pushed(partner: Partner, method: str) -> list[str]:
    return [f"{seen.method} {seen.path}" for seen in partner.seen if seen.method == method]


def get_ids(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json()["data"]]


@pytest.fixture
def other(cast: Cast, new_partner: Callable[..., Partner]) -> Partner:
    """A party that owns no token, under agreement with the CPO and with the eMSP."""
    partner = new_partner(("SE*OTH", "OTHER"))
    make_agreement("NL*CPO", "SE*OTH")
    make_agreement("FR*MSP", "SE*OTH")
    cast.hub.settle()
    return partner


@pytest.fixture
def scsp(cast: Cast, new_partner: Callable[..., Partner]) -> Partner:
    partner = new_partner(("DE*SCP", "SCSP"))
    make_agreement("NL*CPO", "DE*SCP")
    make_agreement("FR*MSP", "DE*SCP")
    cast.hub.settle()
    return partner


class TestSessions:
    def push(self, cast: Cast, *, to: str, **changes: Any) -> Any:
        return cast.cpo.call("PUT", "sessions", S1, body=as_json(session_document(**changes)), to=to)

    def test_go_to_the_one_that_acts_for_the_tokens_owner(self, cast: Cast, other: Partner):  # SESS-07
        without = self.push(cast, to="SE*OTH")
        mandate = grant(cast, "SE*OTH", "FR*MSP", "sessions")
        taken = self.push(cast, to="SE*OTH")
        body = as_json({"kwh": 13, "last_updated": LATER})
        patched = cast.cpo.call("PATCH", "sessions", S1, body=body, to="SE*OTH")
        end(cast, mandate)
        ended = self.push(cast, to="SE*OTH")
        ended_patch = cast.cpo.call("PATCH", "sessions", S1, body=body, to="SE*OTH")

        assert [get_code(answer) for answer in (without, taken, patched, ended, ended_patch)] == [
            2001, 1000, 1000, 2001, 2001
        ]  # fmt: skip
        assert len(other.seen) == 2
        assert cast.emsp.seen == []

    def test_go_to_an_scsp_by_agreement(self, cast: Cast, scsp: Partner):  # SESS-07
        assert get_code(self.push(cast, to="DE*SCP")) == 1000
        assert get_pushed(scsp, "PUT") == ["PUT /receiver/sessions/NL/CPO/S1"]

    def test_do_not_go_to_an_scsp_that_is_an_emsp_too(self, cast: Cast, new_partner: Callable[..., Partner]):
        """Its agreement may be about its own tokens."""
        both = new_partner(("BE*TWO", "SCSP"), ("BE*TWO", "EMSP"))
        make_agreement("NL*CPO", "BE*TWO")
        cast.hub.settle()

        assert get_code(self.push(cast, to="BE*TWO")) == 2001
        assert both.seen == []

    def test_are_passed_on_by_the_tokens_owner(self, cast: Cast, scsp: Partner):  # SESS-17
        self.push(cast, to="FR*MSP")
        kept = Session.objects.values().get()
        own, foreign = as_json(session_document(kwh=99)), as_json(session_document(token_owner="IT*MSX"))
        change = as_json({"kwh": 98, "last_updated": LATER})

        def pass_on(method: str, body: bytes, path: str = S1, to: str = "DE*SCP") -> tuple[int, int]:
            answer = cast.emsp.call(method, "sessions", path, body=body, to=to)
            return answer.status_code, get_code(answer)

        without = pass_on("PUT", own)
        mandate = grant(cast, "DE*SCP", "FR*MSP", "sessions")
        passed = [pass_on("PUT", own), pass_on("PATCH", change)]
        refused = [pass_on("PUT", foreign), pass_on("PATCH", change, "NL/CPO/S2"), pass_on("PUT", own, to="NL*HUB")]
        end(cast, mandate)
        ended = pass_on("PUT", own)

        assert passed == [(200, 1000)] * 2
        assert [without, *refused, ended] == [(404, 2001)] * 5
        sent = [seen for seen in scsp.seen if seen.method in ("PUT", "PATCH")]
        assert [seen.body for seen in sent] == [own, change]
        assert sent[0].headers["ocpi-from-party-id"] == "MSP"
        assert Session.objects.values().get() == kept

    def test_of_another_emsps_token_are_not_passed_on(self, cast: Cast, scsp: Partner):  # SESS-17
        cast.other_cpo.call(
            "PUT",
            "sessions",
            "DE/CPX/S9",
            body=as_json(session_document(owner="DE*CPX", id="S9", token_owner="IT*MSX")),
        )
        grant(cast, "DE*SCP", "FR*MSP", "sessions")
        change = as_json({"kwh": 98, "last_updated": LATER})

        answer = cast.emsp.call("PATCH", "sessions", "DE/CPX/S9", body=change, to="DE*SCP")

        assert answer.status_code == 404
        assert scsp.seen == []

    def test_are_read_by_the_one_that_acts_for_the_tokens_owner(self, cast: Cast, other: Partner):
        self.push(cast, to="FR*MSP")
        path = "?date_from=2020-01-01T00:00:00Z"
        cast.cpo.answer_with(write_page([session_document()]))

        def read_lists() -> list[list[str]]:
            answers = [other.call("GET", "sessions", path, interface="sender", to=to) for to in ("NL*HUB", "NL*CPO")]
            return [get_ids(answer) for answer in answers]

        without = read_lists()
        grant(cast, "SE*OTH", "FR*MSP", "sessions")

        assert without == [[], []]
        assert read_lists() == [["S1"], ["S1"]]


class TestCdrs:
    def test_go_to_the_one_that_acts_for_the_tokens_owner(self, cast: Cast, other: Partner, scsp: Partner):  # CDR-09
        def post(id: str, *, to: str) -> int:
            return get_code(cast.cpo.call("POST", "cdrs", body=as_json(cdr_document(id=id)), to=to))

        without = [post("C1", to="SE*OTH"), post("C1", to="DE*SCP")]
        grant(cast, "SE*OTH", "FR*MSP", "sessions")
        of_another_module = post("C1", to="SE*OTH")
        mandate = grant(cast, "SE*OTH", "FR*MSP", "cdrs")
        taken = post("C1", to="SE*OTH")
        end(cast, mandate)

        assert [*without, of_another_module, taken, post("C2", to="SE*OTH")] == [2001, 2001, 2001, 1000, 2001]
        assert len(other.seen) == 1
        assert Cdr.objects.get().verdict_code == 1000


class TestNap:
    """It passes on what is of its principal (LOC-19, TRANS-35)."""

    @pytest.fixture
    def nap(self, cast: Cast, new_partner: Callable[..., Partner]) -> Partner:
        nap = new_partner(("BE*NAP", "NAP"))
        make_agreement("BE*NAP", "IT*MSX")
        make_agreement("SE*ABC", "FR*MSP")  # the principal is not connected itself
        cast.hub.settle()
        cast.hub.deliver()
        return nap

    def push(self, nap: Partner, module: str = "locations", *, to: str = "NL*HUB", id: str = "L1") -> int:
        make = location_document if module == "locations" else tariff_document
        return nap.call("PUT", module, f"SE/ABC/{id}", body=as_json(make(owner="SE*ABC", id=id)), to=to).status_code

    def test_pushes_with_a_mandate(self, cast: Cast, nap: Partner):
        without = self.push(nap)
        mandate = grant(cast, "BE*NAP", "SE*ABC", "locations")
        done = [self.push(nap), self.push(nap, "tariffs")]
        end(cast, mandate)

        assert (without, done, self.push(nap, id="L2")) == (404, [201, 404], 404)
        assert Location.objects.get().owner == "seabc"
        assert not Tariff.objects.exists()

    def test_is_heard_by_the_partners_of_its_principal(self, cast: Cast, nap: Partner):
        grant(cast, "BE*NAP", "SE*ABC", "locations", "tariffs")
        self.push(nap)
        self.push(nap, "tariffs")

        cast.hub.deliver()

        told = get_pushed(cast.emsp, "PUT")
        assert sorted(told) == ["PUT /receiver/locations/SE/ABC/L1", "PUT /receiver/tariffs/SE/ABC/L1"]
        assert cast.other_emsp.seen == []
        assert nap.seen == []
        assert get_ids(cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")) == ["L1"]

    def test_addresses_its_own_partners(self, cast: Cast, nap: Partner):
        grant(cast, "BE*NAP", "SE*ABC", "locations")

        assert self.push(nap, to="IT*MSX") == 200
        assert cast.other_emsp.seen[-1].headers["ocpi-from-party-id"] == "NAP"

    @pytest.mark.parametrize("role", ["CPO", "EMSP"])
    def test_is_what_must_pass_on(self, cast: Cast, new_partner: Callable[..., Partner], role: str):
        partner = new_partner(("BE*XXX", role))
        grant(cast, "BE*XXX", "SE*ABC", "locations")

        assert self.push(partner) == 404
        assert not Location.objects.exists()

    def test_lists_them(self, cast: Cast, nap: Partner):
        listed = [location_document(owner="SE*ABC", id="L1"), location_document(owner="DE*CPX", id="L2")]
        Lists(nap, {"locations": [listed]})
        grant(cast, "BE*NAP", "SE*ABC", "locations")

        pull(nap)

        assert [(one.owner, one.object_id) for one in Location.objects.all()] == [("seabc", "L1")]
        cast.hub.deliver()
        assert get_pushed(cast.emsp, "PUT") == ["PUT /receiver/locations/SE/ABC/L1"]
