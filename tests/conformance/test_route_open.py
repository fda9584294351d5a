"""Rows ROUTE-36 to ROUTE-38: calls that name no receiver, and how the hub finds one (table 2a)."""

from __future__ import annotations

from typing import Any

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until
from tests.conformance.objects import cdr, location, session, tariff, token
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import Answer, new_id

LATER = "2026-11-20T11:00:00Z"
UNKNOWN_TOKEN = reply(http=404, code=2004)


def test_ROUTE_36_the_hub_picks_the_receiver_and_adds_to(cast: Cast) -> None:
    uid = new_id("R36")
    known = token(uid)
    cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=known, to=cast.HUB)

    with cast.msa.answering(reply({"allowed": "ALLOWED", "token": known}), when=lambda call: uid in call.path):
        answer = authorize(cast.cpa, uid)

    call = cast.msa.wait_for("POST", "tokens", contains=uid)
    assert (call.to, call.sender) == ("NL*MSA", "DE*CPA")
    assert (answer.code, answer.data["allowed"]) == (1000, "ALLOWED")
    assert (answer.to, answer.sender) == ("DE*CPA", "NL*MSA")


def test_ROUTE_37_open_routing_follows_table_2a(cast: Cast) -> None:
    check_sessions_and_cdrs(cast)
    check_authorize(cast)
    check_locations(cast)
    check_commands(cast)
    check_what_names_a_session(cast)
    check_own_copies(cast)


def test_ROUTE_38_without_a_single_destination_broadcast_or_refuse(cast: Cast) -> None:
    id = new_id("R38")

    answers = [
        cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id)),
        cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id)),
        cast.msa.call("PUT", "tokens", f"NL/MSA/{id}", body=token(id)),
    ]
    stop = {"response_url": f"{cast.msa.url}/callbacks/R38", "session_id": id}
    refused = cast.msa.call("POST", "commands", "STOP_SESSION", body=stop)

    assert [(answer.http, answer.code, answer.sender) for answer in answers] == [(201, 1000, cast.HUB)] * 3
    for receiver, module in ((cast.msa, "locations"), (cast.msb, "tariffs"), (cast.cpa, "tokens")):
        call = receiver.wait_for("PUT", module, contains=id)
        assert (call.to, call.sender) == (receiver.party, cast.HUB)
    assert (refused.http, refused.code, refused.data) == (200, 4001, None)


# The rows of table 2a


def check_sessions_and_cdrs(cast: Cast) -> None:
    id, lost = new_id("R37"), new_id("R37")

    pushed = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id))
    patched = cast.cpa.call("PATCH", "sessions", f"DE/CPA/{id}", body={"kwh": 2, "last_updated": LATER})
    billed = cast.cpa.call("POST", "cdrs", body=cdr(id))
    refused = [
        cast.cpa.call("PUT", "sessions", f"DE/CPA/{lost}", body=session(lost, token_owner="XX*ZZZ")),
        cast.cpa.call("PATCH", "sessions", f"DE/CPA/{lost}", body={"kwh": 2, "last_updated": LATER}),
        cast.cpa.call("POST", "cdrs", body=cdr(lost, token_owner="XX*ZZZ")),
    ]

    assert [(answer.code, answer.sender) for answer in (pushed, patched, billed)] == [(1000, "NL*MSA")] * 3
    for method in ("PUT", "PATCH", "POST"):
        call = cast.msa.wait_for(method, contains=id)
        assert (call.to, call.sender) == ("NL*MSA", "DE*CPA")
    assert [answer.code for answer in refused] == [4001] * 3


def check_authorize(cast: Cast) -> None:
    """Nobody's token: those who could know it are asked."""
    cpo = cast.add("DK*R37 CPO", contracts=["NL*MSA", "BE*MSB"])
    unknown, known, silent = new_id("R37"), new_id("R37"), new_id("R37")
    ask_until(lambda: cpo.call("GET", "tokens", interface="SENDER", to="BE*MSB"), code=1000)
    told = reply({"allowed": "ALLOWED", "token": token(known, owner="BE*MSB")})

    with cast.msa.answering(UNKNOWN_TOKEN, when=is_authorize), cast.msb.answering(UNKNOWN_TOKEN, when=is_authorize):
        by_nobody = authorize(cpo, unknown)
        with cast.msb.answering(told, when=lambda call: known in call.path):
            by_one = authorize(cpo, known)
        with cast.msb.answering(reply(after=15), when=lambda call: silent in call.path):
            by_half = authorize(cpo, silent)

    assert (by_nobody.http, by_nobody.code, by_nobody.data) == (404, 2004, None)
    assert (by_one.code, by_one.sender, by_one.data["allowed"]) == (1000, "BE*MSB", "ALLOWED")
    assert (by_half.http, by_half.code) == (200, 4000)
    for partner in (cast.msa, cast.msb):
        call = partner.wait_for("POST", "tokens", contains=unknown)
        assert (call.to, call.sender) == (partner.party, "DK*R37")


