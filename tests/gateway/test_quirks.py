"""Partners' harmless habits: each with the odd message, as it is taken, as it is noted, and as a setting changes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parties.models import DetectedQuirk, Platform
from parties.quirks import Quirk
from tests.conftest import Cast
from tests.documents import ABSENT, as_json, cdr_document, location_document, session_document
from tests.live.partner import OK, Partner, get_code
from tests.parties.http_peer import Handler

PATH = "NL/CPO/LOC1"
LATER = "2026-11-20T11:00:00Z"


def set_up(cast: Cast, partner: Partner, **settings: bool) -> None:
    Platform.objects.filter(pk=partner.platform.pk).update(**settings)
    cast.hub.settle()


def get_noted(cast: Cast, partner: Partner) -> dict[str, tuple[int, str]]:
    """What staff sees of this partner."""
    cast.hub.edge._hub._odd_writer.flush()
    rows = DetectedQuirk.objects.filter(platform=partner.platform)
    return {row.quirk: (row.count, row.example) for row in rows}


def put_location(cast: Cast, *, to: str = "NL*HUB", body: bytes | None = None) -> Any:
    return cast.cpo.call("PUT", "locations", PATH, body=body or as_json(location_document()), to=to)


def patch_location(cast: Cast, path: str = PATH, *, to: str = "NL*HUB", **fields: Any) -> Any:
    return cast.cpo.call("PATCH", "locations", path, body=as_json({"last_updated": LATER, **fields}), to=to)


class TestRawToken:  # TRANS-04
    def test_is_refused_and_noted_until_staff_says_so(self, cast: Cast):
        headers = {"Authorization": f"Token {cast.cpo.token}"}
        refused = cast.cpo.call_url("GET", cast.hub.versions_url, headers=headers)

        (example,) = [example for quirk, (_, example) in get_noted(cast, cast.cpo).items() if quirk == "raw_token"]
        DetectedQuirk.objects.get(quirk="raw_token").platform.apply_quirk(Quirk.RAW_TOKEN)
        cast.hub.settle()
        taken = cast.cpo.call_url("GET", cast.hub.versions_url, headers=headers)

        assert (refused.status_code, taken.status_code) == (401, 200)
        assert cast.cpo.token not in example

    def test_of_a_stranger_is_noted_nowhere(self, cast: Cast):
        cast.cpo.call_url("GET", cast.hub.versions_url, headers={"Authorization": "Token nobody-s-token"})

        assert get_noted(cast, cast.cpo) == {}


class TestTrailingSlash:  # AMB-15
    def redirect(self, handler: Handler) -> None:
        path, _, query = handler.path.partition("?")
        if path.endswith("/"):
            handler.answer(OK)
        else:
            handler.answer(b"", status=301, headers=(("Location", f"{path}/" + (f"?{query}" if query else "")),))

    def test_is_noted_from_the_redirect_of_a_relayed_call(self, cast: Cast):
        cast.emsp.behave = self.redirect

        answer = put_location(cast, to="FR*MSP")

        assert get_code(answer) == 4000
        assert "trailing_slash" in get_noted(cast, cast.emsp)

    def test_is_not_seen_in_a_redirect_to_no_url(self, cast: Cast):
        cast.emsp.behave = lambda handler: handler.answer(status=301, headers=(("Location", "http://["),))

        answer = put_location(cast, to="FR*MSP")

        assert get_code(answer) == 4000
        assert get_noted(cast, cast.emsp) == {}

    def test_is_added_where_it_is_wanted(self, cast: Cast):
        set_up(cast, cast.emsp, wants_trailing_slash=True)
        cast.emsp.behave = self.redirect

        relayed = put_location(cast, to="FR*MSP")
        listed = cast.cpo.call("GET", "tokens", "?limit=3", interface="sender", to="FR*MSP")
        put_location(cast)
        cast.hub.deliver()

        assert (get_code(relayed), get_code(listed)) == (1000, 1000)
        assert [seen.path for seen in cast.emsp.seen] == [
            f"/receiver/locations/{PATH}/",
            "/sender/tokens/?limit=3",
            f"/receiver/locations/{PATH}/",
        ]

    def test_is_noted_from_what_the_hub_tells(self, cast: Cast):
        cast.emsp.behave = self.redirect

        put_location(cast)
        cast.hub.deliver()

        assert DetectedQuirk.objects.get(platform=cast.emsp.platform).quirk == "trailing_slash"


class TestWrappedObject:  # TRANS-15
    def test_is_relayed_as_it_came_and_noted(self, cast: Cast):
        cast.emsp.answer_with({"status_code": 1000, "timestamp": LATER, "data": [location_document()]})

        answer = cast.cpo.call("GET", "locations", PATH, to="FR*MSP")

        assert isinstance(answer.json()["data"], list)
        assert get_noted(cast, cast.emsp)["wrapped_object"][0] == 1

    def test_is_taken_out_of_an_answer_where_set(self, cast: Cast):
        set_up(cast, cast.emsp, wraps_single_objects=True)
        cast.emsp.answer_with({"status_code": 1000, "timestamp": LATER, "data": [location_document()]})

        answer = cast.cpo.call("GET", "locations", PATH, to="FR*MSP")

        assert answer.json()["data"]["id"] == "LOC1"
        assert get_code(answer) == 1000

    def test_is_taken_out_of_what_a_sender_shows_with_all_else_as_told(self, cast: Cast):  # ROUTE-12
        set_up(cast, cast.cpo, wraps_single_objects=True)
        told = {"status_code": 1000, "status_message": "here", "timestamp": LATER, "data": [location_document()]}
        cast.cpo.answer_with(told)

        answer = cast.emsp.call("GET", "locations", "LOC1", interface="sender", to="NL*CPO")

        assert answer.json() == told | {"data": json.loads(as_json(location_document()))}

    def test_of_another_party_stays_unseen(self, cast: Cast):  # decision 2
        set_up(cast, cast.cpo, wraps_single_objects=True)
        cast.cpo.answer_with({"status_code": 1000, "timestamp": LATER, "data": [location_document(owner="BE*CPO")]})

        answer = cast.emsp.call("GET", "locations", "LOC1", interface="sender", to="NL*CPO")

        assert answer.status_code == 404

    def test_lists_stay_lists(self, cast: Cast):
        set_up(cast, cast.cpo, wraps_single_objects=True)
        cast.cpo.answer_with({"status_code": 1000, "timestamp": LATER, "data": [location_document()]})

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert isinstance(answer.json()["data"], list)
        assert get_noted(cast, cast.cpo) == {}

    def test_in_a_push_is_refused_by_name_until_it_is_set(self, cast: Cast):
        body = as_json([location_document()])
        refused = put_location(cast, body=body)
        noted = get_noted(cast, cast.cpo)
        set_up(cast, cast.cpo, wraps_single_objects=True)

        taken = put_location(cast, body=body)
        stored = cast.cpo.call("GET", "locations", PATH, to="NL*HUB").json()["data"]

        assert (get_code(refused), get_code(taken)) == (2001, 1000)
        assert "wrapped_object" in noted
        assert stored["id"] == "LOC1"

    def test_in_a_posted_cdr_too(self, cast: Cast):
        body = as_json([cdr_document(cdr_token={"country_code": "FR", "party_id": "MSP"})])
        refused = cast.cpo.call("POST", "cdrs", body=body, to="FR*MSP")
        noted = get_noted(cast, cast.cpo)
        set_up(cast, cast.cpo, wraps_single_objects=True)

        taken = cast.cpo.call("POST", "cdrs", body=body, to="FR*MSP")

        assert (get_code(refused), get_code(taken)) == (2001, 1000)
        assert "wrapped_object" in noted
        assert json.loads(cast.emsp.seen[-1].body)["id"] == json.loads(body)[0]["id"]


class TestNoPatch:
    def refuse(self, handler: Handler) -> None:
        handler.answer(OK, status=405 if handler.command == "PATCH" else 200)

    def test_is_noted(self, cast: Cast):
        put_location(cast, to="FR*MSP")
        cast.emsp.behave = self.refuse

        patch_location(cast, to="FR*MSP", name="New")

        assert "no_patch" in get_noted(cast, cast.emsp)

    def test_gets_the_whole_stored_object_relayed(self, cast: Cast):
        set_up(cast, cast.emsp, takes_no_patch=True)
        put_location(cast, to="FR*MSP")

        answer = patch_location(cast, f"{PATH}/EVSE1", to="FR*MSP", status="BLOCKED")

        last = cast.emsp.seen[-1]
        assert get_code(answer) == 1000
        assert (last.method, last.path) == ("PUT", f"/receiver/locations/{PATH}")
        assert json.loads(last.body)["evses"][0]["status"] == "BLOCKED"
        assert json.loads(last.body)["name"] == location_document()["name"]

    def test_gets_whole_sessions_too(self, cast: Cast):
        set_up(cast, cast.emsp, takes_no_patch=True)
        session = session_document(cdr_token={"country_code": "FR", "party_id": "MSP"}, status="ACTIVE")
        path = f"NL/CPO/{session['id']}"
        cast.cpo.call("PUT", "sessions", path, body=as_json(session))

        cast.cpo.call("PATCH", "sessions", path, body=as_json({"last_updated": LATER, "status": "COMPLETED"}))

        last = cast.emsp.seen[-1]
        assert (last.method, json.loads(last.body)["status"]) == ("PUT", "COMPLETED")
        assert json.loads(last.body)["auth_method"] == session["auth_method"]

    def test_gets_the_patch_of_what_the_hub_does_not_hold(self, cast: Cast):
        set_up(cast, cast.emsp, takes_no_patch=True)

        patch_location(cast, to="FR*MSP", name="New")

        assert cast.emsp.seen[-1].method == "PATCH"

    def test_is_told_whole_objects_by_the_lanes(self, cast: Cast):
        set_up(cast, cast.emsp, takes_no_patch=True)
        put_location(cast)
        cast.hub.deliver()

        patch_location(cast, name="New name")
        cast.hub.deliver()

        assert [seen.method for seen in cast.emsp.seen] == ["PUT", "PUT"]
        assert json.loads(cast.emsp.seen[-1].body)["name"] == "New name"


class TestDateTo:  # TRANS-20
    @pytest.mark.parametrize(("inclusive", "found"), [(False, 0), (True, 1)])
    def test_includes_its_moment_only_for_those_who_mean_it_so(self, cast: Cast, inclusive: bool, found: int):
        put_location(cast)
        set_up(cast, cast.emsp, date_to_is_inclusive=inclusive)
        query = f"?date_to={location_document()['last_updated']}"

        answer = cast.emsp.call("GET", "locations", query, interface="sender", to="NL*HUB")

        assert len(answer.json()["data"]) == found
        assert answer.headers["X-Total-Count"] == str(found)


class TestTakenFromEverybody:
    def test_200_for_201(self, cast: Cast):  # TRANS-13
        cast.emsp.answer_with(OK, status=200)
        body = as_json(cdr_document(cdr_token={"country_code": "FR", "party_id": "MSP"}))

        answer = cast.cpo.call("POST", "cdrs", body=body)

        assert get_code(answer) == 1000
        assert get_noted(cast, cast.emsp)["ok_for_created"] == (1, "POST cdrs: HTTP 200")

    def test_null_for_absent(self, cast: Cast):  # TRANS-42
        document = location_document() | {"related_locations": None, "name": None}

        answer = put_location(cast, body=as_json(document))

        assert get_code(answer) == 1000
        assert get_noted(cast, cast.cpo)["null_for_absent"][1] == "PUT locations: name is null"

    def test_a_cdr_without_evse_uid(self, cast: Cast):
        body = as_json(cdr_document(cdr_location={"evse_uid": ABSENT}))

        answer = cast.cpo.call("POST", "cdrs", body=body, to="NL*HUB")

        assert get_code(answer) == 1000
        assert cast.emsp.seen[-1].body == body
        assert get_noted(cast, cast.cpo)["no_evse_uid"] == (1, "POST cdrs: cdr_location has no evse_uid")

    def test_missing_message_ids(self, cast: Cast):  # TRANS-38
        answer = cast.cpo.call("GET", "tokens", interface="sender", headers={"X-Request-ID": ""})

        assert answer.headers["X-Request-ID"]
        assert get_noted(cast, cast.cpo)["no_message_ids"] == (1, "GET tokens")

    def test_nothing_is_noted_of_partners_that_do_as_they_should(self, cast: Cast):
        put_location(cast)
        put_location(cast, to="FR*MSP")
        cast.hub.deliver()

        assert get_noted(cast, cast.cpo) == get_noted(cast, cast.emsp) == {}
