"""Rows SESS: sessions and charging preferences (section 7)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.conformance.cast import Cast
from tests.conformance.lists import PULL, ask_until, crawl, find_in_list, wait_until
from tests.conformance.objects import ABSENT, Document, charging_period, session
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import Answer, new_id

LATER, LATEST = "2026-11-20T11:00:00Z", "2026-11-20T12:00:00Z"
SINCE = "date_from=2000-01-01T00:00:00Z"
FAST = {"profile_type": "FAST", "departure_time": "2026-11-21T06:00:00Z", "energy_need": Decimal("20.5")}


def test_SESS_01_sender_has_the_list_and_preferences_only(cast: Cast) -> None:
    id = new_id("S01")

    listed = cast.msa.call("GET", "sessions", interface="SENDER", to=cast.HUB, query=f"{SINCE}&limit=1")
    set_up = prefer(cast.msa, id, to="DE*CPA")
    patched = cast.msa.call(
        "PATCH", "sessions", f"{id}/charging_preferences", interface="SENDER", body=FAST, to="DE*CPA"
    )
    without_suffix = cast.msa.call("PUT", "sessions", id, interface="SENDER", body=FAST, to="DE*CPA")
    single = cast.msa.call("GET", "sessions", id, interface="SENDER", to="DE*CPA")
    posted = cast.msa.call("POST", "sessions", interface="SENDER", body=session(id), to="DE*CPA")

    assert (listed.code, set_up.code) == (1000, 1000)
    assert "X-Total-Count" in listed.headers
    assert (patched.http, posted.http) == (405, 405)
    assert (without_suffix.http, single.http) == (404, 404)
    calls = [(call.method, call.suffix) for call in cast.cpa.find(contains=id)]
    assert calls == [("PUT", f"{id}/charging_preferences")]


def test_SESS_02_the_list_needs_date_from(cast: Cast) -> None:
    without = cast.msa.call("GET", "sessions", interface="SENDER", to=cast.HUB)
    only_until = cast.msa.call("GET", "sessions", interface="SENDER", to=cast.HUB, query=f"date_to={LATER}")
    cpo = cast.add("DK*S02 CPO", contracts=["NL*MSA"])
    cast.operator.pull(cpo.handle, modules=["sessions"], full=True)

    assert [(answer.http, answer.code) for answer in (without, only_until)] == [(200, 2001)] * 2
    assert "date_from" in without.message
    assert "date_from" in cpo.wait_for("GET", "sessions", interface="SENDER", within=PULL).params


def test_SESS_03_receiver_takes_get_put_patch_of_one_session(cast: Cast) -> None:
    id = new_id("S03")
    path = f"DE/CPA/{id}"

    put = push(cast, id)
    patched = patch(cast, id, {"kwh": 2, "last_updated": LATER})
    stored = read(cast, id)
    refused = [
        cast.cpa.call("POST", "sessions", path, body=session(id), to="NL*MSA"),
        cast.cpa.call("DELETE", "sessions", path, to="NL*MSA"),
    ]
    deeper = cast.cpa.call("PATCH", "sessions", f"{path}/charging_periods", body={"last_updated": LATEST}, to="NL*MSA")

    assert [answer.code for answer in (put, patched, stored)] == [1000] * 3
    assert [answer.http for answer in refused] == [405, 405]
    assert [{name.strip() for name in one.headers["Allow"].split(",")} for one in refused] == [
        {"GET", "PUT", "PATCH"}
    ] * 2
    assert deeper.http == 404
    assert {call.method for call in cast.msa.find(contains=id)} == {"PUT", "PATCH"}


def test_SESS_04_a_put_replaces_all_periods(cast: Cast) -> None:
    for periods in (ABSENT, []):
        id = new_id("S04")
        push(cast, id, charging_periods=[charging_period()] * 3)
        before = len(read(cast, id).data["charging_periods"])

        answer = push(cast, id, last_updated=LATER, charging_periods=periods)

        assert answer.code == 1000
        assert before == 3
        assert read(cast, id).data.get("charging_periods", []) == []


def test_SESS_05_a_patch_appends_periods(cast: Cast) -> None:
    id = new_id("S05")
    push(cast, id)
    added = charging_period() | {"start_date_time": "2026-11-20T09:30:00Z"}

    first = patch(cast, id, {"charging_periods": [added], "last_updated": LATER})
    appended = read(cast, id).data["charging_periods"]
    patch(cast, id, {"charging_periods": [], "last_updated": LATEST})
    patch(cast, id, {"kwh": 3, "last_updated": LATEST})

    assert first.code == 1000
    assert appended == [charging_period(), added]
    held = read(cast, id).data
    assert (held["charging_periods"], held["kwh"]) == (appended, 3)


def test_SESS_06_two_cpos_may_use_the_same_id(cast: Cast) -> None:
    id = new_id("S06")
    for cpo in (cast.cpa, cast.cpb):
        body = session(id, owner=cpo.party, token_owner="BE*MSB", location_id=cpo.party)
        assert cpo.call("PUT", "sessions", f"{cpo.owner}/{id}", body=body, to="BE*MSB").code == 1000
    again = cast.cpa.call("GET", "sessions", f"DE/CPA/{id.lower()}", to=cast.HUB)

    found = [one for one in crawl(cast.msb, "sessions", to=cast.HUB) if one["id"] == id]
    assert sorted((one["country_code"], one["party_id"], one["location_id"]) for one in found) == [
        ("DE", "CPA", "DE*CPA"),
        ("FR", "CPB", "FR*CPB"),
    ]
    assert again.data["location_id"] == "DE*CPA"
    assert push(cast, "x" * 37, to=cast.HUB).code == 2001


def test_SESS_07_a_session_concerns_the_owner_of_its_token(cast: Cast) -> None:
    id = new_id("S07")

    refused = push(cast, id, to="BE*MSB")
    taken = push(cast, id, to="NL*MSA")
    patched = patch(cast, id, {"kwh": 2, "last_updated": LATER}, to="BE*MSB")

    assert [(answer.http, answer.code) for answer in (refused, patched)] == [(200, 2001)] * 2
    assert (taken.code, taken.sender) == (1000, "NL*MSA")
    assert cast.msb.find(contains=id) == []
    assert find_in_list(cast.msb, "sessions", id, to=cast.HUB) is None
    to_scsp = push(cast, id, to="DE*SCP")
    assert (to_scsp.code, to_scsp.sender) == (1000, "DE*SCP"), "an SCSP that the CPO has a contract with"
    if cast.has_operator:
        check_sessions_go_to_the_one_with_a_mandate(cast)


def check_sessions_go_to_the_one_with_a_mandate(cast: Cast) -> None:
    id = new_id("S07")

    without = push(cast, id, to="SE*OTH")
    mandate = cast.operator.mandate("SE*OTH", "NL*MSA", modules=["sessions"])
    taken = ask_until(lambda: push(cast, id, to="SE*OTH"), code=1000)
    patched = patch(cast, id, {"kwh": 2, "last_updated": LATER}, to="SE*OTH")
    cast.operator.end_mandate(mandate)
    ended = ask_until(lambda: push(cast, id, to="SE*OTH"), code=2001)

    assert (without.http, without.code) == (200, 2001)
    assert (taken.sender, patched.code, ended.http) == ("SE*OTH", 1000, 200)
    assert [call.to for call in cast.oth.find("PATCH", "sessions", contains=id)] == ["SE*OTH"]
    assert cast.msa.find(contains=id) == []


def test_SESS_08_late_updates_are_forwarded_and_flagged(cast: Cast) -> None:
    for status in ("COMPLETED", "INVALID"):
        id = new_id("S08")
        push(cast, id, status=status)

        answer = patch(cast, id, {"kwh": 9, "status": "ACTIVE", "last_updated": LATER})

        assert (answer.code, answer.sender) == (1000, "NL*MSA")
        assert cast.msa.wait_for("PATCH", "sessions", contains=id).json["kwh"] == 9
        flags = cast.operator.find_flags("DE*CPA", id)
        assert any("final" in flag for flag in flags), f"no flag says that it was late: {flags}"
    for status in ("ACTIVE", "PENDING", "RESERVATION"):
        assert push(cast, new_id("S08"), status=status).code == 1000


def test_SESS_09_a_reservation_is_a_session(cast: Cast) -> None:
    id, odd = new_id("S09"), new_id("S09")

    reserved = push(cast, id, status="RESERVATION", charging_periods=ABSENT, kwh=0)
    begun = patch(cast, id, {"status": "ACTIVE", "last_updated": LATER})
    unusual = push(cast, odd, status="RESERVED")

    assert [answer.code for answer in (reserved, begun, unusual)] == [1000] * 3
    assert read(cast, id).data["status"] == "ACTIVE"
    assert cast.msa.wait_for("PUT", "sessions", contains=odd).json["status"] == "RESERVED"
    listed = find_in_list(cast.msa, "sessions", odd, to=cast.HUB)
    assert listed is not None
    assert listed["status"] == "RESERVED"


def test_SESS_10_what_may_change_is_changed(cast: Cast) -> None:
    id = new_id("S10")
    push(cast, id, status="PENDING", authorization_reference="A1")
    change = {
        "status": "ACTIVE",
        "start_date_time": "2026-11-20T09:12:34Z",
        "auth_method": "AUTH_REQUEST",
        "authorization_reference": "A2",
        "last_updated": LATER,
    }

    answer = patch(cast, id, change)

    held = read(cast, id).data
    assert answer.code == 1000
    assert {name: held[name] for name in change} == change


def test_SESS_11_preferences_are_answered_by_the_cpo(cast: Cast) -> None:
    for said in (
        "ACCEPTED",
        "DEPARTURE_REQUIRED",
        "ENERGY_NEED_REQUIRED",
        "NOT_POSSIBLE",
        "PROFILE_TYPE_NOT_SUPPORTED",
    ):
        id = new_id("S11")

        with cast.cpa.answering(reply(said), when=lambda call, id=id: id in call.path):  # type: ignore[misc]
            answer = prefer(cast.msa, id, to="DE*CPA")

        assert (answer.http, answer.code, answer.data, answer.sender) == (200, 1000, said, "DE*CPA")
        call = cast.cpa.wait_for("PUT", "sessions", contains=id)
        assert (call.interface, call.suffix, call.json) == ("SENDER", f"{id}/charging_preferences", FAST)


def test_SESS_12_a_404_for_preferences_passes(cast: Cast) -> None:
    id = new_id("S12")

    with cast.cpa.answering(reply(http=404, code=2001, message="not capable"), when=lambda call: id in call.path):
        answer = prefer(cast.msa, id, to="DE*CPA")

    assert (answer.http, answer.code, answer.message) == (404, 2001, "not capable")


def test_SESS_13_preferences_without_receiver_go_by_the_callers_sessions(cast: Cast) -> None:
    own, shared = new_id("S13"), new_id("S13")
    for cpo, id, owner in (
        (cast.cpa, own, "BE*MSB"),
        (cast.cpb, own, "SE*OTH"),
        (cast.cpa, shared, "BE*MSB"),
        (cast.cpb, shared, "BE*MSB"),
    ):
        body = session(id, owner=cpo.party, token_owner=owner)
        assert cpo.call("PUT", "sessions", f"{cpo.owner}/{id}", body=body, to=owner).code == 1000

    for to in ("", cast.HUB):
        with cast.cpa.answering(reply("ACCEPTED"), when=lambda call: own in call.path):
            found = prefer(cast.msb, own, to=to)
        unclear = prefer(cast.msb, shared, to=to)

        assert (found.code, found.data, found.sender) == (1000, "ACCEPTED", "DE*CPA")
        assert (unclear.http, unclear.code) == (200, 4001)
    calls = cast.cpa.find("PUT", contains=f"{own}/charging_preferences")
    assert [(call.to, call.sender) for call in calls] == [("DE*CPA", "BE*MSB")] * 2
    assert [one.find(contains=f"{shared}/charging_preferences") for one in (cast.cpa, cast.cpb)] == [[], []]


def test_SESS_14_missed_sessions_are_read_after_an_outage(cast: Cast) -> None:
    id = new_id("S14")
    emsp = cast.add("DK*S14 EMSP", contracts=["DE*CPA"])
    ask_until(lambda: push(cast, f"{id}A", token_owner="DK*S14", to="DK*S14"), code=1000)
    emsp.close()

    missed = push(cast, id, token_owner="DK*S14", to="DK*S14")
    held = session(id, token_owner="DK*S14")
    emsp.start()
    with cast.cpa.answering(reply([held], headers={"X-Total-Count": "1"}), when=lambda call: call.sender == "DK*S14"):
        relayed = emsp.call("GET", "sessions", interface="SENDER", to="DE*CPA", query=SINCE)

    assert missed.code == 4003
    assert (relayed.code, [one["id"] for one in relayed.data]) == (1000, [id])
    assert cast.cpa.wait_for("GET", "sessions", interface="SENDER", that=lambda c: c.sender == "DK*S14").query == SINCE
    assert find_in_list(emsp, "sessions", id, to=cast.HUB) == held


def test_SESS_15_no_price_is_not_a_price_of_zero(cast: Cast) -> None:
    unknown, free = new_id("S15"), new_id("S15")

    push(cast, unknown)
    push(cast, free, total_cost={"excl_vat": 0})

    looks: tuple[Callable[[str], Any], ...] = (
        lambda id: read(cast, id).data,
        lambda id: find_in_list(cast.msa, "sessions", id, to=cast.HUB),
        lambda id: cast.msa.wait_for("PUT", "sessions", contains=id).json,
    )
    for look in looks:
        assert "total_cost" not in look(unknown)
        assert look(free)["total_cost"] == {"excl_vat": 0}


def test_SESS_16_absence_from_a_list_removes_no_session(cast: Cast) -> None:
    cpo = cast.add("DK*S16 CPO", contracts=["NL*MSA"])
    kept, pulled = new_id("S16"), new_id("S16")
    body = session(kept, owner="DK*S16")
    push_kept = ask_until(lambda: cpo.call("PUT", "sessions", f"DK/S16/{kept}", body=body, to=cast.HUB), code=1000)

    with cpo.answering(reply([session(pulled, owner="DK*S16")]), when=lambda call: call.module == "sessions"):
        cast.operator.pull(cpo.handle, modules=["sessions"], full=True)
        cpo.wait_for("GET", "sessions", interface="SENDER", within=PULL)
        wait_for_session(cast.msa, pulled, to=cast.HUB)

    assert push_kept.code == 1000
    assert find_in_list(cast.msa, "sessions", kept, to=cast.HUB) == body


def test_SESS_17_a_session_is_passed_on_to_an_scsp_with_a_mandate_alone(cast: Cast) -> None:
    id = new_id("S17")
    push(cast, id)
    scp = cast.add("DK*S17 SCSP", contracts=["NL*MSA", "DE*CPA"])
    asked = ask_until(lambda: scp.call("GET", "sessions", interface="SENDER", to="DE*CPA", query=SINCE), code=1000)

    without = cast.msa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id, kwh=7), to="DK*S17")

    assert asked.code == 1000
    assert without.http == 404
    assert scp.find("PUT", contains=id) == []
    own, foreign = session(id, kwh=7), session(id, token_owner="BE*MSB")
    mandate = cast.operator.mandate("DK*S17", "NL*MSA", modules=["sessions"])
    passed = ask_until(lambda: cast.msa.call("PUT", "sessions", f"DE/CPA/{id}", body=own, to="DK*S17"), code=1000)
    of_another = cast.msa.call("PUT", "sessions", f"DE/CPA/{id}", body=foreign, to="DK*S17")
    call = scp.wait_for("PUT", "sessions", contains=id)
    told = scp.find("PUT", contains=id)
    cast.operator.end_mandate(mandate)
    ended = ask_until(
        lambda: cast.msa.call("PUT", "sessions", f"DE/CPA/{id}", body=own, to="DK*S17"), code=without.code
    )

    assert (passed.sender, call.sender, call.to, call.suffix) == ("DK*S17", "NL*MSA", "DK*S17", f"DE/CPA/{id}")
    assert call.json == own
    assert (of_another.http, ended.http) == (404, 404)
    assert len(told) == 1
    assert read(cast, id).data["kwh"] == Decimal("1.5"), "the hub's own copy is the CPO's"


def push(cast: Cast, id: str, *, to: str = "NL*MSA", token_owner: str = "NL*MSA", **changes: Any) -> Answer:
    body = session(id, token_owner=token_owner, **changes)
    return cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=body, to=to)


def patch(cast: Cast, id: str, change: Document, *, to: str = "NL*MSA") -> Answer:
    return cast.cpa.call("PATCH", "sessions", f"DE/CPA/{id}", body=change, to=to)


def read(cast: Cast, id: str) -> Answer:
    """The hub's own copy, by its owner."""
    return cast.cpa.call("GET", "sessions", f"DE/CPA/{id}", to=cast.HUB)


def prefer(emsp: Partner, id: str, *, to: str) -> Answer:
    return emsp.call("PUT", "sessions", f"{id}/charging_preferences", interface="SENDER", body=FAST, to=to)


def wait_for_session(emsp: Partner, id: str, *, to: str) -> None:
    wait_until(lambda: find_in_list(emsp, "sessions", id, to=to) is not None, what=f"session {id} is served")
