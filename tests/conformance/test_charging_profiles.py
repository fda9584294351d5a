"""Rows CP-01 to CP-13 (section 12)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from tests.conformance import callbacks
from tests.conformance.callbacks import (
    accepting,
    find_relayed,
    find_results,
    get_hub_url,
    make_url,
    naming,
    post_result,
)
from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until
from tests.conformance.objects import session
from tests.conformance.partner import BASE, Partner, reply
from tests.conformance.wire import Answer, Call, as_json, new_id

PROFILE = {
    "start_date_time": "2026-11-20T10:00:00Z",
    "duration": 3600,
    "charging_rate_unit": "A",
    "min_charging_rate": Decimal("6.0"),
    "charging_profile_period": [
        {"start_period": 0, "limit": Decimal("32.0")},
        {"start_period": 1800, "limit": Decimal("10.5")},
    ],
}
ACTIVE = {"start_date_time": "2026-11-20T10:00:00Z", "charging_profile": PROFILE}


def set_profile(sender: Partner, id: str, *, to: str = "DE*CPA", **changes: Any) -> Answer:
    body = {"charging_profile": PROFILE, "response_url": make_url(sender, id)} | changes
    return sender.call("PUT", "chargingprofiles", id, body=body, to=to)


def ask_profile(sender: Partner, id: str, *, to: str = "DE*CPA", query: str | None = None) -> Answer:
    asked = f"duration=900&response_url={quote(make_url(sender, id), safe='')}" if query is None else query
    return sender.call("GET", "chargingprofiles", id, query=asked, to=to)


def clear_profile(sender: Partner, id: str, *, to: str = "DE*CPA", query: str | None = None) -> Answer:
    asked = f"response_url={quote(make_url(sender, id), safe='')}" if query is None else query
    return sender.call("DELETE", "chargingprofiles", id, query=asked, to=to)


def report(cpo: Partner, id: str, *, to: str = "", body: Any = ACTIVE) -> Answer:
    """The CPO tells of a change of the active profile."""
    return cpo.call("PUT", "chargingprofiles", id, interface="SENDER", body=body, to=to)


def find_reports(sender: Partner, id: str) -> list[Call]:
    return [call for call in sender.find("PUT", "chargingprofiles", interface="SENDER") if call.suffix == id]


def has_set(cast: Cast, sender: Partner, id: str) -> None:
    """The sender sets a profile on the session at CPA, and CPA takes it: now, and when it has been done."""
    with accepting(cast.cpa, id):
        answer = set_profile(sender, id)
    assert (answer.code, answer.data["result"]) == (1000, "ACCEPTED")
    url = get_hub_url(find_relayed(cast.cpa, id)[-1])
    assert post_result(cast.cpa, url, {"result": "ACCEPTED"}, to=sender.party).code == 1000


def test_CP_01_receiver_knows_get_put_and_delete(cast: Cast) -> None:
    id = new_id("P01")
    for method in ("POST", "PATCH"):
        refused = cast.msa.call(method, "chargingprofiles", id, body={"charging_profile": PROFILE}, to="DE*CPA")
        assert refused.http == 405, method
        assert {"GET", "PUT", "DELETE"} <= set(refused.headers["Allow"].replace(" ", "").split(","))
    without_url = (
        ask_profile(cast.msa, id, query="duration=900"),
        clear_profile(cast.msa, id, query=""),
        cast.msa.call("PUT", "chargingprofiles", id, body={"charging_profile": PROFILE}, to="DE*CPA"),
    )
    assert [answer.code for answer in without_url] == [2001, 2001, 2001]
    assert not find_relayed(cast.cpa, id)
    with cast.cpa.answering(reply(code=2001), when=naming(id)):
        url = quote(make_url(cast.msa, id), safe="")
        assert ask_profile(cast.msa, id, query=f"response_url={url}").code == 2001
    with accepting(cast.cpa, id):
        answers = [act(cast.msa, id) for act in (ask_profile, set_profile, clear_profile)]
    assert [answer.code for answer in answers] == [1000, 1000, 1000]
    assert [call.method for call in find_relayed(cast.cpa, id)][-3:] == ["GET", "PUT", "DELETE"]


def test_CP_02_the_first_answer_is_the_receivers(cast: Cast) -> None:
    for result in ("ACCEPTED", "NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"):
        for act in (ask_profile, set_profile, clear_profile):
            id, told = new_id("P02"), {"result": result, "timeout": 41}

            with cast.cpa.answering(reply(told), when=naming(id)):
                answer = act(cast.msa, id)

            assert (answer.http, answer.code, answer.data) == (200, 1000, told), (result, act)
            assert (answer.to, answer.sender) == ("NL*MSA", "DE*CPA")


def test_CP_03_every_kind_of_result_reaches_the_requester(cast: Cast) -> None:
    for act, results in (
        (ask_profile, ({"result": "ACCEPTED", "profile": ACTIVE}, {"result": "REJECTED"}, {"result": "UNKNOWN"})),
        (set_profile, ({"result": "ACCEPTED"}, {"result": "REJECTED"}, {"result": "UNKNOWN"})),
        (clear_profile, ({"result": "ACCEPTED"}, {"result": "REJECTED"}, {"result": "UNKNOWN"})),
    ):
        for told in results:
            id = new_id("P03")
            with accepting(cast.cpa, id):
                assert act(cast.msa, id).code == 1000
            (call,) = find_relayed(cast.cpa, id)

            answer = post_result(cast.cpa, get_hub_url(call), told)

            assert (answer.http, answer.code) == (200, 1000), act
            (received,) = find_results(cast.msa, id)
            assert received.body == as_json(told)
            assert (received.sender, received.to) == ("DE*CPA", "NL*MSA")
            assert received.token == cast.msa.token_b


def test_CP_04_the_receiver_sees_a_url_of_the_hub(cast: Cast) -> None:
    for act in (ask_profile, set_profile, clear_profile):
        id = new_id("P04")
        with accepting(cast.cpa, id):
            assert act(cast.msa, id).code == 1000

        (call,) = find_relayed(cast.cpa, id)

        callbacks.assert_own_url(call, hub=cast.cpa.hub_versions_url, requester=cast.msa)
        url = get_hub_url(call)
        if act is set_profile:
            assert as_json(call.json) == as_json({"charging_profile": PROFILE, "response_url": url})
        else:
            others = ["duration=900"] if act is ask_profile else []
            assert call.query.split("&") == [*others, f"response_url={quote(url, safe='')}"]
        assert post_result(cast.cpb, url, {"result": "ACCEPTED"}).http == 404
        assert not find_results(cast.msa, id)
    for url in callbacks.UNUSABLE:
        id = new_id("P04")
        encoded = quote(url, safe="")
        answers = (
            ask_profile(cast.msa, id, query=f"duration=900&response_url={encoded}"),
            clear_profile(cast.msa, id, query=f"response_url={encoded}"),
            set_profile(cast.msa, id, response_url=url),
        )
        assert [answer.code for answer in answers] == [2001, 2001, 2001], url
        assert not find_relayed(cast.cpa, id), url


def test_CP_05_a_nested_url_is_understood_unencoded_too(cast: Cast) -> None:
    for encode in (lambda url: url, lambda url: quote(url, safe="")):
        id = new_id("P05")
        own = f"{cast.msa.url}{BASE}/{callbacks.RESULTS}/{id}?request_id=5&k=2"
        with accepting(cast.cpa, id):
            assert ask_profile(cast.msa, id, query=f"duration=900&response_url={encode(own)}").code == 1000
        (call,) = find_relayed(cast.cpa, id)
        assert call.params["duration"] == "900"
        assert set(call.params) == {"duration", "response_url"}
        assert "://" not in call.query  # encoded on output

        post_result(cast.cpa, get_hub_url(call), {"result": "REJECTED"})

        (received,) = find_results(cast.msa, id)
        assert received.query == "request_id=5&k=2"


def test_CP_06_answers_to_results_have_no_data(cast: Cast) -> None:
    id = new_id("P06")
    with accepting(cast.cpa, id):
        set_profile(cast.msa, id)
    url = get_hub_url(find_relayed(cast.cpa, id)[-1])

    posted = post_result(cast.cpa, url, {"result": "ACCEPTED"})
    reported = report(cast.cpa, id, to="NL*MSA")

    for answer in (posted, reported):
        assert (answer.http, answer.code) == (200, 1000)
        assert "data" not in answer.envelope


def test_CP_07_sender_takes_results_and_reports(cast: Cast) -> None:
    id = new_id("P07")

    answer = report(cast.cpa, id, to="NL*MSA")

    assert (answer.http, answer.code) == (200, 1000)
    (call,) = find_reports(cast.msa, id)
    assert (call.sender, call.to, call.body) == ("DE*CPA", "NL*MSA", as_json(ACTIVE))
    for method in ("GET", "PATCH", "DELETE"):
        body = ACTIVE if method == "PATCH" else None
        refused = cast.cpa.call(method, "chargingprofiles", id, interface="SENDER", body=body, to="NL*MSA")
        assert refused.http == 405, method
        assert "PUT" in refused.headers["Allow"]


def test_CP_08_reports_go_to_who_set_the_profile(cast: Cast) -> None:
    id, untouched, refused = new_id("P08"), new_id("P08U"), new_id("P08R")
    for session_id in (id, untouched, refused):
        cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=session(session_id), to=cast.HUB)
    has_set(cast, cast.scp, id)
    with cast.cpa.answering(reply({"result": "REJECTED", "timeout": 1}), when=naming(refused)):
        assert set_profile(cast.msa, refused).data["result"] == "REJECTED"

    answer = report(cast.cpa, id)

    assert (answer.code, answer.sender) == (1000, "DE*SCP")
    (call,) = find_reports(cast.scp, id)
    assert (call.to, call.sender, call.body) == ("DE*SCP", "DE*CPA", as_json(ACTIVE))
    for session_id in (untouched, refused):
        nobody = report(cast.cpa, session_id)
        assert (nobody.http, nobody.code, nobody.sender) == (200, 4001, cast.HUB)
    for partner in cast.everybody:
        if partner is not cast.scp:
            assert not find_reports(partner, id), partner.party
        assert not find_reports(partner, untouched)
        assert not find_reports(partner, refused)


def test_CP_09_a_contract_is_enough_for_a_profile(cast: Cast) -> None:
    id = new_id("P09")
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to=cast.HUB)  # a token of MSA

    with accepting(cast.cpa, id):
        answer = set_profile(cast.scp, id)
    without = set_profile(cast.scp, id, to="FR*CPB")

    assert (answer.code, answer.data["result"]) == (1000, "ACCEPTED")
    assert find_relayed(cast.cpa, id)[-1].sender == "DE*SCP"
    assert (without.code, without.data) == (4003, None)
    assert not find_relayed(cast.cpb, id)


def test_CP_10_the_session_id_stays_as_it_is(cast: Cast) -> None:
    id = f"{new_id('P10')}-aB%20%2Fc~"
    for act, method in ((set_profile, "PUT"), (ask_profile, "GET"), (clear_profile, "DELETE")):
        url = make_url(cast.msa, new_id("P10"))
        if act is set_profile:
            act(cast.msa, id, response_url=url)
        else:
            act(cast.msa, id, query=f"duration=1&response_url={quote(url, safe='')}")
        assert cast.cpa.find(method, "chargingprofiles", interface="RECEIVER")[-1].suffix == id
    report(cast.cpa, id, to="NL*MSA")
    assert cast.msa.find("PUT", "chargingprofiles", interface="SENDER")[-1].suffix == id


def test_CP_11_profiles_pass_unchanged(cast: Cast) -> None:
    id = new_id("P11")
    odd = PROFILE | {
        "charging_rate_unit": "W",
        "charging_profile_period": [{"start_period": 0, "limit": Decimal("11000.0")}],
    }
    profile = odd | {"vendor": {"x": [1, Decimal("2.50")]}}

    with accepting(cast.cpa, id):
        assert set_profile(cast.msa, id, charging_profile=profile).code == 1000
    assert report(cast.cpa, id, to="NL*MSA", body=ACTIVE | {"charging_profile": profile}).code == 1000

    assert as_json(profile) in find_relayed(cast.cpa, id)[-1].body
    assert find_reports(cast.msa, id)[-1].body == as_json(ACTIVE | {"charging_profile": profile})


def test_CP_12_a_second_sender_is_let_through_and_flagged(cast: Cast) -> None:
    id = new_id("P12")
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to=cast.HUB)
    has_set(cast, cast.msa, id)
    assert cast.operator.find_flags("DE*CPA", id) == []

    has_set(cast, cast.scp, id)

    assert cast.operator.find_flags("DE*CPA", id), "nobody was told of the second sender"


def test_CP_13_legs_over_an_emsp_are_not_joined(cast: Cast) -> None:
    id = new_id("P13")
    scsp = cast.add("DE*P13 SCSP", contracts=["NL*MSA"])

    with accepting(cast.msa, id):
        answer = ask_until(lambda: set_profile(scsp, id, to="NL*MSA"), code=1000)
    call = find_relayed(cast.msa, id)[-1]
    result = post_result(cast.msa, get_hub_url(call), {"result": "ACCEPTED"}, to="DE*P13")
    reported = report(cast.cpa, id, to="NL*MSA")

    assert (answer.code, answer.data["result"]) == (1000, "ACCEPTED")
    assert (call.sender, call.to, call.suffix) == ("DE*P13", "NL*MSA", id)
    assert not find_relayed(cast.cpa, id)
    assert result.code == 1000
    (received,) = find_results(scsp, id)
    assert (received.sender, received.to) == ("NL*MSA", "DE*P13")
    assert reported.code == 1000
    assert len(find_reports(cast.msa, id)) == 1
    scsp.expect_nothing("PUT", "chargingprofiles", contains=id)
