"""Rows ROUTE-01 to ROUTE-22: headers, addressed calls, receivers that cannot or will not (21: test_while_away.py)."""

from __future__ import annotations

import time
import uuid

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until, crawl
from tests.conformance.objects import location, tariff, token
from tests.conformance.partner import reply
from tests.conformance.wire import Answer, as_json, new_id

ROUTING = ("ocpi-to-party-id", "ocpi-to-country-code", "ocpi-from-party-id", "ocpi-from-country-code")


def test_ROUTE_01_configuration_modules_carry_no_routing_headers(cast: Cast) -> None:
    newcomer = cast.add("DK*R01 CPO", contracts=["NL*MSA"])

    pushed = cast.msa.wait_for("PUT", "hubclientinfo", contains="/DK/R01")
    read = [newcomer.wait_for("GET", "versions"), newcomer.wait_for("GET", "details")]
    found = cast.msa.configure("GET", cast.hub.versions_url)
    ignored = cast.msa.call_url("GET", cast.hub.versions_url, to="XX*ZZZ", sender="XX*YYY")

    assert [name for call in (pushed, *read) for name in ROUTING if name in call.headers] == []
    assert [name for answer in (found, ignored) for name in ROUTING if name in answer.headers] == []
    assert (found.code, ignored.http, ignored.code) == (1000, 200, 1000)


def test_ROUTE_02_routing_headers_come_in_pairs_and_any_case(cast: Cast) -> None:
    id = new_id("R02")
    path, body = f"DE/CPA/{id}", location(id)

    odd = {"ocpi-TO-party-id": "msa", "OCPI-to-COUNTRY-code": "nl"}
    answer = cast.cpa.call("PUT", "locations", path, body=body, headers=odd)
    halves = [
        cast.cpa.call("PUT", "locations", path, body=body, headers={"OCPI-to-party-id": "MSA"}),
        cast.cpa.call("PUT", "locations", path, body=body, headers={"OCPI-to-country-code": "NL"}),
        cast.cpa.call("PUT", "locations", path, body=body, to="NL*MSA", headers={"OCPI-from-party-id": None}),
        cast.cpa.call("PUT", "locations", path, body=body, to="NL*MSA", headers={"OCPI-from-country-code": None}),
    ]

    assert answer.code == 1000
    assert len(cast.msa.find("PUT", "locations", contains=id)) == 1, "the whole pair arrives, the halves do not"
    assert [(half.http, half.code) for half in halves] == [(200, 2001)] * 4


def test_ROUTE_03_from_names_a_party_of_the_callers_platform(cast: Cast) -> None:
    id = new_id("R03")

    own = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")
    refused = [
        cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA", sender=sender)
        for sender in ("NL*XXX", "BE*MSB", cast.HUB)
    ]

    assert (own.http, own.code) == (200, 1000)
    assert [(answer.http, answer.code) for answer in refused] == [(403, 2001)] * 3
    assert len(cast.cpa.find("GET", "locations", contains=id)) == 1


def test_ROUTE_04_a_missing_from_is_assumed_only_where_one_party_fits(cast: Cast) -> None:
    id = new_id("R04")

    alone = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), sender="", to="NL*MSA")
    two = cast.plan("DK*R04 CPO", "DK*R4B CPO").register()
    unclear = two.call("PUT", "locations", f"DK/R04/{id}", body=location(id, owner="DK*R04"), sender="", to=cast.HUB)

    assert alone.code == 1000
    assert cast.msa.wait_for("PUT", "locations", contains=id).sender == "DE*CPA"
    assert (unclear.http, unclear.code) == (200, 2001)


def test_ROUTE_05_an_addressed_call_keeps_to_and_from(cast: Cast) -> None:
    id = new_id("R05")

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")

    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert (call.to, call.sender) == ("NL*MSA", "DE*CPA")


def test_ROUTE_06_headers_missing_in_the_answer_are_filled_in(cast: Cast) -> None:
    id = new_id("R06")

    answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")

    cast.msa.wait_for("PUT", "locations", contains=id)  # its answer has no OCPI header at all
    assert answer.code == 1000
    assert (answer.to, answer.sender) == ("DE*CPA", "NL*MSA")


def test_ROUTE_07_same_module_and_interface_with_path_and_query(cast: Cast) -> None:
    id = new_id("R07")

    cast.msa.call("GET", "tokens", f"NL/MSA/{id}", query="type=RFID&odd=a%2Fb", to="DE*CPA")
    cast.msa.call("GET", "locations", f"{id}/E%201/1", interface="SENDER", to="DE*CPA")

    token_call = cast.cpa.wait_for("GET", "tokens", contains=id)
    location_call = cast.cpa.wait_for("GET", "locations", contains=id)
    assert (token_call.interface, token_call.suffix) == ("RECEIVER", f"NL/MSA/{id}")
    assert token_call.query == "type=RFID&odd=a%2Fb"
    assert (location_call.interface, location_call.suffix) == ("SENDER", f"{id}/E%201/1")


