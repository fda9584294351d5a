"""Locations at the running hub: what a stored one must be, what is older, what is odd (LOC-05 to LOC-19)."""

from __future__ import annotations

from typing import Any

import pytest

from locations.models import Location
from tests.conftest import Cast
from tests.documents import as_json, connector_document, evse_document, location_document
from tests.live.partner import get_code

AT, LATER, LAST = "2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"
LOC1 = "NL/CPO/LOC1"


def put(cast: Cast, path: str = LOC1, *, body: Any = None, to: str | None = "NL*HUB", **changes: Any):
    document = location_document(**changes) if body is None else body
    return cast.cpo.call("PUT", "locations", path, body=as_json(document), to=to)


def patch(cast: Cast, path: str = LOC1, **fields: Any):
    return cast.cpo.call("PATCH", "locations", path, body=as_json(fields), to="NL*HUB")


def get(cast: Cast, path: str = LOC1) -> dict[str, Any]:
    return cast.cpo.call("GET", "locations", path, to="NL*HUB").json().get("data")


class TestStrict:
    @pytest.mark.parametrize(("changes", "field"), [
        ({"publish_allowed_to": [{"group_id": "G"}]}, "publish_allowed_to"),
        ({"publish": False, "publish_allowed_to": [{}]}, "publish_allowed_to[0]"),
        ({"publish": False, "publish_allowed_to": [{"uid": "U"}]}, "publish_allowed_to[0].type"),
        ({"publish": False, "publish_allowed_to": [{"visual_number": "V"}]}, "publish_allowed_to[0].issuer"),
        ({"opening_times": {"twentyfourseven": False}}, "regular_hours"),
        ({"opening_times": {"twentyfourseven": False, "regular_hours": []}}, "regular_hours"),
        ({"opening_times": {"regular_hours": [], "twentyfourseven": None}}, "twentyfourseven"),
        ({"coordinates": {"latitude": 51}}, "latitude"),
        ({"coordinates": {"latitude": "51.04"}}, "latitude"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"country": "NL"}, "country"),
    ])  # fmt: skip
    def test_refuses(self, cast: Cast, changes: dict[str, Any], field: str):  # LOC-10, LOC-12, LOC-13
        answer = put(cast, **changes)

        assert (answer.status_code, get_code(answer)) == (200, 2001)
        assert field in answer.json()["status_message"]
        assert not Location.objects.exists()

    @pytest.mark.parametrize("changes", [
        {"publish": False, "publish_allowed_to": [{"uid": "U", "type": "RFID"}, {"group_id": "G"}]},
        {"publish": False, "publish_allowed_to": [{"visual_number": "V", "issuer": "I"}]},
        {"opening_times": {"twentyfourseven": False, "regular_hours": [
            {"weekday": 1, "period_begin": "08:00", "period_end": "20:00"},
        ]}},
        {"images": None, "evses": []},
        {"country": "#NA", "time_zone": "#NA"},
    ])  # fmt: skip
    def test_takes(self, cast: Cast, changes: dict[str, Any]):  # LOC-08, LOC-10, LOC-13, TRANS-42, TRANS-46
        assert get_code(put(cast, **changes)) == 1000

    def test_a_zone_that_cannot_be_told_is_none(self, cast: Cast):  # TRANS-46
        put(cast, time_zone="#NA")

        assert Location.objects.get().time_zone == ""
        assert get(cast)["time_zone"] == "#NA"

    def test_only_where_the_hub_is_the_receiver(self, cast: Cast):  # AMB-12, TRANS-41
        answer = put(cast, to="FR*MSP", time_zone="Mars/Olympus")

        assert get_code(answer) == 1000
        assert len(cast.emsp.seen) == 1


class TestNewPart:
    def test_is_created_and_then_updated(self, cast: Cast):  # TRANS-13
        put(cast)
        evse, connector = evse_document(uid="E9"), connector_document(id="7")

        answers = [
            put(cast, path, body=body)
            for path, body in ((f"{LOC1}/E9", evse), (f"{LOC1}/e9/7", connector), (f"{LOC1}/E9/7", connector))
        ]
        again = put(cast, f"{LOC1}/E9", body=evse)

        assert [answer.status_code for answer in (*answers, again)] == [201, 201, 200, 200]


class TestGrowth:
    def test_ends_at_the_size_of_a_body(self, cast: Cast, settings: Any):  # LOC-02
        settings.HUB_MAX_BODY = 4000
        put(cast)

        answers = [put(cast, f"{LOC1}/E{n}", body=evse_document(uid=f"E{n}", last_updated=LATER)) for n in range(10)]

        assert {get_code(answer) for answer in answers} == {1000, 2001}
        assert len(Location.objects.get().document) <= 4000


class TestOdd:
    def test_values_are_told_on_and_marked(self, cast: Cast):  # TRANS-44
        evse = evse_document(capabilities=["TELEPORT"], connectors=[connector_document(standard="MCS")])

        answer = put(cast, evses=[evse])
        cast.hub.deliver()

        location = Location.objects.get()
        assert get_code(answer) == 1000
        assert b'"MCS"' in cast.emsp.seen[0].body
        assert location.is_verified
        assert [line.split(":")[0] for line in location.flags.split("\n")] == [
            "evses[0].capabilities[0]", "evses[0].connectors[0].standard",
        ]  # fmt: skip

    def test_values_in_a_part_are_marked_until_they_are_gone(self, cast: Cast):  # TRANS-44
        put(cast)
        put(cast, LOC1 + "/EVSE1/1", body=connector_document(standard="MCS", last_updated=LATER))
        marked = Location.objects.get().flags
        put(cast, LOC1 + "/EVSE1/1", body=connector_document(last_updated=LAST))

        assert marked.startswith("evses[0].connectors[0].standard")
        assert Location.objects.get().flags == ""


