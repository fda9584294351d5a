"""Rows ROUTE-23 to ROUTE-35: what is sent to the hub itself, and whom it tells."""

from __future__ import annotations

import time
from contextlib import suppress

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until
from tests.conformance.objects import ABSENT, cdr, location, session, tariff, token
from tests.conformance.partner import reply
from tests.conformance.wire import new_id

LATER = "2026-11-20T11:00:00Z"


def test_ROUTE_23_a_broadcast_is_answered_at_once_by_the_hub(cast: Cast) -> None:
    id = new_id("R23")

    with cast.msa.answering(reply(after=2), when=lambda call: id in call.path):
        begun = time.monotonic()
        answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
        took = time.monotonic() - begun
        stored = cast.cpa.call("GET", "locations", f"DE/CPA/{id}", to=cast.HUB)
        cast.msa.wait_for("PUT", "locations", contains=id)

    assert (answer.http, answer.code) == (201, 1000)
    assert (answer.to, answer.sender) == ("DE*CPA", cast.HUB)
    assert took < 2
    assert stored.data["id"] == id


def test_ROUTE_24_fan_out_goes_to_each_party_from_the_hub(cast: Cast) -> None:
    id = new_id("R24")

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    for partner in (cast.msa, cast.msb):
        call = partner.wait_for("PUT", "locations", contains=id)
        assert (call.to, call.sender) == (partner.party, cast.HUB)


def test_ROUTE_25_the_opposite_kind_hears_a_broadcast(cast: Cast) -> None:
    id, uid = new_id("R25"), new_id("R25")
    # Contracts that must not matter for a broadcast: only the kind keeps these from hearing it.
    contracts = [cast.contract("DE*CPA", "FR*CPB"), cast.contract("NL*MSA", "SE*OTH")]
    probe = new_id("R25")
    ask_until(lambda: cast.cpb.call("GET", "locations", probe, interface="SENDER", to="DE*CPA"), code=1000)

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    cast.oth.call("PUT", "tokens", f"SE/OTH/{uid}", body=token(uid, owner="SE*OTH"), to=cast.HUB)

    for partner in (cast.msa, cast.msb, cast.nav, cast.oth, cast.nap):
        partner.wait_for("PUT", "locations", contains=id)
    for partner in (cast.cpa, cast.cpb):
        partner.wait_for("PUT", "tokens", contains=uid)
    cast.cpb.expect_nothing(contains=id)
    assert cast.scp.find(contains=id) == []
    assert [one.party for one in (cast.msa, cast.msb, cast.nav, cast.nap, cast.scp) if one.find(contains=uid)] == []
    for contract in contracts:
        cast.operator.end_contract(contract)


def test_ROUTE_26_only_who_offers_the_module_is_told(cast: Cast) -> None:
    id = new_id("R26")
    small = cast.add("DK*R26 EMSP", offers=(("tariffs", "RECEIVER"), ("locations", "SENDER")), contracts=["DE*CPA"])
    for _ in range(10):
        first = new_id("R26")
        cast.cpa.call("PUT", "tariffs", f"DE/CPA/{first}", body=tariff(first), to=cast.HUB)
        with suppress(AssertionError):
            small.wait_for("PUT", "tariffs", contains=first, within=3)
            break

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id), to=cast.HUB)

    small.wait_for("PUT", "tariffs", contains=id)
    cast.msa.wait_for("PUT", "locations", contains=id)
    assert small.find("PUT", "locations") == []
    assert small.find("PUT", contains="/locations") == []


def test_ROUTE_27_the_owner_stays_in_path_and_body(cast: Cast) -> None:
    id = new_id("R27")

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert call.suffix == f"DE/CPA/{id}"
    assert (call.json["country_code"], call.json["party_id"]) == ("DE", "CPA")
    assert call.sender == cast.HUB


def test_ROUTE_28_errors_of_recipients_are_not_the_broadcasters(cast: Cast) -> None:
    id = new_id("R28")
    odd = cast.add("DK*R28 EMSP", contracts=["DE*CPA"])
    cast.settle(cast.cpa, odd)

    with odd.answering(reply(http=401, code=2000), when=lambda call: id in call.path):
        first = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
        odd.wait_for("PUT", "locations", contains=id)
        second = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    assert [(answer.http, answer.code) for answer in (first, second)] == [(201, 1000), (200, 1000)]
    cast.msa.wait_for("PUT", "locations", contains=id)
    cast.msb.wait_for("PUT", "locations", contains=id)


def test_ROUTE_29_a_get_is_never_a_broadcast(cast: Cast) -> None:
    id = new_id("R29")
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    answer = cast.cpa.call("GET", "locations", f"DE/CPA/{id}", to=cast.HUB)

    assert (answer.http, answer.code, answer.data["id"]) == (200, 1000, id)
    assert answer.sender == cast.HUB
    cast.msa.wait_for("PUT", "locations", contains=id)
    assert [one.party for one in cast.everybody if one.find("GET", contains=id)] == []


