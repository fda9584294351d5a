"""Chains of hubs over HTTP: SE*HU2 is a hub, DK*R4E is an eMSP behind it and DK*R4C a CPO (ROUTE-46, HCI-16)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from parties.models import Party, PartyBehind
from tests.conftest import Cast, make_agreement
from tests.documents import as_json, location_document, session_document, token_document
from tests.gateway.peer_hub import announce, client_info, put_behind
from tests.live.partner import Partner, answer_ok, get_code
from tests.parties.http_peer import Handler, Seen

HU2, EMSP_BEHIND, CPO_BEHIND = "SE*HU2", "DK*R4E", "DK*R4C"
LOCATION = as_json(location_document())
LOCATION_BEHIND = as_json(location_document(owner=CPO_BEHIND))


@dataclass
class Chain(Cast):
    """The cast, and another hub; agreements of NL*CPO with the eMSP behind it, of FR*MSP with the CPO behind it."""

    hub2: Partner


@pytest.fixture
def chain(cast: Cast, new_partner: Callable[..., Partner]) -> Chain:
    chain = Chain(**vars(cast), hub2=new_partner((HU2, "HUB")))
    make_agreement("NL*CPO", EMSP_BEHIND)
    make_agreement(CPO_BEHIND, "FR*MSP")
    chain.hub.settle()
    chain.hub.deliver()
    return chain


@pytest.fixture
def told(chain: Chain) -> Chain:
    put_behind(chain.hub2, EMSP_BEHIND, "EMSP")
    put_behind(chain.hub2, CPO_BEHIND, "CPO")
    return chain


def get_routing(seen: Seen) -> tuple[str, str]:
    """TO and FROM."""
    return tuple(  # type: ignore[return-value]
        "*".join(seen.headers[f"ocpi-{which}-{part}"] for part in ("country-code", "party-id"))
        for which in ("to", "from")
    )


def find(partner: Partner, module: str) -> list[Seen]:
    return [seen for seen in partner.seen if f"/{module}" in seen.path]


class TestRegistry:
    def test_is_offered_to_hubs_alone(self, chain: Chain):
        def offered(partner: Partner) -> bool:
            details = partner.call_url("GET", f"{chain.hub.url}/ocpi/2.2.1").json()["data"]
            return ("hubclientinfo", "RECEIVER") in {(e["identifier"], e["role"]) for e in details["endpoints"]}

        assert offered(chain.hub2)
        assert not offered(chain.cpo)
        for method in ("GET", "PUT"):
            body = client_info(EMSP_BEHIND, "EMSP") if method == "PUT" else None
            assert chain.cpo.call(method, "hubclientinfo", "DK/R4E", body=body).status_code == 404
        assert not PartyBehind.objects.exists()

    def test_keeps_what_was_told_for_who_told_it(self, told: Chain, new_partner: Callable[..., Partner]):
        third = new_partner(("FI*HU3", "HUB"))
        told.hub.settle()

        answer = told.hub2.call("GET", "hubclientinfo", "dk/r4e")

        assert answer.json()["data"] == client_info(EMSP_BEHIND, "EMSP")
        assert told.hub2.call("GET", "hubclientinfo", "DK/ZZZ").status_code == 404
        assert third.call("GET", "hubclientinfo", "DK/R4E").status_code == 404

    def test_says_whether_it_had_heard_of_the_party(self, chain: Chain):  # TRANS-13
        answers = [announce(chain.hub2, EMSP_BEHIND, "EMSP", status=status) for status in ("PLANNED", "CONNECTED")]

        assert [answer.status_code for answer in answers] == [201, 200]

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    def test_has_two_methods(self, chain: Chain, method: str):
        answer = chain.hub2.call(method, "hubclientinfo", "DK/R4E", body={})

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, PUT")

    @pytest.mark.parametrize("path", ["", "DK", "DK/R4E/x", "D/R4E", "DK/R4EX"])
    def test_has_one_url(self, chain: Chain, path: str):
        body = client_info(EMSP_BEHIND, "EMSP")

        assert chain.hub2.call("PUT", "hubclientinfo", path, body=body).status_code == 404

    def test_believes_the_url_only_if_the_body_says_the_same(self, chain: Chain):  # TRANS-34
        assert get_code(announce(chain.hub2, EMSP_BEHIND, "EMSP", at="DK*XXX")) == 2001
        assert get_code(announce(chain.hub2, EMSP_BEHIND, "NONSENSE")) == 2001
        assert get_code(announce(chain.hub2, EMSP_BEHIND, "EMSP", status="GONE")) == 2001
        assert not PartyBehind.objects.exists()

    def test_the_newest_word_counts(self, told: Chain):
        put_behind(told.hub2, EMSP_BEHIND, "EMSP", status="OFFLINE", last_updated="2026-11-20T09:00:00Z")

        assert PartyBehind.objects.get(party_id="R4E").status == "CONNECTED"

    @pytest.mark.parametrize("party", ["NL*HUB", "NL*CPO", "nl*cpo", HU2])
    def test_nobody_who_is_here_can_be_announced(self, chain: Chain, party: str):
        assert get_code(announce(chain.hub2, party, "CPO")) == 2001
        assert not PartyBehind.objects.exists()

    def test_the_first_hub_keeps_a_party_until_it_gives_it_up(self, told: Chain, new_partner: Callable[..., Partner]):
        third = new_partner(("FI*HU3", "HUB"))
        told.hub.settle()

        early = announce(third, EMSP_BEHIND, "EMSP")
        stolen = third.call("GET", "locations", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)
        put_behind(told.hub2, EMSP_BEHIND, "EMSP", status="SUSPENDED", last_updated="2026-11-20T11:00:00Z")
        late = announce(third, EMSP_BEHIND, "EMSP")
        told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND)
        back = announce(told.hub2, EMSP_BEHIND, "EMSP", last_updated="2026-11-20T12:00:00Z")

        assert (get_code(early), stolen.status_code, get_code(late), get_code(back)) == (2001, 403, 1000, 2001)
        assert (len(find(third, "locations")), len(find(told.hub2, "locations"))) == (1, 0)

    def test_who_connects_here_is_behind_nobody_any_more(self, told: Chain, new_partner: Callable[..., Partner]):
        direct = new_partner((EMSP_BEHIND, "EMSP"))
        told.hub.settle()

        answer = told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND)
        spoken = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)

        assert (get_code(answer), spoken.status_code) == (1000, 403)
        assert (len(find(direct, "locations")), len(find(told.hub2, "locations"))) == (1, 0)


class TestTheWayThere:
    def test_is_through_the_hub_with_the_ends_unchanged(self, told: Chain):
        session = as_json(session_document(cdr_token={"country_code": "DK", "party_id": "R4E"}))

        for module, path, body in (("locations", "NL/CPO/LOC1", LOCATION), ("sessions", "NL/CPO/S1", session)):
            answer = told.cpo.call("PUT", module, path, body=body, to=EMSP_BEHIND)

            assert get_code(answer) == 1000, answer.text
            assert answer.headers["OCPI-from-party-id"] == "R4E"
            [seen] = find(told.hub2, module)
            assert (seen.path, seen.body, get_routing(seen)) == (
                f"/receiver/{module}/{path}",
                body,
                (EMSP_BEHIND, "NL*CPO"),
            )

    @pytest.mark.parametrize("status", ["OFFLINE", "PLANNED", "SUSPENDED"])
    def test_ends_where_the_hub_says_so(self, told: Chain, status: str):
        put_behind(told.hub2, EMSP_BEHIND, "EMSP", status=status, last_updated="2026-11-20T11:00:00Z")

        answer = told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND)

        assert get_code(answer) == 4003
        assert find(told.hub2, "locations") == []

    def test_ends_where_the_hub_is_away(self, told: Chain):
        told.hub2.platform.is_online = False
        told.hub2.platform.save(update_fields=["is_online"])
        told.hub.settle()

        assert get_code(told.cpo.call("GET", "tokens", interface="sender", to=EMSP_BEHIND)) == 4003

    def test_needs_an_agreement_of_the_two_ends(self, told: Chain):
        answer = told.other_cpo.call(
            "PUT", "locations", "DE/CPX/L", body=as_json(location_document(owner="DE*CPX", id="L")), to=EMSP_BEHIND
        )

        assert get_code(answer) == 4003

    def test_is_gone_when_the_hub_is_none_any_more(self, told: Chain):
        Party.objects.filter(platform=told.hub2.platform).update(is_active=False)
        told.hub.settle()

        assert get_code(told.cpo.call("GET", "tokens", interface="sender", to=EMSP_BEHIND)) == 4003
        assert announce(told.hub2, EMSP_BEHIND, "EMSP").status_code == 404


class TestTheWayBack:
    def test_the_hub_speaks_for_those_behind_it(self, told: Chain):
        answer = told.hub2.call("GET", "locations", "LOC1", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)

        assert get_code(answer) == 1000
        [seen] = find(told.cpo, "locations")
        assert get_routing(seen) == ("NL*CPO", EMSP_BEHIND)

    @pytest.mark.parametrize("party", ["NL*CPO", "FR*MSP", "DK*ZZZ", "NL*HUB"])
    def test_and_for_nobody_else(self, told: Chain, party: str):  # ROUTE-03
        answer = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", sender=party)

        assert answer.status_code == 403

    @pytest.mark.parametrize("status", ["PLANNED", "SUSPENDED"])
    def test_only_while_it_says_they_are_there(self, told: Chain, status: str):
        put_behind(told.hub2, EMSP_BEHIND, "EMSP", status=status, last_updated="2026-11-20T11:00:00Z")

        answer = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)

        assert answer.status_code == 403

    def test_nobody_else_speaks_for_them(self, told: Chain):
        for partner in (told.cpo, told.emsp, told.other_cpo):
            answer = partner.call("GET", "locations", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)
            assert answer.status_code == 403

    def test_without_from_the_hub_itself_is_meant(self, told: Chain):  # ROUTE-04
        headers = {"OCPI-from-country-code": "", "OCPI-from-party-id": ""}

        answer = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", headers=headers)

        assert get_code(answer) == 4003  # it has no agreement
        assert answer.headers["OCPI-to-party-id"] == "HU2"


class TestBroadcasts:
    def test_reach_each_party_behind_once(self, told: Chain):
        put_behind(told.hub2, "DK*R4X", "EMSP")  # no agreement

        told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to="NL*HUB")
        told.hub.deliver()

        [seen] = find(told.hub2, "locations")
        assert (seen.path, get_routing(seen)) == ("/receiver/locations/NL/CPO/LOC1", (EMSP_BEHIND, "NL*HUB"))

    def test_of_those_behind_are_passed_on_to_the_one_they_are_for(self, told: Chain):  # ROUTE-24, ROUTE-27
        answer = told.hub2.call("PUT", "locations", "DK/R4C/LOC1", body=LOCATION_BEHIND, to="FR*MSP", sender=HU2)
        listed = told.emsp.call("GET", "locations", interface="sender").json()["data"]
        strangers = told.other_emsp.call("GET", "locations", interface="sender").json()["data"]

        assert get_code(answer) == 1000
        [seen] = find(told.emsp, "locations")
        assert (seen.path, get_routing(seen)) == ("/receiver/locations/DK/R4C/LOC1", ("FR*MSP", HU2))
        assert [one["party_id"] for one in listed] == ["R4C"]
        assert strangers == []

    def test_of_those_behind_are_passed_on_by_none_of_them(self, told: Chain):  # TRANS-35
        for to in ("NL*HUB", "FR*MSP"):
            body, sender = LOCATION_BEHIND, EMSP_BEHIND
            answer = told.hub2.call("PUT", "locations", "DK/R4C/LOC1", body=body, to=to, sender=sender)
            assert answer.status_code == 404
        assert find(told.emsp, "locations") == []

    def test_of_those_behind_are_told_on_and_not_back(self, told: Chain):
        make_agreement(CPO_BEHIND, EMSP_BEHIND)
        told.hub.settle()
        for sender, id in ((CPO_BEHIND, "A"), (HU2, "B")):
            body = as_json(location_document(owner=CPO_BEHIND, id=id))
            answer = told.hub2.call("PUT", "locations", f"DK/R4C/{id}", body=body, to="NL*HUB", sender=sender)
            assert get_code(answer) == 1000, answer.text
        told.hub.deliver()

        assert sorted((seen.path, get_routing(seen)) for seen in find(told.emsp, "locations")) == [
            (f"/receiver/locations/DK/R4C/{id}", ("FR*MSP", "NL*HUB")) for id in "AB"
        ]  # two objects come in any order
        assert find(told.hub2, "locations") == []
        assert find(told.other_emsp, "locations") == []

    def test_of_those_behind_wait_at_their_own_hub(self, told: Chain):
        make_agreement(CPO_BEHIND, "IT*MSX", delivery="store_and_forward")
        told.other_emsp.platform.is_online = False
        told.other_emsp.platform.save(update_fields=["is_online"])
        told.hub.settle()

        passed_on, sent = (
            told.hub2.call("PUT", "locations", "DK/R4C/LOC1", body=LOCATION_BEHIND, to="IT*MSX", sender=sender)
            for sender in (HU2, CPO_BEHIND)
        )

        assert (get_code(passed_on), get_code(sent)) == (4003, 1000)


class TestLoops:
    def test_no_way_leads_back_through_the_hub_it_came_from(self, told: Chain):
        make_agreement(CPO_BEHIND, EMSP_BEHIND)
        told.hub.settle()

        answer = told.hub2.call(
            "PUT", "locations", "DK/R4C/LOC1", body=LOCATION_BEHIND, to=EMSP_BEHIND, sender=CPO_BEHIND
        )

        assert get_code(answer) == 4000
        assert find(told.hub2, "locations") == []

    def test_a_call_that_comes_round_is_refused(self, told: Chain):
        same = {"X-Correlation-ID": "round-and-round"}
        came_round: list[int] = []

        def go_round(handler: Handler) -> None:
            told.hub2.behave = lambda handler: handler.answer(
                b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
            )
            answer = told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND, headers=same)
            came_round.append(get_code(answer))
            answer_ok(handler)

        told.hub2.behave = go_round
        first = told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND, headers=same)
        again = told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to=EMSP_BEHIND, headers=same)

        assert (get_code(first), came_round, get_code(again)) == (1000, [4000], 1000)
        assert len(find(told.hub2, "locations")) == 2


class TestNothingCrosses:
    def test_the_hub_itself_sees_nothing(self, told: Chain):
        told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to="NL*HUB")

        listed = told.hub2.call("GET", "locations", interface="sender", to="NL*HUB", sender=HU2)
        asked = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", sender=HU2)

        assert (listed.json()["data"], listed.headers["X-Total-Count"]) == ([], "0")
        assert get_code(asked) == 4003
        assert find(told.cpo, "locations") == []

    def test_those_behind_see_what_their_agreements_allow(self, told: Chain):
        told.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=LOCATION, to="NL*HUB")
        theirs = as_json(location_document(owner="DE*CPX", id="LOC2"))
        told.other_cpo.call("PUT", "locations", "DE/CPX/LOC2", body=theirs, to="NL*HUB")

        def listed(sender: str) -> list[str]:
            answer = told.hub2.call("GET", "locations", interface="sender", to="NL*HUB", sender=sender)
            return [one["party_id"] for one in answer.json()["data"]]

        assert (listed(EMSP_BEHIND), listed(CPO_BEHIND)) == (["CPO"], [])
        assert get_code(told.hub2.call("GET", "locations", interface="sender", to="DE*CPX", sender=EMSP_BEHIND)) == 4003

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_objects_of_those_here_are_not_its_to_touch(self, told: Chain, method: str):  # TRANS-35
        body = {"last_updated": "2030-01-01T00:00:00Z"} if method in ("PUT", "PATCH") else None
        for sender in (HU2, CPO_BEHIND, EMSP_BEHIND):
            for to in ("NL*HUB", "FR*MSP"):
                answer = told.hub2.call(method, "locations", "NL/CPO/LOC1", body=body, to=to, sender=sender)
                assert answer.status_code in (404, 405), answer.text

    def test_no_page_is_turned_for_who_has_left(self, told: Chain):
        answer = {"data": [location_document()], "status_code": 1000, "timestamp": "2026-11-22T12:00:00Z"}
        link = f'<{told.cpo.peer.url}/sender/locations?page=2>; rel="next"'
        told.cpo.answer_with(as_json(answer), headers=(("Link", link),))

        page = told.hub2.call("GET", "locations", interface="sender", to="NL*CPO", sender=EMSP_BEHIND)
        url = page.headers["Link"].partition(">")[0].strip("<")
        before = told.hub2.call_url("GET", url)
        put_behind(told.hub2, EMSP_BEHIND, "EMSP", status="SUSPENDED", last_updated="2026-11-20T11:00:00Z")
        after = told.hub2.call_url("GET", url)

        assert (get_code(before), after.status_code) == (1000, 404)
        assert len(find(told.cpo, "locations")) == 2

    def test_objects_of_those_behind_come_from_their_hub_alone(self, told: Chain):
        for partner in (told.cpo, told.emsp, told.other_cpo):
            for to in ("NL*HUB", "FR*MSP"):
                answer = partner.call("PUT", "locations", "DK/R4C/LOC1", body=LOCATION_BEHIND, to=to)
                assert answer.status_code == 404, answer.text

    def test_it_passes_on_what_is_broadcast_and_nothing_else(self, told: Chain):  # ROUTE-30
        session = as_json(session_document(owner=CPO_BEHIND, cdr_token={"country_code": "FR", "party_id": "MSP"}))
        token = as_json(token_document(owner=EMSP_BEHIND))

        as_hub = told.hub2.call("PUT", "sessions", "DK/R4C/S1", body=session, to="FR*MSP", sender=HU2)
        as_owner = told.hub2.call("PUT", "sessions", "DK/R4C/S1", body=session, to="FR*MSP", sender=CPO_BEHIND)
        no_agreement = told.hub2.call("PUT", "tokens", "DK/R4E/TOKEN1", body=token, to="DE*CPX", sender=HU2)
        wrong_role = told.hub2.call("PUT", "tokens", "DK/R4C/T", body=token, to="FR*MSP", sender=HU2)

        assert (as_hub.status_code, get_code(as_owner)) == (404, 1000)
        assert (get_code(no_agreement), wrong_role.status_code) == (4003, 404)

    def test_who_is_there(self, told: Chain):  # HCI-04
        def infos(partner: Partner) -> list[str]:
            return [one["party_id"] for one in partner.call("GET", "hubclientinfo", interface="sender").json()["data"]]

        assert infos(told.emsp) == ["R4C", "CPO"]
        assert infos(told.cpo) == ["R4E", "MSP"]
        assert infos(told.other_cpo) == ["MSX"]
        assert infos(told.hub2) == ["MSP", "CPO"]  # never its own

    def test_before_it_says_anything_it_is_told_whose_partners_are_not_here(self, chain: Chain):
        infos = chain.hub2.call("GET", "hubclientinfo", interface="sender").json()["data"]

        assert [info["party_id"] for info in infos] == ["MSP", "CPO"]
        assert "CPX" not in json.dumps(infos)
