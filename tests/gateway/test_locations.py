"""Locations addressed to the hub, with their EVSEs and connectors, and lists in pages."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from agreements.models import Agreement
from locations.models import Location
from tests.conftest import Cast, make_agreement
from tests.documents import ABSENT, as_json, connector_document, evse_document, location_document
from tests.live.partner import LONG_AGO, get_code
from tests.parties.http_peer import Handler

LATER = "2026-11-20T11:00:00Z"


def put(cast: Cast, path: str = "NL/CPO/LOC1", body=None, **changes):
    document = body if body is not None else location_document(**changes)
    return cast.cpo.call("PUT", "locations", path, body=as_json(document), to="NL*HUB")


def patch(cast: Cast, path: str, **fields):
    return cast.cpo.call("PATCH", "locations", path, body=as_json(fields), to="NL*HUB")


def get(cast: Cast, path: str = "NL/CPO/LOC1"):
    return cast.cpo.call("GET", "locations", path, to="NL*HUB")


class TestSubObjects:
    def test_an_evse_is_replaced_and_raises_its_location(self, cast: Cast):  # LOC-02, LOC-04
        put(cast)

        pushed = put(cast, "NL/CPO/LOC1/EVSE1", evse_document(status="CHARGING", last_updated=LATER))
        location = get(cast).json()["data"]

        assert get_code(pushed) == 1000
        assert [evse["status"] for evse in location["evses"]] == ["CHARGING", "AVAILABLE"]
        assert location["last_updated"] == LATER
        assert get(cast, "NL/CPO/LOC1/evse1").json()["data"]["status"] == "CHARGING"

    def test_a_connector_raises_both_parents(self, cast: Cast):  # LOC-04
        put(cast)

        put(cast, "NL/CPO/LOC1/EVSE1/1", connector_document(max_amperage=63, last_updated=LATER))
        location = get(cast).json()["data"]

        assert location["last_updated"] == location["evses"][0]["last_updated"] == LATER
        assert location["evses"][0]["connectors"][0]["max_amperage"] == 63

    def test_a_parent_that_is_newer_keeps_its_time(self, cast: Cast):  # LOC-04
        put(cast, last_updated="2026-11-20T12:00:00Z")

        patch(cast, "NL/CPO/LOC1/EVSE1", status="BLOCKED", last_updated=LATER)

        assert get(cast).json()["data"]["last_updated"] == "2026-11-20T12:00:00Z"
        assert get(cast, "NL/CPO/LOC1/EVSE1").json()["data"]["status"] == "BLOCKED"

    def test_of_an_unknown_location_is_refused(self, cast: Cast):  # LOC-05
        answer = put(cast, "NL/CPO/LOC1/EVSE1", evse_document())

        assert (answer.status_code, get_code(answer)) == (404, 2003)

    def test_patch_of_an_unknown_evse_is_refused(self, cast: Cast):  # TRANS-31
        put(cast)

        answer = patch(cast, "NL/CPO/LOC1/EVSE9", status="BLOCKED", last_updated=LATER)

        assert (answer.status_code, get_code(answer)) == (404, 2001)

    def test_an_incomplete_evse_is_not_stored(self, cast: Cast):  # LOC-06
        put(cast)

        answer = put(cast, "NL/CPO/LOC1/EVSE9", evse_document(uid="EVSE9", connectors=ABSENT))

        assert get_code(answer) == 2001
        assert "connectors" in answer.json()["status_message"]
        assert get(cast, "NL/CPO/LOC1/EVSE9").status_code == 404

    def test_a_stale_evse_does_not_overwrite(self, cast: Cast):  # LOC-16
        put(cast)
        put(cast, "NL/CPO/LOC1/EVSE1", evse_document(status="CHARGING", last_updated=LATER))

        stale = patch(cast, "NL/CPO/LOC1/EVSE1", status="BLOCKED", last_updated="2026-11-20T10:30:00Z")

        assert get_code(stale) == 1000
        assert get(cast, "NL/CPO/LOC1/EVSE1").json()["data"]["status"] == "CHARGING"

    def test_the_id_in_the_body_must_be_that_of_the_url(self, cast: Cast):  # TRANS-34
        put(cast)

        answer = put(cast, "NL/CPO/LOC1/EVSE1", evse_document(uid="EVSE7"))

        assert get_code(answer) == 2001
        assert "uid" in answer.json()["status_message"]


class TestPatch:
    def test_keeps_what_it_does_not_name(self, cast: Cast):  # TRANS-29, TRANS-32
        put(cast)
        before = get(cast).json()["data"]

        patch(
            cast,
            "NL/CPO/LOC1",
            name=None,
            city="Gouda",
            evses=[{"uid": "evse2", "status": "BLOCKED"}],
            last_updated=LATER,
        )
        after = get(cast).json()["data"]

        assert after["name"] == before["name"]
        assert after["city"] == "Gouda"
        assert [evse["status"] for evse in after["evses"]] == ["AVAILABLE", "BLOCKED"]

    @pytest.mark.parametrize("path", ["NL/CPO/LOC1", "NL/CPO/LOC1/EVSE1", "NL/CPO/LOC1/EVSE1/1"])
    def test_needs_last_updated(self, cast: Cast, path: str):  # TRANS-30
        put(cast)

        answer = patch(cast, path, city="Gouda")

        assert get_code(answer) == 2001
        assert "last_updated" in answer.json()["status_message"]

    def test_of_an_unknown_object_is_refused(self, cast: Cast):  # TRANS-31
        assert patch(cast, "NL/CPO/NOPE", city="Gouda", last_updated=LATER).status_code == 404

    def test_that_makes_the_object_wrong_is_refused(self, cast: Cast):
        put(cast)

        answer = patch(cast, "NL/CPO/LOC1", coordinates={"latitude": "52"}, last_updated=LATER)

        assert get_code(answer) == 2001
        assert "coordinates" in answer.json()["status_message"]
        assert get(cast).json()["data"]["coordinates"]["latitude"] == "52.089444"

    def test_sent_on_to_one_party_grows_out_of_the_hubs_copy(self, cast: Cast):  # decision 2
        put(cast)

        cast.cpo.call(
            "PATCH", "locations", "NL/CPO/LOC1", body=as_json({"city": "Gouda", "last_updated": LATER}), to="FR*MSP"
        )
        listed = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")

        assert [one["city"] for one in listed.json()["data"]] == ["Gouda"]
        assert get(cast).json()["data"]["city"] == "Utrecht"

    def test_sent_on_to_one_party_grows_out_of_what_it_heard_last(self, cast: Cast):  # decision 2
        body = as_json(location_document(city="Gouda"))
        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=body, to="FR*MSP")
        put(cast, city="Delft", last_updated=LATER)

        cast.cpo.call(
            "PATCH", "locations", "NL/CPO/LOC1", body=as_json({"name": "Harbour", "last_updated": LATER}), to="FR*MSP"
        )
        listed = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")

        assert [(one["city"], one["name"]) for one in listed.json()["data"]] == [("Delft", "Harbour")]


class TestOwnCopy:
    def test_is_for_its_owner(self, cast: Cast):  # AMB-23, TRANS-35
        put(cast)

        theirs = cast.other_cpo.call("GET", "locations", "NL/CPO/LOC1", to="NL*HUB")

        assert get(cast).json()["data"]["id"] == "LOC1"
        assert theirs.status_code == 404

    def test_asks_no_partner(self, cast: Cast):  # ROUTE-29
        put(cast)
        get(cast)

        assert cast.emsp.seen == []


class TestPages:
    def test_are_followed_to_the_end_by_link_alone(self, cast: Cast):  # TRANS-20 to TRANS-23
        for number in range(5):
            put(
                cast,
                f"NL/CPO/L{number}",
                location_document(id=f"L{number}", last_updated=f"2026-11-20T1{number}:00:00Z"),
            )

        url: str | None = cast.hub.get_url("locations", "sender") + "?limit=2&date_from=2026-11-20T11:00:00Z"
        seen, totals, limits = [], set(), set()
        while url:
            answer = cast.emsp.call_url("GET", url)
            seen += [one["id"] for one in answer.json()["data"]]
            totals.add(answer.headers["X-Total-Count"])
            limits.add(answer.headers["X-Limit"])
            link = answer.headers.get("Link")
            url = link[1 : link.index(">")] if link else None

        assert seen == ["L1", "L2", "L3", "L4"]
        assert (totals, limits) == ({"4"}, {"2"})

    def test_take_date_from_inclusive_and_date_to_exclusive(self, cast: Cast):  # TRANS-19
        put(cast)

        def count(query: str) -> str:
            return cast.emsp.call("GET", "locations", query, interface="sender").headers["X-Total-Count"]

        assert count("?date_from=2026-11-20T10:00:00Z") == "1"
        assert count("?date_to=2026-11-20T10:00:00Z") == "0"
        assert count("?date_from=2026-11-20T11:00:00%2B01:00&date_to=2026-11-20T10:00:00.001Z") == "1"

    def test_honour_an_offset(self, cast: Cast):
        for number in range(3):
            put(cast, f"NL/CPO/L{number}", location_document(id=f"L{number}"))

        answer = cast.emsp.call("GET", "locations", "?offset=1&limit=1", interface="sender")

        assert [one["id"] for one in answer.json()["data"]] == ["L1"]

    def test_merge_all_owners_the_caller_has_an_agreement_with(self, cast: Cast):  # ROUTE-39, ROUTE-40
        put(cast)
        cast.other_cpo.call(
            "PUT", "locations", "DE/CPX/LOC1", body=as_json(location_document(owner="DE*CPX")), to="NL*HUB"
        )
        make_agreement("DE*CPX", "FR*MSP", modules=("locations",))
        cast.hub.settle()

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")

        assert [one["party_id"] for one in answer.json()["data"]] == ["CPO", "CPX"]

    def test_show_nothing_after_the_agreement_has_ended(self, cast: Cast):
        put(cast)
        Agreement.objects.update(valid_until=LONG_AGO)
        cast.hub.settle()

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")

        assert answer.headers["X-Total-Count"] == "0"
        assert answer.json()["data"] == []


class TestOneObject:
    def test_is_asked_of_its_owner(self, cast: Cast):  # table 2a, ROUTE-36
        put(cast)

        answer = cast.emsp.call("GET", "locations", "LOC1/EVSE1", interface="sender")

        (seen,) = cast.cpo.seen
        assert seen.path == "/sender/locations/LOC1/EVSE1"
        assert seen.headers["ocpi-to-party-id"] == "CPO"
        assert answer.headers["OCPI-from-party-id"] == "CPO"

    def test_that_only_another_was_told_of_is_not_there(self, cast: Cast):  # ROUTE-41
        make_agreement("NL*CPO", "IT*MSX")
        cast.hub.settle()
        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to="IT*MSX")

        answer = cast.emsp.call("GET", "locations", "LOC1", interface="sender")

        assert answer.status_code == 404
        assert cast.cpo.seen == []

    def test_that_is_gone_is_not_there(self, cast: Cast):  # LOC-17
        put(cast)
        Location.objects.update(deleted_at=LONG_AGO)

        answer = cast.emsp.call("GET", "locations", "LOC1", interface="sender")

        assert answer.status_code == 404
        assert cast.cpo.seen == []

    def test_of_a_party_without_agreement_is_not_there(self, cast: Cast):
        put(cast)

        answer = cast.other_emsp.call("GET", "locations", "LOC1", interface="sender")

        assert answer.status_code == 404
        assert cast.cpo.seen == []


class TestRelayedPages:
    def test_link_is_the_hubs_own_and_leads_to_the_owners_next_page(self, cast: Cast):  # ROUTE-43
        page = {"status_code": 1000, "data": [], "timestamp": "2026-11-20T10:00:00Z"}
        link = f'<{cast.cpo.peer.url}/sender/locations?cursor=abc>; rel="next"'
        cast.cpo.answer_with(page, headers=(("Link", link), ("X-Total-Count", "7"), ("X-Limit", "2")))

        first = cast.emsp.call("GET", "locations", "?limit=2", interface="sender", to="NL*CPO")
        url = first.headers["Link"][1:].split(">")[0]
        cast.cpo.answer_with(page)
        second = cast.emsp.call_url("GET", url)
        stranger = cast.other_emsp.call_url("GET", url)

        assert url.startswith(cast.hub.url)
        assert len(url) <= 255
        assert first.headers["X-Total-Count"] == "7"
        assert [seen.path for seen in cast.cpo.seen] == ["/sender/locations?limit=2", "/sender/locations?cursor=abc"]
        assert cast.cpo.seen[1].headers["ocpi-from-party-id"] == "MSP"
        assert "Link" not in second.headers
        assert get_code(second) == 1000
        assert stranger.status_code == 404

    def test_end_with_the_agreement(self, cast: Cast):  # ROUTE-22
        link = f'<{cast.cpo.peer.url}/sender/locations?cursor=abc>; rel="next"'
        page = {"status_code": 1000, "data": [], "timestamp": "2026-11-20T10:00:00Z"}
        cast.cpo.answer_with(page, headers=(("Link", link),))
        first = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")
        Agreement.objects.update(valid_until=now())
        cast.hub.settle()

        second = cast.emsp.call_url("GET", first.headers["Link"][1:].split(">")[0])

        assert get_code(second) == 4003
        assert len(cast.cpo.seen) == 1

    def test_link_to_another_host_is_refused(self, cast: Cast):  # decision 7
        page = {"status_code": 1000, "data": [], "timestamp": "2026-11-20T10:00:00Z"}
        cast.cpo.answer_with(page, headers=(("Link", '<http://169.254.169.254/x>; rel="next"'),))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000
        assert "169.254" not in answer.text

    def test_link_with_bytes_that_no_url_has_is_the_partner_s_failure(self, cast: Cast):  # ROUTE-14
        url = cast.cpo.peer.url.encode()

        def answer_with_bytes(handler: Handler) -> None:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: 31\r\nLink: <" + url + b'/?x=\xff>; rel="next"\r\n\r\n'
            handler.wfile.write(head + b'{"status_code":1000,"data":[] }')

        cast.cpo.behave = answer_with_bytes
        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000

    def test_link_that_is_no_url_is_refused(self, cast: Cast):  # ROUTE-18
        page = {"status_code": 1000, "data": [], "timestamp": "2026-11-20T10:00:00Z"}
        cast.cpo.answer_with(page, headers=(("Link", '<https://[/x>; rel="next"'),))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000
        assert "NL*CPO" in answer.json()["status_message"]