def test_ROUTE_08_a_party_on_two_platforms_is_found_by_module(cast: Cast) -> None:
    id = new_id("R08")
    cpo_offers = (("tokens", "RECEIVER"), ("locations", "SENDER"), ("tariffs", "SENDER"))
    emsp_offers = (("locations", "RECEIVER"), ("tariffs", "RECEIVER"), ("tokens", "SENDER"))
    as_cpo = cast.add("DK*R08 CPO", offers=cpo_offers, contracts=["NL*MSA"])
    as_emsp = cast.add("DK*R08 EMSP", offers=emsp_offers, contracts=["DE*CPA"])

    def push_token() -> Answer:
        return cast.msa.call("PUT", "tokens", f"NL/MSA/{id}", body=token(id), to="DK*R08")

    def push_location() -> Answer:
        return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="DK*R08")

    assert (ask_until(push_token, code=1000).code, ask_until(push_location, code=1000).code) == (1000, 1000)
    assert {call.module for call in as_cpo.find("PUT", contains=id)} == {"tokens"}
    assert {call.module for call in as_emsp.find("PUT", contains=id)} == {"locations"}


def test_ROUTE_09_the_receiver_sees_its_own_token_only(cast: Cast) -> None:
    id = new_id("R09")

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")

    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert call.token == cast.msa.token_b
    assert not any(secret in value for secret in (cast.cpa.token, cast.cpa.token_b) for value in call.headers.values())


def test_ROUTE_10_a_new_request_id_per_hop_and_the_same_correlation_id(cast: Cast) -> None:
    one, all_of_them = new_id("R10"), new_id("R10")
    ids = {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}

    addressed = cast.cpa.call("PUT", "locations", f"DE/CPA/{one}", body=location(one), to="NL*MSA", headers=ids)
    cast.cpa.call("PUT", "locations", f"DE/CPA/{all_of_them}", body=location(all_of_them), to=cast.HUB, headers=ids)

    calls = [
        cast.msa.wait_for("PUT", "locations", contains=one),
        cast.msa.wait_for("PUT", "locations", contains=all_of_them),
        cast.msb.wait_for("PUT", "locations", contains=all_of_them),
    ]
    assert {call.correlation_id for call in calls} == {ids["X-Correlation-ID"]}
    seen = [call.request_id for call in calls]
    assert all(seen)
    assert len({*seen, ids["X-Request-ID"]}) == 4
    assert {name: addressed.headers[name] for name in ids} == ids


def test_ROUTE_11_bodies_pass_byte_for_byte(cast: Cast) -> None:
    one, all_of_them = new_id("R11"), new_id("R11")

    def spell(id: str) -> bytes:
        odd = as_json(location(id, name="Zürich  HB", last_updated="2026-11-20T10:00:00.120Z"))
        return odd.replace(b'"publish":true', b'\n\t"publish" : true', 1)

    cast.cpa.call("PUT", "locations", f"DE/CPA/{one}", body=spell(one), to="NL*MSA")
    cast.cpa.call("PUT", "locations", f"DE/CPA/{all_of_them}", body=spell(all_of_them), to=cast.HUB)

    assert cast.msa.wait_for("PUT", "locations", contains=one).body == spell(one)
    assert cast.msa.wait_for("PUT", "locations", contains=all_of_them).body == spell(all_of_them)


def test_ROUTE_12_the_receivers_2xxx_and_3xxx_are_handed_on(cast: Cast) -> None:
    cases = [(200, 2003, 200), (500, 3000, 200), (503, 3000, 200), (400, 2001, 200), (404, 2003, 404)]
    for http, code, expected in cases:
        id = new_id("R12")
        said = reply({"odd": 1}, http=http, code=code, message="said by the receiver")

        with cast.cpa.answering(said, when=lambda call, id=id: id in call.path):  # type: ignore[misc]
            answer = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")

        assert (answer.http, answer.code, answer.message) == (expected, code, "said by the receiver")
        assert answer.data == {"odd": 1}
        assert answer.sender == "DE*CPA"


def test_ROUTE_13_a_404_or_405_with_meaning_passes(cast: Cast) -> None:
    id = new_id("R13")
    bare = {"body": b"<h1>Not Found</h1>", "headers": {"Content-Type": "text/html"}}

    def authorize() -> tuple[int, int]:
        answer = cast.cpa.call("POST", "tokens", f"{id}/authorize", interface="SENDER", to="NL*MSA")
        return answer.http, answer.code

    with cast.msa.answering(reply(http=404, code=2004), when=lambda call: id in call.path):
        told = authorize()
    with cast.msa.answering(reply(http=404, **bare), when=lambda call: id in call.path):  # type: ignore[arg-type]
        untold = authorize()
    with cast.cpa.answering(reply(http=404, **bare), when=lambda call: id in call.path):  # type: ignore[arg-type]
        missing = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")
    with cast.cpa.answering(reply(http=405, code=2000), when=lambda call: id in call.path):
        refused = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")

    assert (told, untold) == ((404, 2004), (404, 2004))
    assert (missing.http, missing.code) == (404, 2001)
    assert (refused.http, refused.code) == (405, 2000)


