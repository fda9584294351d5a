"""Rows CMD-01 to CMD-19 (section 11)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

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
from tests.conformance.lists import ask_until, write
from tests.conformance.objects import ABSENT, changed, location, session, token
from tests.conformance.partner import FUNCTIONAL, QUIET, Partner, reply
from tests.conformance.wire import Answer, Call, new_id

RESULTS = (
    "ACCEPTED",
    "CANCELED_RESERVATION",
    "EVSE_OCCUPIED",
    "EVSE_INOPERATIVE",
    "FAILED",
    "NOT_SUPPORTED",
    "REJECTED",
    "TIMEOUT",
    "UNKNOWN_RESERVATION",
)


def start(requester: Partner, id: str, **changes: Any) -> dict[str, Any]:
    """A StartSession whose token and response_url name the id."""
    body = {
        "response_url": make_url(requester, id),
        "token": token(id, owner=requester.party),
        "location_id": "LOC1",
        "evse_uid": "E1",
    }
    return changed(body, **changes)


def reserve(requester: Partner, id: str, **changes: Any) -> dict[str, Any]:
    body = {
        "response_url": make_url(requester, id),
        "token": token(id, owner=requester.party),
        "expiry_date": write(datetime.now(UTC) + timedelta(hours=2)),
        "reservation_id": id,
        "location_id": "LOC1",
    }
    return changed(body, **changes)


def send(requester: Partner, command: str, body: dict[str, Any], *, to: str = "DE*CPA") -> Answer:
    return requester.call("POST", "commands", command, body=body, to=to)


def send_accepted(cast: Cast, command: str, body: dict[str, Any], id: str, *, timeout: int = 30) -> Call:
    """MSA sends, CPA accepts; the call as CPA saw it."""
    with accepting(cast.cpa, id, timeout=timeout):
        answer = send(cast.msa, command, body)
    assert (answer.http, answer.code, answer.data) == (200, 1000, {"result": "ACCEPTED", "timeout": timeout})
    (call,) = find_relayed(cast.cpa, id)
    return call


def drop_url(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "response_url"}


def test_CMD_01_receiver_knows_five_commands_and_only_post(cast: Cast) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        id = new_id("M01")
        body = start(cast.msa, id) if method in ("PUT", "PATCH") else None
        refused = cast.msa.call(method, "commands", "START_SESSION", body=body, to="DE*CPA")
        assert refused.http == 405, method
        assert "POST" in refused.headers["Allow"]
        assert not find_relayed(cast.cpa, id)
    for command, fields in (
        ("START_SESSION", {"token": token("T"), "location_id": "LOC1"}),
        ("RESERVE_NOW", drop_url(reserve(cast.msa, "R"))),
        ("CANCEL_RESERVATION", {"reservation_id": "R"}),
        ("STOP_SESSION", {"session_id": "S"}),
        ("UNLOCK_CONNECTOR", {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"}),
    ):
        before = len(cast.cpa.find("POST", "commands"))
        answer = send(cast.msa, command, fields | {"response_url": make_url(cast.msa, new_id("M01"))})
        assert answer.code == 1000, command
        assert [call.suffix for call in cast.cpa.find("POST", "commands")[before:]] == [command]


def test_CMD_02_the_first_answer_is_the_cpos(cast: Cast) -> None:
    message = [{"language": "en", "text": "No."}, {"language": "de", "text": "Nein."}]
    for result in ("NOT_SUPPORTED", "REJECTED", "ACCEPTED", "UNKNOWN_SESSION"):
        id = new_id("M02")
        told = {"result": result, "timeout": 77, "message": message}

        with cast.cpa.answering(reply(told, message="as I say"), when=naming(id)):
            answer = send(cast.msa, "START_SESSION", start(cast.msa, id))

        assert (answer.http, answer.code, answer.data) == (200, 1000, told)
        assert answer.message == "as I say"
        assert (answer.to, answer.sender) == ("NL*MSA", "DE*CPA")


def test_CMD_03_every_result_reaches_the_requesters_own_url(cast: Cast) -> None:
    for result in RESULTS:
        id = new_id("M03")
        call = send_accepted(cast, "START_SESSION", start(cast.msa, id), id)
        told = {"result": result, "message": [{"language": "en", "text": f"It is {result}"}]}

        answer = post_result(cast.cpa, get_hub_url(call), told)

        assert (answer.http, answer.code) == (200, 1000), result
        (received,) = find_results(cast.msa, id)
        assert (received.method, received.json) == ("POST", told)
        assert received.query == "request_id=5&k=a%2Fb"


def test_CMD_04_the_cpo_sees_a_url_of_the_hub(cast: Cast) -> None:
    for command, make in (("START_SESSION", start), ("RESERVE_NOW", reserve)):
        id = new_id("M04")
        body = make(cast.msa, id, vendor_field={"n": 1})

        call = send_accepted(cast, command, body, id)

        callbacks.assert_own_url(call, hub=cast.cpa.hub_versions_url, requester=cast.msa)
        assert drop_url(call.json) == drop_url(body)
    for url in (*callbacks.UNUSABLE, f"{cast.msa.url}/{'x' * 255}", ABSENT, None, 5):
        id = new_id("M04")
        answer = send(cast.msa, "START_SESSION", start(cast.msa, id, response_url=url))
        assert answer.code == 2001, url
        assert not find_relayed(cast.cpa, id), url


def test_CMD_05_only_the_platform_that_got_the_command_may_answer(cast: Cast) -> None:
    id, result = new_id("M05"), {"result": "ACCEPTED"}
    url = get_hub_url(send_accepted(cast, "START_SESSION", start(cast.msa, id), id))

    for stranger in (cast.cpb, cast.msa, cast.msb):
        assert post_result(stranger, url, result).http == 404, stranger.party
    assert post_result(cast.cpa, url[:-1] + ("a" if url[-1] != "a" else "b"), result).http == 404
    assert not find_results(cast.msa, id)
    assert post_result(cast.cpa, url, result).http == 200
    assert len(find_results(cast.msa, id)) == 1


def test_CMD_06_the_result_comes_in_the_name_of_the_cpo(cast: Cast) -> None:
    for sender, to in ((None, "NL*MSA"), ("", "")):
        id = new_id("M06")
        url = get_hub_url(send_accepted(cast, "START_SESSION", start(cast.msa, id), id))

        with cast.msa.answering(reply(code=2010, message="too late"), when=naming(id)):
            answer = post_result(
                cast.cpa, url, {"result": "ACCEPTED"}, to=to, sender=sender, headers={"X-Request-ID": f"r-{id}"}
            )

        (received,) = find_results(cast.msa, id)
        assert (received.sender, received.to) == ("DE*CPA", "NL*MSA")
        assert received.token == cast.msa.token_b
        assert received.request_id not in ("", f"r-{id}")
        assert received.correlation_id
        assert (answer.http, answer.code, answer.message) == (200, 2010, "too late")
        assert answer.headers["X-Request-ID"] == f"r-{id}"


def test_CMD_07_the_body_of_a_result_is_bare(cast: Cast) -> None:
    id = new_id("M07")
    url = get_hub_url(send_accepted(cast, "START_SESSION", start(cast.msa, id), id))

    answer = post_result(cast.cpa, url, b'{"result":"ACCEPTED"}')

    (received,) = find_results(cast.msa, id)
    assert received.body == b'{"result":"ACCEPTED"}'
    assert answer.envelope["status_code"] == 1000  # only answers are wrapped


def test_CMD_08_a_reservation_can_be_cancelled_late(cast: Cast) -> None:
    """As late as a test can wait: long after the `timeout` that the CPO itself had named."""
    id = new_id("M08")
    url = get_hub_url(send_accepted(cast, "RESERVE_NOW", reserve(cast.msa, id), id, timeout=1))

    assert post_result(cast.cpa, url, {"result": "ACCEPTED"}).code == 1000
    time.sleep(3)
    late = post_result(cast.cpa, url, {"result": "CANCELED_RESERVATION"})
    again = post_result(cast.cpa, url, {"result": "CANCELED_RESERVATION"})

    assert [(answer.http, answer.code) for answer in (late, again)] == [(200, 1000)] * 2
    received = [call.json["result"] for call in find_results(cast.msa, id)]
    assert received == ["ACCEPTED", "CANCELED_RESERVATION", "CANCELED_RESERVATION"]


def test_CMD_09_the_hub_makes_no_results_and_keeps_none(cast: Cast) -> None:
    id, silent = new_id("M09"), new_id("M09S")
    emsp = cast.add("NL*M09 EMSP", contracts=["DE*CPA"])
    with accepting(cast.cpa, id, timeout=1):
        ask_until(lambda: send(emsp, "START_SESSION", start(emsp, id)), code=1000)
    url = get_hub_url(find_relayed(cast.cpa, id)[-1])
    emsp.close()

    failed = post_result(cast.cpa, url, {"result": "ACCEPTED"}, to="NL*M09")
    send_accepted(cast, "START_SESSION", start(cast.msa, silent), silent, timeout=1)
    refusing = new_id("M09R")
    other = get_hub_url(send_accepted(cast, "START_SESSION", start(cast.msa, refusing), refusing))
    with cast.msa.answering(reply(http=503, body=b""), when=lambda call: refusing in call.path):
        broken = post_result(cast.cpa, other, {"result": "ACCEPTED"})
    time.sleep(1 + QUIET)

    assert (failed.http, failed.code, failed.data, failed.sender) == (200, 4003, None, cast.HUB)
    assert find_results(cast.msa, silent) == []
    assert broken.code == 4000
    assert len(find_results(cast.msa, refusing)) == 1


def test_CMD_10_an_unknown_location_passes_with_its_data(cast: Cast) -> None:
    id, told = new_id("M10"), {"result": "REJECTED", "timeout": 0}
    body = {"response_url": make_url(cast.msa, id), "location_id": id, "evse_uid": "E1", "connector_id": "1"}

    with cast.cpa.answering(reply(told, code=2003, message="unknown"), when=naming(id)):
        answer = send(cast.msa, "UNLOCK_CONNECTOR", body)

    assert (answer.http, answer.code, answer.message) == (200, 2003, "unknown")
    assert answer.data == told


def test_CMD_11_a_start_names_its_location(cast: Cast) -> None:
    for changes in ({"location_id": ABSENT}, {"connector_id": "1", "evse_uid": ABSENT}, {"token": ABSENT}):
        id = new_id("M11")
        with cast.cpa.answering(reply(code=2001), when=naming(id)):
            assert send(cast.msa, "START_SESSION", start(cast.msa, id, **changes)).code == 2001, changes
    id = new_id("M11")
    assert send(cast.msa, "START_SESSION", start(cast.msa, id, location_id=ABSENT), to="").code == 2001
    assert not find_relayed(cast.cpa, id)
    assert send_accepted(cast, "START_SESSION", start(cast.msa, id, connector_id="1"), id)


def test_CMD_12_the_token_is_the_senders(cast: Cast) -> None:
    for command, make in (("START_SESSION", start), ("RESERVE_NOW", reserve)):
        foreign, invalid = new_id("M12F"), new_id("M12I")

        refused = send(cast.msb, command, make(cast.msb, foreign, token=token(foreign, owner="NL*MSA")))
        body = make(cast.msa, invalid, token=token(invalid, valid=False))

        assert refused.code == 2001, command
        assert not find_relayed(cast.cpa, foreign)
        assert send_accepted(cast, command, body, invalid).json["token"]["valid"] is False


def test_CMD_13_reservations_of_two_emsps_stay_apart(cast: Cast) -> None:
    id = new_id("M13")

    with accepting(cast.cpa, id):
        for emsp in (cast.msa, cast.msb):
            assert send(emsp, "RESERVE_NOW", reserve(emsp, id)).code == 1000

    calls = find_relayed(cast.cpa, id)
    assert [call.sender for call in calls] == ["NL*MSA", "BE*MSB"]
    assert [call.json["reservation_id"] for call in calls] == [id, id]


def test_CMD_14_commands_hold_their_own_fields_only(cast: Cast) -> None:
    id, url = new_id("M14"), make_url(cast.msa, "M14")
    assert cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id), to=cast.HUB).code == 1000
    assert cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB).code == 1000
    with accepting(cast.cpa, id):
        assert send(cast.msa, "RESERVE_NOW", reserve(cast.msa, id, location_id=id)).code == 1000
        for command, fields in (
            ("STOP_SESSION", {"session_id": id}),
            ("CANCEL_RESERVATION", {"reservation_id": id}),
            ("UNLOCK_CONNECTOR", {"location_id": id, "evse_uid": "E1", "connector_id": "1"}),
        ):
            answer = send(cast.msa, command, fields | {"response_url": url}, to="")

            assert (answer.code, answer.sender) == (1000, "DE*CPA"), f"{command}: {answer!r}"
            call = find_relayed(cast.cpa, id)[-1]
            assert (call.suffix, call.to, call.sender) == (command, "DE*CPA", "NL*MSA")
            assert drop_url(call.json) == fields
            assert set(call.json) == {*fields, "response_url"}
    before = len(cast.cpa.find("POST", "commands"))
    assert send(cast.msa, "STOP_SESSION", {"response_url": url}, to="").code == 2001
    assert len(cast.cpa.find("POST", "commands")) == before


def test_CMD_15_commands_need_a_permission(cast: Cast) -> None:
    id, without = new_id("M15"), [module for module in FUNCTIONAL if module != "commands"]
    emsp = cast.add("NL*M15 EMSP")
    cast.contract("DE*CPA", "NL*M15", modules=without)
    ask_until(lambda: emsp.call("GET", "locations", interface="SENDER", to="DE*CPA"), code=1000)
    body = {"response_url": make_url(emsp, id), "location_id": id, "evse_uid": "E1", "connector_id": "1"}

    refused = send(emsp, "UNLOCK_CONNECTOR", body)

    assert (refused.http, refused.code, refused.data) == (200, 4003, None)
    assert not find_relayed(cast.cpa, id)
    cast.contract("DE*CPA", "NL*M15", modules=["commands"])
    with accepting(cast.cpa, id):
        assert ask_until(lambda: send(emsp, "UNLOCK_CONNECTOR", body), code=1000).code == 1000
    check_unlocking_alone_may_be_withheld(cast)


def check_unlocking_alone_may_be_withheld(cast: Cast) -> None:
    id, most = new_id("M15"), ["START_SESSION", "STOP_SESSION", "RESERVE_NOW", "CANCEL_RESERVATION"]
    emsp = cast.add("NL*M5U EMSP")
    cast.operator.contract("DE*CPA", "NL*M5U", modules=FUNCTIONAL, commands=most)
    url = make_url(emsp, id)
    stop = {"response_url": url, "session_id": id}
    unlock = {"response_url": url, "location_id": id, "evse_uid": "E1", "connector_id": "1"}

    with accepting(cast.cpa, id):
        allowed = ask_until(lambda: send(emsp, "STOP_SESSION", stop), code=1000)
        refused = send(emsp, "UNLOCK_CONNECTOR", unlock)

    assert allowed.sender == "DE*CPA"
    assert (refused.http, refused.code, refused.data, refused.sender) == (200, 4003, None, cast.HUB)
    assert [call.suffix for call in find_relayed(cast.cpa, id)] == ["STOP_SESSION"]


def test_CMD_16_commands_of_the_partners_own_pass(cast: Cast) -> None:
    id, told = new_id("M16"), {"result": "NOT_SUPPORTED", "timeout": 3}
    body = {"response_url": make_url(cast.msa, id), "whatever": [1, 2]}

    with cast.cpa.answering(reply(told), when=lambda call: id.encode() in call.body or call.suffix == "FOO"):
        answer = send(cast.msa, "FOO", body)
    nobody = send(cast.msa, "FOO", body, to="")

    assert (answer.code, answer.data) == (1000, told)
    assert [call.suffix for call in cast.cpa.find("POST", "commands")][-1] == "FOO"
    assert drop_url(cast.cpa.find("POST", "commands")[-1].json) == {"whatever": [1, 2]}
    assert (nobody.http, nobody.code, nobody.sender) == (200, 4001, cast.HUB)


def test_CMD_17_nothing_is_taken_on_the_sender_endpoint_itself(cast: Cast) -> None:
    assert ("commands", "SENDER") in cast.cpa.hub_endpoints
    for path in ("START_SESSION/xyz", "xyz", ""):
        answer = cast.cpa.call("POST", "commands", path, interface="SENDER", body={"result": "ACCEPTED"}, to="NL*MSA")
        assert answer.http == 404, path
        assert answer.code == 2001


def test_CMD_18_a_session_may_follow_a_failed_command(cast: Cast) -> None:
    for result in ("TIMEOUT", "REJECTED"):
        id = new_id("M18")
        url = get_hub_url(send_accepted(cast, "START_SESSION", start(cast.msa, id), id))
        assert post_result(cast.cpa, url, {"result": result}).code == 1000
        body = session(id, auth_method="COMMAND")

        answer = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=body, to=cast.HUB)

        assert answer.code == 1000, result
        assert cast.msa.wait_for("PUT", "sessions", contains=id).json == body


def test_CMD_19_a_command_is_sent_once(cast: Cast) -> None:
    id = new_id("M19")

    with accepting(cast.cpa, id, after=cast.hub.timeout + 6):
        begun = time.monotonic()
        answer = send(cast.msa, "START_SESSION", start(cast.msa, id))
        took = time.monotonic() - begun
        time.sleep(QUIET)

    assert (answer.http, answer.code, answer.data) == (200, 4002, None)
    assert took < cast.hub.timeout + 4
    assert len(find_relayed(cast.cpa, id)) == 1