class TestOrder:
    def test_of_equal_times_the_last_counts(self, cast: Cast):  # LOC-16
        put(cast, name="one")
        put(cast, name="two")
        patch(cast, city="Gouda", last_updated=AT)

        assert (get(cast)["name"], get(cast)["city"]) == ("two", "Gouda")

    @pytest.mark.parametrize(
        ("path", "named"), [("LOC9", "object in locations"), ("LOC1/EVSE9", "EVSE"), ("LOC1/EVSE1/9", "connector")]
    )
    def test_of_what_is_not_there_name_it(self, cast: Cast, path: str, named: str):
        put(cast)

        answer = patch(cast, f"NL/CPO/{path}", last_updated=LATER)

        assert answer.json()["status_message"] == f"no such {named}: PUT it first"

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize("path", ["EVSE1", "EVSE1/1"])
    def test_of_equal_times_the_last_counts_in_parts(self, cast: Cast, method: str, path: str):  # LOC-16
        put(cast)
        part = evse_document() if path == "EVSE1" else connector_document()
        changed = {"physical_reference": "9"} if path == "EVSE1" else {"max_amperage": 99}
        body = part | changed if method == "PUT" else changed | {"last_updated": AT}

        answer = cast.cpo.call(method, "locations", f"{LOC1}/{path}", body=as_json(body), to="NL*HUB")

        assert get_code(answer) == 1000
        assert changed.items() <= get(cast, f"{LOC1}/{path}").items()

    def test_of_parts_is_that_of_their_own_level(self, cast: Cast):  # LOC-16: never against its parents
        put(cast, last_updated=LAST)

        put(cast, LOC1 + "/EVSE1/1", body=connector_document(max_amperage=63, last_updated=LATER))

        assert get(cast, LOC1 + "/EVSE1/1")["max_amperage"] == 63
        assert get(cast)["last_updated"] == LAST
        assert get(cast, LOC1 + "/EVSE1")["last_updated"] == LATER


class TestPatch:
    def test_null_says_nothing_at_any_depth(self, cast: Cast):  # AMB-06, TRANS-29
        put(cast)

        patch(cast, LOC1, evses=[{"uid": "EVSE1", "physical_reference": None}], operator=None, last_updated=LATER)
        patch(cast, LOC1 + "/EVSE1", floor_level=None, physical_reference=None, last_updated=LATER)

        assert get(cast)["operator"] == {"name": "Charge point operator"}
        assert get(cast, LOC1 + "/EVSE1")["physical_reference"] == "1"

    def test_arrays_are_replaced_but_those_with_ids(self, cast: Cast):  # AMB-08, TRANS-32
        put(cast, facilities=["HOTEL", "CAFE"])

        patch(
            cast,
            facilities=["MALL"],
            evses=[{"uid": "evse1", "connectors": [connector_document(id="2")]}, evse_document(uid="EVSE3")],
            last_updated=LATER,
        )

        location = get(cast)
        assert location["facilities"] == ["MALL"]
        assert [evse["uid"] for evse in location["evses"]] == ["EVSE1", "EVSE2", "EVSE3"]
        assert [connector["id"] for connector in location["evses"][0]["connectors"]] == ["1", "2"]

    def test_removed_stays_readable(self, cast: Cast):  # LOC-07, LOC-08
        put(cast)
        for uid in ("EVSE1", "EVSE2"):
            patch(cast, f"{LOC1}/{uid}", status="REMOVED", last_updated=LATER)

        listed = cast.emsp.call("GET", "locations", f"?date_from={LATER}", interface="sender", to="NL*HUB")
        (location,) = listed.json()["data"]
        assert [evse["status"] for evse in location["evses"]] == ["REMOVED", "REMOVED"]


class TestOwner:
    @pytest.mark.parametrize("to", ["NL*HUB", "NL*CPO"])
    def test_must_have_the_role(self, cast: Cast, to: str):  # LOC-19
        document = location_document(owner="FR*MSP")

        theirs = cast.emsp.call("PUT", "locations", "FR/MSP/LOC1", body=as_json(document), to=to)

        assert theirs.status_code == 404
        assert cast.cpo.seen == []
        assert not Location.objects.exists()

    @pytest.mark.parametrize("path", [LOC1, LOC1 + "/EVSE1", LOC1 + "/EVSE1/1"])
    @pytest.mark.parametrize("method", ["POST", "DELETE"])
    def test_may_not_delete(self, cast: Cast, method: str, path: str):  # LOC-02, TRANS-36
        answer = cast.cpo.call(method, "locations", path, body={}, to="NL*HUB")

        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, PATCH, PUT")

    def test_part_of_an_unknown_evse_is_refused(self, cast: Cast):  # LOC-05
        put(cast)

        answer = put(cast, LOC1 + "/EVSE9/1", body=connector_document())

        assert (answer.status_code, get_code(answer)) == (404, 2003)

    def test_part_for_one_party_is_left_to_it(self, cast: Cast):  # LOC-05
        answer = put(cast, LOC1 + "/EVSE9/1", body=connector_document(), to="FR*MSP")

        assert get_code(answer) == 1000
        assert cast.emsp.seen[0].path == f"/receiver/locations/{LOC1}/EVSE9/1"

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_part_of_a_broken_location_is_left_to_its_receiver(self, cast: Cast, method: str):  # AMB-12
        put(cast, to="FR*MSP", evses={"EVSE1": {}})

        answer = cast.cpo.call(method, "locations", LOC1 + "/EVSE1", body=as_json(evse_document()), to="FR*MSP")

        assert get_code(answer) == 1000
        assert [seen.method for seen in cast.emsp.seen] == ["PUT", method]