def test_ROUTE_14_a_broken_receiver_is_4000_for_the_requester(cast: Cast) -> None:
    html = {"body": b"<h1>Bad gateway</h1>", "headers": {"Content-Type": "text/html"}}
    broken = [
        reply(http=401, code=2000),
        reply(http=403, code=2001),
        reply(http=407, body=b""),
        reply(http=502, **html),  # type: ignore[arg-type]
        reply(http=200, body=b"[]"),
        reply(http=200, body=b"{}"),
    ]
    for said in broken:
        id = new_id("R14")

        with cast.msa.answering(said, when=lambda call, id=id: id in call.path):  # type: ignore[misc]
            answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")

        assert (answer.http, answer.code, answer.data, answer.sender) == (200, 4000, None, cast.HUB)


def test_ROUTE_15_an_unknown_receiver_is_4001(cast: Cast) -> None:
    answer = cast.msa.call("GET", "locations", "L1", interface="SENDER", to="XX*ZZZ")

    assert (answer.http, answer.code) == (200, 4001)


def test_ROUTE_16_no_answer_in_time_is_4002(cast: Cast) -> None:
    id = new_id("R16")
    limit = cast.hub.timeout

    with cast.msa.answering(reply(after=limit + 6), when=lambda call: id in call.path):
        begun = time.monotonic()
        answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")
        took = time.monotonic() - begun

    assert (answer.http, answer.code) == (200, 4002)
    assert took < limit + 1


def test_ROUTE_17_a_receiver_that_is_not_connected_is_4003(cast: Cast) -> None:
    stopped = cast.add("DK*R17 EMSP", contracts=["DE*CPA"])
    suspended = cast.add("DK*R7S EMSP", contracts=["DE*CPA"])
    planned = cast.plan("DK*R7P EMSP")
    cast.contract("DE*CPA", "DK*R7P")

    def push(to: str) -> Answer:
        id = new_id("R17")
        return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=to)

    assert [ask_until(lambda to=one.party: push(to), code=1000).code for one in (stopped, suspended)] == [1000] * 2  # type: ignore[misc]
    stopped.close()
    cast.operator.suspend(suspended.handle)

    assert push(stopped.party).code == 4003
    assert push(planned.party).code == 4003
    assert ask_until(lambda: push(suspended.party), code=4003).code == 4003


def test_ROUTE_18_a_receiver_without_the_module_is_4000(cast: Cast) -> None:
    small = cast.add("DK*R18 CPO", offers=(("locations", "SENDER"),), contracts=["NL*MSA"])
    body = {"response_url": f"{cast.msa.url}/callbacks/R18", "session_id": new_id("R18")}

    def command() -> Answer:
        return cast.msa.call("POST", "commands", "STOP_SESSION", body=body, to="DK*R18")

    answer = ask_until(command, code=4000)

    assert (answer.http, answer.code, answer.data) == (200, 4000, None)
    assert "commands" in answer.message
    assert small.find("POST") == []


def test_ROUTE_19_routing_errors_are_the_hubs_own_answers(cast: Cast) -> None:
    answer = cast.msa.call("GET", "locations", "L1", interface="SENDER", to="XX*ZZZ")

    assert (answer.http, answer.code) == (200, 4001)
    assert (answer.to, answer.sender) == ("NL*MSA", cast.HUB)
    assert "data" not in answer.envelope


def test_ROUTE_20_authorization_fails_fast(cast: Cast) -> None:
    id = new_id("R20")

    with cast.msa.answering(reply(after=20), when=lambda call: id in call.path):
        begun = time.monotonic()
        answer = cast.cpa.call("POST", "tokens", f"{id}/authorize", interface="SENDER", to="NL*MSA")
        took = time.monotonic() - begun

    assert answer.code == 4002
    assert took < cast.hub.timeout + 1


def test_ROUTE_22_without_a_contract_nothing_passes(cast: Cast) -> None:
    id = new_id("R22")
    command = {
        "response_url": f"{cast.msa.url}/callbacks/{id}",
        "token": token(id),
        "location_id": id,
    }

    answer = cast.msa.call("POST", "commands", "START_SESSION", body=command, to="FR*CPB")
    cast.cpb.call("PUT", "locations", f"FR/CPB/{id}", body=location(id, owner="FR*CPB"), to=cast.HUB)
    cast.cpb.call("PUT", "tariffs", f"FR/CPB/{id}", body=tariff(id, owner="FR*CPB"), to=cast.HUB)

    assert (answer.http, answer.code) == (200, 4003)
    cast.msb.wait_for("PUT", "tariffs", contains=id)
    cast.msa.expect_nothing(contains=id)
    assert cast.cpb.find("POST", contains=id) == []
    assert [one for one in crawl(cast.msa, "locations", to=cast.HUB) if one["party_id"] == "CPB"] == []
    shown = cast.msa.configure("GET", cast.msa.hub_endpoints["hubclientinfo", "SENDER"]).data
    assert [one for one in shown if one["party_id"] == "CPB" and one["status"] == "CONNECTED"] == []