def check_locations(cast: Cast) -> None:
    own, shared = new_id("R37"), new_id("R37")
    for partner, id in ((cast.cpa, own), (cast.cpa, shared), (cast.cpb, shared)):
        partner.call("PUT", "locations", f"{partner.owner}/{id}", body=location(id, owner=partner.party), to=cast.HUB)

    found = cast.msb.call("GET", "locations", f"{own}/E1", interface="SENDER")
    ambiguous = cast.msb.call("GET", "locations", shared, interface="SENDER")
    visible = cast.msa.call("GET", "locations", shared, interface="SENDER")
    missing = cast.msb.call("GET", "locations", new_id("R37"), interface="SENDER")

    call = cast.cpa.wait_for("GET", "locations", contains=f"{own}/E1")
    assert (call.to, call.sender) == ("DE*CPA", "BE*MSB")
    assert (found.code, found.sender, visible.sender) == (1000, "DE*CPA", "DE*CPA")
    assert (ambiguous.http, ambiguous.code) == (200, 2002)
    assert missing.http == 404
    assert missing.code in (2001, 2003)


def check_commands(cast: Cast) -> None:
    own, shared, reservation = new_id("R37"), new_id("R37"), new_id("R37")
    for partner, id in ((cast.cpa, own), (cast.cpa, shared), (cast.cpb, shared)):
        partner.call("PUT", "locations", f"{partner.owner}/{id}", body=location(id, owner=partner.party), to=cast.HUB)

    def send(name: str, **body: Any) -> Answer:
        url = f"{cast.msb.url}/callbacks/{new_id('R37')}"
        return cast.msb.call("POST", "commands", name, body={"response_url": url} | body)

    accepted = reply({"result": "ACCEPTED", "timeout": 30})
    bearer = token(new_id("R37"), owner="BE*MSB")
    ends = {"expiry_date": "2030-01-01T00:00:00Z", "reservation_id": reservation}
    with cast.cpa.answering(accepted, when=lambda call: call.module == "commands"):
        found = [
            send("START_SESSION", token=bearer, location_id=own),
            send("RESERVE_NOW", token=bearer, location_id=own, **ends),
            send("UNLOCK_CONNECTOR", location_id=own, evse_uid="E1", connector_id="1"),
            send("CANCEL_RESERVATION", reservation_id=reservation),
        ]
    unclear = [
        send("START_SESSION", token=bearer, location_id=shared),
        send("START_SESSION", token=bearer, location_id=new_id("R37")),
        send("CANCEL_RESERVATION", reservation_id=new_id("R37")),
        send("STOP_SESSION", session_id=new_id("R37")),
    ]

    assert [(answer.code, answer.sender) for answer in found] == [(1000, "DE*CPA")] * 4
    call = cast.cpa.wait_for("POST", "commands", contains=own)
    assert (call.to, call.sender) == ("DE*CPA", "BE*MSB")
    assert [(answer.http, answer.code, answer.data) for answer in unclear] == [(200, 4001, None)] * 4
    assert cast.cpa.find("POST", contains=shared) == []
    assert cast.cpb.find("POST", contains=shared) == []


def check_what_names_a_session(cast: Cast) -> None:
    id, unknown = new_id("R37"), new_id("R37")
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to=cast.HUB)
    url = f"{cast.msa.url}/callbacks/{id}"
    profile = {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 5000}]}
    setting = {"response_url": url, "charging_profile": profile}
    active = {"start_date_time": LATER, "charging_profile": profile}
    taken = reply({"result": "ACCEPTED", "timeout": 30})

    with cast.cpa.answering(taken, when=lambda call: call.module in ("commands", "chargingprofiles")):
        early = cast.cpa.call("PUT", "chargingprofiles", id, interface="SENDER", body=active)
        found = [
            cast.msa.call("POST", "commands", "STOP_SESSION", body={"response_url": url, "session_id": id}),
            cast.msa.call("PUT", "chargingprofiles", id, body=setting),
            prefer(cast.msa, id),
        ]
        update = cast.cpa.call("PUT", "chargingprofiles", id, interface="SENDER", body=active)
    foreign = [
        prefer(cast.msb, id),
        prefer(cast.msa, unknown),
        cast.msb.call("PUT", "chargingprofiles", id, body=setting | {"response_url": f"{cast.msb.url}/callbacks/{id}"}),
    ]

    assert [(answer.code, answer.sender) for answer in found] == [(1000, "DE*CPA")] * 3
    assert (update.code, update.sender) == (1000, "NL*MSA")
    assert cast.msa.wait_for("PUT", "chargingprofiles", contains=id).interface == "SENDER"
    assert [answer.code for answer in (early, *foreign)] == [4001] * 4


def check_own_copies(cast: Cast) -> None:
    id = new_id("R37")
    cast.cpa.call("PUT", "tariffs", f"DE/CPA/{id}", body=tariff(id), to=cast.HUB)

    stored = cast.cpa.call("GET", "tariffs", f"DE/CPA/{id}")
    missing = cast.cpa.call("GET", "tariffs", f"DE/CPA/{new_id('R37')}")

    assert (stored.code, stored.sender, stored.data["id"]) == (1000, cast.HUB, id)
    assert (missing.http, missing.code) == (404, 2001)


def authorize(cpo: Partner, uid: str) -> Answer:
    return cpo.call("POST", "tokens", f"{uid}/authorize", interface="SENDER")


def is_authorize(call: Any) -> bool:
    return bool(call.path.endswith("/authorize"))


def prefer(emsp: Partner, session_id: str) -> Answer:
    path = f"{session_id}/charging_preferences"
    return emsp.call("PUT", "sessions", path, interface="SENDER", body={"profile_type": "FAST"})
