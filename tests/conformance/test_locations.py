"""Rows LOC: locations, EVSEs, connectors (section 6; LOC-18: test_while_away.py)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests

from tests.conformance.cast import Cast
from tests.conformance.lists import PULL, ask_until, crawl, find_in_list, new_moment, wait_until, write
from tests.conformance.objects import ABSENT, Document, connector, evse, location, tariff, token
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import AT, Answer, Call, new_id

EARLIER, LATER, LATEST = "2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"


def test_LOC_01_sender_gives_the_list_and_each_level(cast: Cast) -> None:
    id = new_id("L01")
    levels = {id: location(id), f"{id}/E1": evse("E1"), f"{id}/E1/1": connector("1")}
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    for path, held in levels.items():
        with cast.cpa.answering(reply(held), when=lambda call, path=path: call.suffix == path):  # type: ignore[misc]
            answer = cast.msa.call("GET", "locations", path, interface="SENDER", to="DE*CPA")
        assert (answer.code, answer.data, answer.sender) == (1000, held, "DE*CPA")
        assert cast.cpa.wait_for("GET", "locations", contains=path).interface == "SENDER"
    assert find_in_list(cast.msa, "locations", id, to=cast.HUB, query="limit=50") is not None
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        for path in ("", id):
            body = None if method == "DELETE" else location(id)
            refused = cast.msa.call(method, "locations", path, interface="SENDER", body=body, to="DE*CPA")
            assert (refused.http, refused.headers["Allow"]) == (405, "GET"), (method, path)


def test_LOC_02_receiver_takes_get_put_patch_at_each_level(cast: Cast) -> None:
    id = new_id("L02")
    levels = {"": location(id), "/E1": evse("E1"), "/E1/1": connector("1")}

    for suffix, body in levels.items():
        path = f"DE/CPA/{id}{suffix}"
        put = cast.cpa.call("PUT", "locations", path, body=body, to=cast.HUB)
        patched = cast.cpa.call("PATCH", "locations", path, body={"last_updated": LATER}, to=cast.HUB)
        read = cast.cpa.call("GET", "locations", path, to=cast.HUB)

        assert [answer.code for answer in (put, patched, read)] == [1000] * 3, path
        assert read.data["last_updated"] == LATER
        for method in ("POST", "DELETE"):
            refused = cast.cpa.call(method, "locations", path, body=body if method == "POST" else None, to=cast.HUB)
            assert refused.http == 405
            assert {name.strip() for name in refused.headers["Allow"].split(",")} == {"GET", "PUT", "PATCH"}


def test_LOC_03_the_list_filters_by_the_newest_change_below(cast: Cast) -> None:
    id = new_id("L03")
    old = location(id, last_updated="2020-06-01T00:00:00Z", evses=[evse("E1", last_updated="2020-06-01T00:00:00Z")])
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=old, to=cast.HUB)
    query = f"date_from={AT}"
    before = find_in_list(cast.msa, "locations", id, to=cast.HUB, query=query)

    path = f"DE/CPA/{id}/E1/1"
    cast.cpa.call("PATCH", "locations", path, body={"max_amperage": 16, "last_updated": AT}, to=cast.HUB)

    assert before is None
    assert find_in_list(cast.msa, "locations", id, to=cast.HUB, query=query) is not None


def test_LOC_04_parents_take_the_time_of_what_changed_below(cast: Cast) -> None:
    id = new_id("L04")
    put(cast, id)

    at_connector = put_part(cast, id, "E1/1", connector("1", last_updated=LATER))
    after_connector = read(cast, id).data
    at_evse = put_part(cast, id, "E2", evse("E2", last_updated=LATEST))
    patched = cast.cpa.call(
        "PATCH", "locations", f"DE/CPA/{id}/E1/1", body={"max_voltage": 400, "last_updated": LATER}, to=cast.HUB
    )
    after_all = read(cast, id).data

    assert [answer.code for answer in (at_connector, at_evse, patched)] == [1000] * 3
    assert stamps(after_connector) == {"location": LATER, "E1": LATER, "E2": AT}
    assert stamps(after_all) == {"location": LATEST, "E1": LATER, "E2": LATEST}, "the later time stays"


def test_LOC_05_a_part_of_an_unknown_location(cast: Cast) -> None:
    id = new_id("L05")

    at_hub = [put_part(cast, id, "E1", evse("E1")), put_part(cast, id, "E1/1", connector("1"))]
    put(cast, f"{id}B")
    below_unknown_evse = put_part(cast, f"{id}B", "E9/1", connector("1"))
    addressed = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}/E1", body=evse("E1"), to="NL*MSA")

    assert [(answer.http, answer.code) for answer in (*at_hub, below_unknown_evse)] == [(404, 2003)] * 3
    assert (addressed.code, addressed.sender) == (1000, "NL*MSA")
    assert [call.to for call in cast.msa.find("PUT", contains=f"{id}/")] == ["NL*MSA"]
    assert read(cast, id).http == 404


def test_LOC_06_an_incomplete_new_object_is_not_stored(cast: Cast) -> None:
    id, incomplete = new_id("L06"), new_id("L06")
    put(cast, id)

    refused = put_part(cast, id, "E9", evse("E9", connectors=ABSENT))
    empty = put_part(cast, id, "E8", evse("E8", connectors=[]))
    whole = put(cast, incomplete, coordinates=ABSENT)

    assert [(answer.http, answer.code) for answer in (refused, empty, whole)] == [(200, 2001)] * 3
    assert "connectors" in refused.message
    assert "coordinates" in whole.message
    assert [read(cast, path).http for path in (f"{id}/E9", f"{id}/E8", incomplete)] == [404] * 3
    assert len(read(cast, id).data["evses"]) == 2


def test_LOC_07_nothing_is_deleted(cast: Cast) -> None:
    id = new_id("L07")
    put(cast, id)

    removed = {"status": "REMOVED", "last_updated": LATER}
    answer = cast.cpa.call("PATCH", "locations", f"DE/CPA/{id}/E1", body=removed, to=cast.HUB)

    assert answer.code == 1000
    assert read(cast, f"{id}/E1").data == evse("E1", **removed)
    assert read(cast, f"{id}/E1/1").data == connector("1")
    assert cast.cpa.call("DELETE", "locations", f"DE/CPA/{id}/E1", to=cast.HUB).http == 405


def test_LOC_08_a_location_without_valid_evse_stays_in_lists(cast: Cast) -> None:
    id, moment = new_id("L08"), new_moment()
    put(cast, id, evses=[evse("E1", last_updated="2020-01-01T00:00:00Z")], last_updated="2020-01-01T00:00:00Z")

    removed = {"status": "REMOVED", "last_updated": write(moment)}
    cast.cpa.call("PATCH", "locations", f"DE/CPA/{id}/E1", body=removed, to=cast.HUB)

    delta = find_in_list(cast.msa, "locations", id, to=cast.HUB, query=f"date_from={write(moment)}")
    assert delta is not None
    assert [one["status"] for one in delta["evses"]] == ["REMOVED"]


def test_LOC_09_unpublished_locations_are_forwarded_and_never_public(cast: Cast) -> None:
    id = new_id("L09")
    allowed = [{"uid": "TOKEN1", "type": "RFID"}]

    answer = put(cast, id, publish=False, publish_allowed_to=allowed, name=f"Secret {id}")

    assert answer.code == 1000
    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert (call.json["publish"], call.json["publish_allowed_to"]) == (False, allowed)
    assert find_in_list(cast.msa, "locations", id, to=cast.HUB) is not None
    scheme_and_host = "/".join(cast.hub.versions_url.split("/")[:3])
    for url in (f"{scheme_and_host}/", cast.msa.hub_endpoints["locations", "SENDER"]):
        shown = requests.get(url, timeout=10, proxies={"http": "", "https": ""})
        assert id not in shown.text, f"{url} shows it to everybody"
    assert shown.status_code == 401


def test_LOC_10_publish_allowed_to_is_complete_or_refused(cast: Cast) -> None:
    good = [
        {"uid": "T1", "type": "RFID"},
        {"visual_number": "V1", "issuer": "MSP"},
        {"group_id": "G1"},
    ]
    bad = [{"uid": "T1"}, {"visual_number": "V1"}, {"type": "RFID", "issuer": "MSP"}, {}]

    taken = [put(cast, new_id("L10"), publish=False, publish_allowed_to=[entry]) for entry in good]
    refused = [put(cast, new_id("L10"), publish=False, publish_allowed_to=[entry]) for entry in bad]
    public = put(cast, new_id("L10"), publish=True, publish_allowed_to=good)

    assert [answer.code for answer in taken] == [1000] * 3
    assert [(answer.http, answer.code) for answer in (*refused, public)] == [(200, 2001)] * 5


def test_LOC_11_owner_and_ids_are_the_key(cast: Cast) -> None:
    id = new_id("L11")
    for cpo in (cast.cpa, cast.cpb):
        body = location(id, owner=cpo.party, name=cpo.party)
        cpo.call("PUT", "locations", f"{cpo.owner}/{id}", body=body, to=cast.HUB)
    changed = location(id.lower(), name="in lower case", last_updated=LATER)
    again = cast.cpa.call("PUT", "locations", f"de/cpa/{id.lower()}", body=changed, to=cast.HUB)
    variant = location(id, name="for MSA", last_updated=LATER)
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=variant, to="NL*MSA")

    held = [one for one in crawl(cast.msb, "locations", to=cast.HUB) if one["id"].lower() == id.lower()]
    for_msa = [one for one in crawl(cast.msa, "locations", to=cast.HUB) if one["id"].lower() == id.lower()]

    assert (again.http, again.code) == (200, 1000), "the same object in another case"
    assert sorted(one["name"] for one in held) == ["FR*CPB", "in lower case"]
    assert [one["name"] for one in for_msa] == ["for MSA"]
    moved = cast.cpa.call("PATCH", "locations", f"DE/CPA/{id}", body={"id": "OTHER", "last_updated": LATEST})
    assert moved.code == 2001


def test_LOC_12_required_fields_and_formats_hold(cast: Cast) -> None:
    wrong: list[tuple[str, Document]] = [
        ("latitude", {"coordinates": {"latitude": 51.04}}),
        ("latitude", {"coordinates": {"latitude": "51.0412"}}),
        ("longitude", {"coordinates": {"longitude": "7.01361111"}}),
        ("time_zone", {"time_zone": ABSENT}),
        ("time_zone", {"time_zone": "Europe/Essen"}),
        ("country", {"country": "DE"}),
        ("publish", {"publish": ABSENT}),
        ("address", {"address": ABSENT}),
        ("city", {"city": "x" * 46}),
        ("last_updated", {"last_updated": "yesterday"}),
    ]
    for field, changes in wrong:
        id = new_id("L12")
        answer = put(cast, id, **changes)

        assert (answer.http, answer.code) == (200, 2001), changes
        assert field in answer.message
        assert read(cast, id).http == 404
    long = put(cast, "x" * 37)
    assert long.code == 2001
    assert put(cast, new_id("L12"), coordinates={"latitude": "51.04123", "longitude": "-7.0136111"}).code == 1000


def test_LOC_13_hours_are_complete_or_refused(cast: Cast) -> None:
    regular = {"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}
    closing = {"period_begin": "2026-12-25T00:00:00Z", "period_end": "2026-12-26T00:00:00Z"}
    good = {"twentyfourseven": False, "regular_hours": [regular], "exceptional_closings": [closing]}
    bad = [
        {"twentyfourseven": False},
        {"twentyfourseven": False, "regular_hours": []},
        {"regular_hours": [regular]},
        {"twentyfourseven": False, "regular_hours": [regular | {"weekday": 8}]},
        {"twentyfourseven": False, "regular_hours": [regular | {"period_begin": "25:00"}]},
    ]
    id = new_id("L13")

    taken = put(cast, id, opening_times=good)
    refused = [put(cast, new_id("L13"), opening_times=hours) for hours in bad]

    assert taken.code == 1000
    assert read(cast, id).data["opening_times"] == good, "local and UTC times stay as they were told"
    assert [(answer.http, answer.code) for answer in refused] == [(200, 2001)] * 5


def test_LOC_14_no_operator_is_filled_in_unless_asked_for(cast: Cast) -> None:
    id, addressed = new_id("L14"), new_id("L14")

    put(cast, id)
    cast.cpa.call("PUT", "locations", f"DE/CPA/{addressed}", body=location(addressed), to="NL*MSA")

    listed = find_in_list(cast.msa, "locations", id, to=cast.HUB)
    assert listed == location(id)
    assert cast.msa.wait_for("PUT", "locations", contains=id).json == location(id)
    assert cast.msa.wait_for("PUT", "locations", contains=addressed).json == location(addressed)
    if cast.has_operator:
        check_operator_is_filled_in_where_it_is_asked_for(cast)


def check_operator_is_filled_in_where_it_is_asked_for(cast: Cast) -> None:
    emsp = cast.add("NL*L14 EMSP", contracts=["DE*CPA"])
    cast.operator.set_up(emsp.handle, fills_operator=True)
    cast.settle(cast.cpa, emsp)
    first, addressed, own = new_id("L14"), new_id("L14"), new_id("L14")

    put(cast, first)
    put(cast, own, operator={"name": "Somebody"})
    cast.cpa.call("PUT", "locations", f"DE/CPA/{addressed}", body=location(addressed), to="NL*L14")

    told = emsp.wait_for("PUT", "locations", contains=first).json
    assert told.pop("operator")["name"] == "DE*CPA CPO"
    assert told == location(first), "last_updated and all else stay"
    listed = find_in_list(emsp, "locations", first, to=cast.HUB)
    assert listed is not None
    assert listed["operator"]["name"] == "DE*CPA CPO"
    assert listed["last_updated"] == location(first)["last_updated"]
    assert emsp.wait_for("PUT", "locations", contains=own).json["operator"] == {"name": "Somebody"}
    assert emsp.wait_for("PUT", "locations", contains=addressed).json == location(addressed)
    assert cast.msa.wait_for("PUT", "locations", contains=first).json == location(first)


def test_LOC_15_tariff_ids_may_come_before_their_tariffs(cast: Cast) -> None:
    id, first, second = new_id("L15"), new_id("T15"), new_id("T15")
    wired = [evse("E1", connectors=[connector("1", tariff_ids=[first, second])])]

    before = put(cast, id, evses=wired)
    after = cast.cpa.call("PUT", "tariffs", f"DE/CPA/{first}", body=tariff(first), to=cast.HUB)

    assert (before.http, before.code, after.code) == (201, 1000, 1000)
    assert read(cast, f"{id}/E1/1").data["tariff_ids"] == [first, second]


def test_LOC_16_an_older_state_does_not_overwrite_a_newer_one(cast: Cast) -> None:
    id = new_id("L16")
    put(cast, id, name="new", last_updated=LATER, evses=[evse("E1", last_updated=AT)])

    stale = put(cast, id, name="old", last_updated=AT)
    equal = put(cast, id, name="equal", last_updated=LATER, evses=[evse("E1", last_updated=AT)])
    older_part = put_part(cast, id, "E1/1", connector("1", max_amperage=1, last_updated=EARLIER))
    newer_part = put_part(cast, id, "E1/1", connector("1", max_amperage=64, last_updated="2026-11-20T10:30:00Z"))
    forwarded = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, last_updated=EARLIER), to="NL*MSA")

    held = read(cast, id).data
    assert [answer.code for answer in (stale, equal, older_part, newer_part, forwarded)] == [1000] * 5
    assert (held["name"], held["last_updated"]) == ("equal", LATER)
    assert held["evses"][0]["connectors"][0]["max_amperage"] == 64, "newer than the connector, older than its location"
    cast.msa.wait_for("PUT", contains=id, that=lambda call: call.to == "NL*MSA" and call.sender == "DE*CPA")


def test_LOC_17_only_a_complete_pull_takes_away(cast: Cast) -> None:
    cpo = cast.add("DK*L17 CPO", contracts=["NL*MSA"])
    kept, gone = new_id("L17"), new_id("L17")
    for id in (kept, gone):
        cpo.call("PUT", "locations", f"DK/L17/{id}", body=location(id, owner=cpo.party), to=cast.HUB)

    def is_served(id: str) -> bool:
        return find_in_list(cast.msa, "locations", id, to=cast.HUB) is not None

    def pull(*, full: bool, that: Callable[[Call], bool]) -> None:
        before = len(cpo.calls)
        cast.operator.pull(cpo.handle, modules=["locations"], full=full)
        wait_until(lambda: any(that(call) for call in cpo.calls[before:]), what="the hub pulls", within=PULL)

    both, page = ([location(id, owner=cpo.party) for id in ids] for ids in ((kept, gone), (kept,)))
    more = {"Link": f'<{cpo.get_endpoint("locations", "SENDER")}?page=2>; rel="next"', "X-Total-Count": "2"}
    with cpo.answering(reply(both), when=lambda call: call.module == "locations"):
        pull(full=True, that=lambda call: call.module == "locations")
        time.sleep(1)
    with cpo.answering(reply(page), when=lambda call: call.module == "locations"):
        pull(full=False, that=lambda call: "date_from" in call.params)
        time.sleep(2)
        assert is_served(gone), "a delta tells nothing of what it lacks"
    with (
        cpo.answering(reply(page, headers=more), when=lambda call: call.module == "locations"),
        cpo.answering(reply(http=500, code=3000), when=lambda call: call.query == "page=2"),
    ):
        pull(full=True, that=lambda call: call.query == "page=2")
        time.sleep(2)
        assert is_served(gone), "a pull that broke off tells nothing"
    with cpo.answering(reply(page), when=lambda call: call.module == "locations"):
        pull(full=True, that=lambda call: call.module == "locations" and "date_from" not in call.params)
        wait_until(lambda: not is_served(gone), what="what the full list lacks is not served any more")
    assert is_served(kept)


def test_LOC_19_only_owners_roles_push_to_the_hub(cast: Cast) -> None:
    id = new_id("L19")

    by_emsp = cast.msa.call("PUT", "locations", f"NL/MSA/{id}", body=location(id, owner="NL*MSA"), to=cast.HUB)
    by_cpo = cast.cpa.call("PUT", "tokens", f"DE/CPA/{id}", body=token(id, owner="DE*CPA"), to=cast.HUB)
    by_nap = cast.nap.call("PUT", "locations", f"NL/NAP/{id}", body=location(id, owner="NL*NAP"), to=cast.HUB)
    foreign = cast.nap.call("PUT", "locations", f"FR/CPB/{id}", body=location(id, owner="FR*CPB"), to=cast.HUB)
    by_other = cast.oth.call("PUT", "tokens", f"SE/OTH/{id}", body=token(id, owner="SE*OTH"), to=cast.HUB)

    assert [(answer.http, answer.code) for answer in (by_emsp, by_cpo, foreign)] == [(404, 2001)] * 3
    assert [(answer.http, answer.code) for answer in (by_nap, by_other)] == [(201, 1000)] * 2
    assert read(cast, id, by=cast.cpb).http == 404
    if cast.has_operator:
        check_a_nap_passes_on_what_it_has_a_mandate_for(cast)


def check_a_nap_passes_on_what_it_has_a_mandate_for(cast: Cast) -> None:
    id, tariff_id = new_id("L19"), new_id("L19")

    def push(name: str = id) -> Answer:
        return cast.nap.call("PUT", "locations", f"FR/CPB/{name}", body=location(name, owner="FR*CPB"), to=cast.HUB)

    without = push()
    mandate = cast.operator.mandate("NL*NAP", "FR*CPB", modules=["locations"])
    taken = ask_until(push, code=1000)
    tariff_body = tariff(tariff_id, owner="FR*CPB")
    other_module = cast.nap.call("PUT", "tariffs", f"FR/CPB/{tariff_id}", body=tariff_body, to=cast.HUB)
    other_owner = cast.nap.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    cast.operator.end_mandate(mandate)
    ended = ask_until(lambda: push(new_id("L19")), code=without.code)

    assert (without.http, taken.http) == (404, 201)
    assert [answer.http for answer in (other_module, other_owner, ended)] == [404] * 3
    heard = cast.msb.wait_for("PUT", "locations", contains=id)  # a partner of the owner, not of the NAP
    assert (heard.suffix, heard.sender) == (f"FR/CPB/{id}", cast.HUB)
    assert cast.msa.find("PUT", "locations", contains=id) == []  # the NAP's partner, not the owner's


def put(cast: Cast, id: str, **changes: Any) -> Answer:
    return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, **changes), to=cast.HUB)


def put_part(cast: Cast, id: str, part: str, body: Document) -> Answer:
    return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}/{part}", body=body, to=cast.HUB)


def read(cast: Cast, path: str, *, by: Partner | None = None) -> Answer:
    """The hub's own copy, by its owner."""
    owner = by or cast.cpa
    return owner.call("GET", "locations", f"{owner.owner}/{path}", to=cast.HUB)


def stamps(held: Document) -> Document:
    return {"location": held["last_updated"]} | {one["uid"]: one["last_updated"] for one in held["evses"]}