def test_ROUTE_30_sessions_and_cdrs_go_to_the_owner_of_the_token_alone(cast: Cast) -> None:
    id, session_id, lost = new_id("R30"), new_id("R30"), new_id("R30")

    with cast.msa.answering(reply(code=1000, message="from MSA"), when=lambda call: session_id in call.path):
        pushed = cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=session(session_id), to=cast.HUB)
    billed = cast.cpa.call("POST", "cdrs", body=cdr(id), to=cast.HUB)
    unknown = cast.cpa.call("POST", "cdrs", body=cdr(lost, token_owner="XX*ZZZ"), to=cast.HUB)
    nobody = [
        cast.cpa.call("POST", "cdrs", body=cdr(lost, cdr_token=ABSENT), to=cast.HUB),
        cast.cpa.call("PUT", "sessions", f"DE/CPA/{lost}", body=session(lost, cdr_token=ABSENT), to=cast.HUB),
    ]
    patch = {"kwh": 2, "last_updated": LATER}
    never_seen = cast.cpa.call("PATCH", "sessions", f"DE/CPA/{lost}", body=patch, to=cast.HUB)

    calls = [cast.msa.wait_for("POST", "cdrs", contains=id), cast.msa.wait_for("PUT", "sessions", contains=session_id)]
    assert [(call.to, call.sender) for call in calls] == [("NL*MSA", "DE*CPA")] * 2
    assert (billed.http, billed.code, billed.sender) == (201, 1000, "NL*MSA")
    assert (pushed.code, pushed.message, pushed.sender) == (1000, "from MSA", "NL*MSA")
    assert unknown.code == 4001
    assert [answer.code for answer in nobody] == [2001, 2001]
    assert never_seen.code == 4001
    cast.msb.expect_nothing(contains=id)
    others = [one for one in cast.everybody if one is not cast.msa]
    assert [one.party for one in others if one.find(contains=id) or one.find(contains=session_id)] == []
    assert cast.msa.find(contains=lost) == []


def test_ROUTE_31_commands_to_the_hub_are_no_broadcast(cast: Cast) -> None:
    id = new_id("R31")
    body = {"response_url": f"{cast.msa.url}/callbacks/{id}", "token": token(id), "location_id": id}

    answer = cast.msa.call("POST", "commands", "START_SESSION", body=body, to=cast.HUB)
    profile = cast.msa.call(
        "PUT",
        "chargingprofiles",
        id,
        body={"response_url": body["response_url"], "charging_profile": {"charging_rate_unit": "W"}},
        to=cast.HUB,
    )

    assert (answer.http, answer.code, answer.data) == (200, 4001, None)
    assert (profile.http, profile.code, profile.data) == (200, 4001, None)
    cast.cpa.expect_nothing(contains=id)
    assert [one.party for one in cast.everybody if one.find(contains=id)] == []


def test_ROUTE_32_a_tariff_is_withdrawn_from_everybody(cast: Cast) -> None:
    id = new_id("R32")
    cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id), to=cast.HUB)

    answer = cast.cpa.call("DELETE", "tariffs", f"DE/CPA/{id}", to=cast.HUB)

    assert (answer.http, answer.code) == (200, 1000)
    for partner in (cast.msa, cast.msb):
        call = partner.wait_for("DELETE", "tariffs", contains=id)
        assert (call.suffix, call.to, call.sender) == (f"DE/CPA/{id}", partner.party, cast.HUB)
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}", to=cast.HUB).http == 404


def test_ROUTE_33_no_echo_to_the_senders_platform(cast: Cast) -> None:
    id, asked, own = new_id("R33"), new_id("R33"), new_id("R33")
    both = cast.add("DK*R33 CPO", "DK*3EM EMSP", contracts=["DK*3EM", "NL*MSA"])

    ask_until(lambda: both.call("GET", "locations", asked, interface="SENDER", to="DK*R33", sender="DK*3EM"), code=1000)
    cast.settle(both, cast.msa)
    both.call("PUT", "locations", f"DK/R33/{id}", body=location(id, owner="DK*R33"), to=cast.HUB)
    to_itself = cast.mix.call("GET", "locations", own, interface="SENDER", to="AT*MIX")

    cast.msa.wait_for("PUT", "locations", contains=id)
    both.expect_nothing(contains=id)
    addressed = both.wait_for("GET", "locations", contains=asked)
    assert (addressed.to, addressed.sender) == ("DK*R33", "DK*3EM")
    assert to_itself.code == 1000
    reached = cast.mix.wait_for("GET", "locations", contains=own)
    assert (reached.to, reached.sender) == ("AT*MIX", "AT*MIX")


def test_ROUTE_34_a_patch_of_an_unknown_object_is_followed_by_a_put(cast: Cast) -> None:
    id = new_id("R34")
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    cast.msb.wait_for("PUT", "locations", contains=id)
    change = {"name": "New name", "last_updated": LATER}

    refused = reply(http=404, code=2003)
    with cast.msb.answering(refused, when=lambda call: call.method == "PATCH" and id in call.path):
        cast.cpa.call("PATCH", "locations", f"DE/CPA/{id}", body=change, to=cast.HUB)
        cast.msb.wait_for("PATCH", "locations", contains=id)
        repaired = cast.msb.wait_for("PUT", "locations", contains=id, that=lambda call: call.json["name"] == "New name")

    assert repaired.json == location(id, **change)
    assert (repaired.suffix, repaired.to, repaired.sender) == (f"DE/CPA/{id}", "BE*MSB", cast.HUB)


def test_ROUTE_35_pushes_of_one_object_never_overtake_each_other(cast: Cast) -> None:
    id = new_id("R35")
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    sent = [f"2026-11-20T12:00:{second:02}Z" for second in range(50)]

    for moment in sent:
        status = "CHARGING" if moment.endswith(("0Z", "2Z", "4Z", "6Z", "8Z")) else "AVAILABLE"
        change = {"status": status, "last_updated": moment}
        answer = cast.cpa.call("PATCH", "locations", f"DE/CPA/{id}/E1", body=change, to=cast.HUB)
        assert answer.code == 1000

    cast.msa.wait_for("PATCH", "locations", contains=id, that=lambda call: call.json["last_updated"] == sent[-1])
    received = [call.json["last_updated"] for call in cast.msa.find("PATCH", "locations", contains=f"{id}/E1")]
    assert received == sorted(received)
    assert received[-1] == sent[-1]
