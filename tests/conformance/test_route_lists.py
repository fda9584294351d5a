"""Rows ROUTE-39 to ROUTE-48: lists, the hub's URLs in place of partners', other hubs, the hub's own requests."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from tests.conformance.cast import Cast
from tests.conformance.lists import PULL, ask_until, crawl, find_in_list, new_moment, wait_until, write
from tests.conformance.objects import cdr, location, session, tariff
from tests.conformance.partner import reply
from tests.conformance.wire import Answer, Call, new_id

HUBS_INFO = ("hubclientinfo", "RECEIVER")


def test_ROUTE_39_get_all_merges_what_several_parties_own(cast: Cast) -> None:
    id = new_id("R39")
    for cpo in (cast.cpa, cast.cpb):
        cpo.call("PUT", "locations", f"{cpo.owner}/{id}", body=location(id, owner=cpo.party), to=cast.HUB)

    for to in (cast.HUB, ""):
        answer = cast.msb.call("GET", "locations", interface="SENDER", to=to, query="limit=1")
        owners = [one["party_id"] for one in crawl(cast.msb, "locations", to=to) if one["id"] == id]

        assert (answer.http, answer.code) == (200, 1000)
        assert (answer.to, answer.sender) == ("BE*MSB", cast.HUB)
        assert sorted(owners) == ["CPA", "CPB"]
    assert cast.cpa.find("GET", "locations", contains=id) == []


def test_ROUTE_40_the_merged_list_counts_what_the_caller_sees(cast: Cast) -> None:
    moment = new_moment()
    query = f"date_from={write(moment)}&date_to={write(moment + timedelta(seconds=1))}"
    for cpo, count in ((cast.cpa, 3), (cast.cpb, 2)):
        for _ in range(count):
            id = new_id("R40")
            body = location(id, owner=cpo.party, last_updated=write(moment))
            cpo.call("PUT", "locations", f"{cpo.owner}/{id}", body=body, to=cast.HUB)

    page = cast.msb.call("GET", "locations", interface="SENDER", to=cast.HUB, query=f"{query}&limit=2")
    seen_by_both = crawl(cast.msb, "locations", to=cast.HUB, query=f"{query}&limit=2")
    partly = cast.msa.call("GET", "locations", interface="SENDER", to=cast.HUB, query=query)

    assert (page.headers["X-Total-Count"], page.headers["X-Limit"], len(page.data)) == ("5", "2", 2)
    assert sorted(one["country_code"] + one["party_id"] for one in seen_by_both) == ["DECPA"] * 3 + ["FRCPB"] * 2
    assert {one["last_updated"] for one in seen_by_both} == {write(moment)}
    assert (partly.headers["X-Total-Count"], len(partly.data)) == ("3", 3)


def test_ROUTE_41_what_is_for_one_party_is_seen_by_it_alone(cast: Cast) -> None:
    id = new_id("R41")

    answer = cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id), to="NL*MSA")

    assert answer.code == 1000
    assert find_in_list(cast.msa, "tariffs", id, to=cast.HUB) is not None
    assert find_in_list(cast.msb, "tariffs", id, to=cast.HUB) is None
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).http == 404


def test_ROUTE_42_sessions_and_cdrs_are_listed_for_their_own_party(cast: Cast) -> None:
    id = new_id("R42")
    cast.cpa.call("POST", "cdrs", body=cdr(id), to=cast.HUB)
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to=cast.HUB)

    for module in ("cdrs", "sessions"):
        assert find_in_list(cast.msa, module, id, to=cast.HUB) is not None
        assert find_in_list(cast.msb, module, id, to=cast.HUB) is None
        owners = {one["cdr_token"]["party_id"] for one in crawl(cast.msb, module, to=cast.HUB)}
        assert owners <= {"MSB"}


def test_ROUTE_43_links_of_relayed_lists_lead_through_the_hub(cast: Cast) -> None:
    id = new_id("R43")
    first, second = location(f"{id}A"), location(f"{id}B")
    own_next = f"{cast.cpa.get_endpoint('locations', 'SENDER')}?cursor={id}&opaque=%7B1%7D"
    pages = {"X-Total-Count": "2", "X-Limit": "1"}
    link = {"Link": f'<{own_next}>; rel="next"'}

    def is_first(call: Call) -> bool:
        return call.module == "locations" and f"date_from=2019-01-01T00:00:00Z&limit=1&x={id}" == call.query

    def is_second(call: Call) -> bool:
        return call.module == "locations" and call.query == f"cursor={id}&opaque=%7B1%7D"

    with (
        cast.cpa.answering(reply([first], headers=pages | link), when=is_first),
        cast.cpa.answering(reply([second], headers=pages), when=is_second),
    ):
        query = f"date_from=2019-01-01T00:00:00Z&limit=1&x={id}"
        page = cast.msa.call("GET", "locations", interface="SENDER", to="DE*CPA", query=query)
        stranger = cast.msb.call_url("GET", page.next_url, to="DE*CPA")
        last = cast.msa.call_url("GET", page.next_url)

    assert [one["id"] for one in page.data] == [f"{id}A"]
    assert {name: page.headers[name] for name in pages} == pages
    assert urlsplit(page.next_url)[:2] == urlsplit(cast.hub.versions_url)[:2]
    assert id not in page.next_url
    assert len(page.next_url) <= 255
    assert ([one["id"] for one in last.data], last.next_url, last.sender) == ([f"{id}B"], "", "DE*CPA")
    assert (stranger.http, stranger.data) == (404, None)
    second_call = cast.cpa.wait_for("GET", "locations", contains=f"cursor={id}")
    assert (second_call.to, second_call.sender) == ("DE*CPA", "NL*MSA")


def test_ROUTE_44_the_location_of_a_cdr_leads_through_the_hub(cast: Cast) -> None:
    id = new_id("R44")
    own = {"Location": f"{cast.msa.get_endpoint('cdrs', 'RECEIVER')}/{id}"}

    with cast.msa.answering(reply(http=201, headers=own), when=lambda call: id.encode() in call.body):
        answer = cast.cpa.call("POST", "cdrs", body=cdr(id), to="NL*MSA")
    url = answer.headers["Location"]
    stored, foreign = cast.cpa.call_url("GET", url), cast.cpb.call_url("GET", url)

    assert (answer.http, answer.code) == (201, 1000)
    assert urlsplit(url)[:2] == urlsplit(cast.hub.versions_url)[:2]
    assert (stored.code, stored.data["id"]) == (1000, id)
    assert (foreign.http, foreign.data) == (404, None)


def test_ROUTE_45_response_urls_lead_through_the_hub(cast: Cast) -> None:
    id = new_id("R45")
    own = f"{cast.msa.url}/callbacks/{id}?x={'y' * 150}"
    accepted = reply({"result": "ACCEPTED", "timeout": 30})

    with cast.cpa.answering(accepted, when=lambda call: id in call.path or id.encode() in call.body):
        command = {"response_url": own, "session_id": id}
        sent = cast.msa.call("POST", "commands", "STOP_SESSION", body=command, to="DE*CPA")
        asked = cast.msa.call(
            "GET", "chargingprofiles", id, query=f"duration=900&response_url={own.split('?')[0]}", to="DE*CPA"
        )
    in_body = cast.cpa.wait_for("POST", "commands", contains=id).json
    in_query = cast.cpa.wait_for("GET", "chargingprofiles", contains=id).params
    back = cast.cpa.call_url("POST", in_body["response_url"], body={"result": "ACCEPTED"})
    foreign = cast.cpb.call_url("POST", in_body["response_url"], body={"result": "REJECTED"})

    assert (sent.code, asked.code, back.code) == (1000, 1000, 1000)
    for url in (in_body["response_url"], in_query["response_url"]):
        assert urlsplit(url)[:2] == urlsplit(cast.hub.versions_url)[:2]
        assert id not in url
        assert len(url) <= 255
    assert (in_body["session_id"], in_query["duration"]) == (id, "900")
    result = cast.msa.wait_for("POST", contains=f"/callbacks/{id}")
    assert (f"{cast.msa.url}{result.path}?{result.query}", result.json) == (own, {"result": "ACCEPTED"})
    assert (result.to, result.sender) == ("NL*MSA", "DE*CPA")
    assert foreign.http == 404
    assert len(cast.msa.find("POST", contains=f"/callbacks/{id}")) == 1


def test_ROUTE_46_a_hub_may_be_the_next_hop(cast: Cast) -> None:
    id = new_id("R46")
    other_hub = cast.add("SE*R46 HUB")
    behind = {
        "country_code": "DK",
        "party_id": "R4E",
        "role": "EMSP",
        "status": "CONNECTED",
        "last_updated": "2026-11-20T10:00:00Z",
    }
    announced = other_hub.configure("PUT", f"{other_hub.hub_endpoints[HUBS_INFO]}/DK/R4E", body=behind)
    cast.contract("DE*CPA", "DK*R4E")

    def push() -> Answer:
        return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="DK*R4E")

    answer = ask_until(push, code=1000)
    call = other_hub.wait_for("PUT", "locations", contains=id)
    from_behind = other_hub.call("GET", "locations", id, interface="SENDER", to="DE*CPA", sender="DK*R4E")
    same = {"X-Correlation-ID": call.correlation_id}
    with other_hub.answering(reply(after=1), when=lambda call: id in call.path):
        loop = other_hub.call(
            "PUT", "locations", f"DE/CPA/{id}", body=location(id), to="DK*R4E", sender="DE*CPA", headers=same
        )

    assert (announced.code, answer.code) == (1000, 1000)
    assert (call.to, call.sender) == ("DK*R4E", "DE*CPA")
    assert from_behind.code == 1000
    assert cast.cpa.wait_for("GET", "locations", contains=id).sender == "DK*R4E"
    assert loop.code != 1000


def test_ROUTE_47_late_objects_are_found_by_full_lists_and_overlap(cast: Cast) -> None:
    id = new_id("R47")
    late = location(id, last_updated="2020-01-01T00:00:00Z")
    cpo = cast.add("DK*R47 CPO", contracts=["NL*MSA"])

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=late, to=cast.HUB)
    cast.operator.pull(cpo.handle, modules=["locations"], full=True)
    full = cpo.wait_for("GET", "locations", interface="SENDER", within=PULL)
    begun = write_date_header(cast)
    cast.operator.pull(cpo.handle, modules=["locations"])
    delta = cpo.wait_for(
        "GET", "locations", interface="SENDER", that=lambda call: "date_from" in call.params, within=PULL
    )

    found = find_in_list(cast.msa, "locations", id, to=cast.HUB)
    assert found is not None
    assert found["last_updated"] == "2020-01-01T00:00:00Z"
    assert "date_from" not in full.params
    assert delta.params["date_from"] < begun


def test_ROUTE_48_the_hubs_own_requests_come_from_the_hub(cast: Cast) -> None:
    cpo = cast.add("DK*R48 CPO", contracts=["NL*MSA"])
    id = new_id("R48")

    with cpo.answering(reply([location(id, owner="DK*R48")]), when=lambda call: call.module == "locations"):
        cast.operator.pull(cpo.handle, modules=["locations"], full=True)
        call = cpo.wait_for("GET", "locations", interface="SENDER", within=PULL)
        wait_until(
            lambda: find_in_list(cast.msa, "locations", id, to=cast.HUB) is not None, what="what was pulled is served"
        )

    assert (call.to, call.sender) == ("DK*R48", cast.HUB)
    assert call.token == cpo.token_b
    assert call.request_id
    assert call.correlation_id


def write_date_header(cast: Cast) -> str:
    """The hub's own clock, as it says it in its envelopes."""
    return str(cast.cpa.configure("GET", cast.hub.versions_url).envelope["timestamp"])
