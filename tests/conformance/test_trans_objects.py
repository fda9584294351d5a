"""Rows TRANS-28 to TRANS-51: PUT and PATCH, owners, ids, types (section 1)."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal

from tests.conformance.cast import Cast
from tests.conformance.lists import find_in_list, wait_until
from tests.conformance.objects import ABSENT, cdr, connector, evse, location, session, tariff, token
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import Answer, as_json, encode_token, new_id

LATER = "2026-11-20T11:00:00Z"
SNAKE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


def put_location(cast: Cast, id: str, **changes) -> Answer:
    answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, **changes), to=cast.HUB)
    assert answer.code == 1000, answer
    return answer


def get_location(cast: Cast, path: str) -> dict:
    answer = cast.cpa.call("GET", "locations", f"DE/CPA/{path}", to=cast.HUB)
    assert (answer.http, answer.code) == (200, 1000), answer
    return answer.data


def patch(cast: Cast, path: str, body: dict, *, module: str = "locations", partner: Partner | None = None) -> Answer:
    caller = partner or cast.cpa
    return caller.call("PATCH", module, f"{caller.owner}/{path}", body=body, to=cast.HUB)


def test_TRANS_28_put_replaces_the_whole_object(cast: Cast) -> None:
    id = new_id("T28")
    put_location(cast, id, name="Here")
    assert get_location(cast, id)["name"] == "Here"

    put_location(cast, id, name=ABSENT, last_updated=LATER)

    assert "name" not in get_location(cast, id)


def test_TRANS_29_patch_changes_what_is_there_and_null_changes_nothing(cast: Cast) -> None:
    id = new_id("T29")
    put_location(cast, id)

    assert patch(cast, f"{id}/E1", {"status": "CHARGING", "last_updated": LATER}).code == 1000
    assert patch(cast, id, {"name": None, "last_updated": LATER}).code == 1000

    found = get_location(cast, id)
    changed = next(evse for evse in found["evses"] if evse["uid"] == "E1")
    assert changed["status"] == "CHARGING"
    assert changed["capabilities"] == ["RFID_READER", "REMOTE_START_STOP_CAPABLE"]
    assert changed["connectors"]
    assert found["name"] == "Station square"


def test_TRANS_30_patch_without_last_updated_is_2001(cast: Cast) -> None:
    id, uid, session_id = new_id("T30"), new_id("T30"), new_id("T30")
    put_location(cast, id)
    cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid), to=cast.HUB)
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=session(session_id), to=cast.HUB)

    answers = [
        patch(cast, uid, {"valid": False}, module="tokens", partner=cast.msa),
        patch(cast, id, {"name": "x"}),
        patch(cast, f"{id}/E1", {"status": "CHARGING"}),
        patch(cast, f"{id}/E1/1", {"max_voltage": 400}),
        patch(cast, session_id, {"kwh": 2}, module="sessions"),
    ]

    for answer in answers:
        assert (answer.http, answer.code) == (200, 2001)
        assert "last_updated" in answer.message


def test_TRANS_31_patch_of_what_the_hub_does_not_hold_is_404(cast: Cast) -> None:
    id = new_id("T31")
    put_location(cast, id)

    unknown_evse = patch(cast, f"{id}/NOPE", {"status": "CHARGING", "last_updated": LATER})
    unknown_location = patch(cast, f"{id}X", {"name": "x", "last_updated": LATER})

    assert (unknown_evse.http, unknown_location.http) == (404, 404)
    assert unknown_evse.code in (2001, 2003)
    assert unknown_location.code in (2001, 2003)


def test_TRANS_32_arrays_replace_except_evses_connectors_and_periods(cast: Cast) -> None:
    id, session_id = new_id("T32"), new_id("T32")
    put_location(cast, id)
    cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=session(session_id), to=cast.HUB)
    period = {"start_date_time": LATER, "dimensions": [{"type": "ENERGY", "volume": 1}]}

    patch(cast, id, {"evses": [evse("E1", status="CHARGING", last_updated=LATER)], "last_updated": LATER})
    patch(cast, f"{id}/E1", {"capabilities": ["RFID_READER"], "last_updated": LATER})
    patch(cast, session_id, {"charging_periods": [period], "last_updated": LATER}, module="sessions")

    evses = {evse["uid"]: evse for evse in get_location(cast, id)["evses"]}
    assert set(evses) == {"E1", "E2"}
    assert (evses["E1"]["status"], evses["E2"]["status"]) == ("CHARGING", "AVAILABLE")
    assert evses["E1"]["capabilities"] == ["RFID_READER"]
    stored = cast.cpa.call("GET", "sessions", f"DE/CPA/{session_id}", to=cast.HUB).data
    assert len(stored["charging_periods"]) == 2


def test_TRANS_33_pushes_go_to_the_endpoint_as_it_was_given(cast: Cast) -> None:
    id = new_id("T33")

    put_location(cast, id)

    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert call.path == f"/odd/base.path/2.2.1/receiver/locations/DE/CPA/{id}"
    assert cast.cpa.call("POST", "locations", body=location(id), to=cast.HUB).http in (404, 405)
    assert not cast.msa.find("POST", "locations", contains=id)


def test_TRANS_34_url_and_body_must_name_the_same_object(cast: Cast) -> None:
    id = new_id("T34")
    wrong = [
        ("tariffs", cast.cpa, tariff(id + "X")),
        ("tariffs", cast.cpa, tariff(id, party_id="CPB")),
        ("locations", cast.cpa, location(id + "X")),
        ("locations", cast.cpa, location(id, country_code="FR")),
        ("sessions", cast.cpa, session(id + "X")),
        ("tokens", cast.msa, token(id + "X")),
        ("tokens", cast.msa, token(id, party_id="MSB")),
    ]

    for module, partner, body in wrong:
        answer = partner.call("PUT", module, f"{partner.owner}/{id}", body=body, to=cast.HUB)
        assert (answer.http, answer.code) == (200, 2001), module
        assert partner.call("GET", module, f"{partner.owner}/{id}", to=cast.HUB).http == 404


def test_TRANS_35_nobody_writes_what_is_anothers(cast: Cast) -> None:
    id = new_id("T35")
    cpo = cast.add("DE*T35 CPO", contracts=["NL*MSA"])
    own, foreign = location(id, owner="DE*T35"), location(id, owner="FR*CPB")

    pushed = cast.cpb.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)
    token_pushed = cast.msb.call("PUT", "tokens", f"NL/MSA/{id}", body=token(id), to=cast.HUB)
    with cpo.answering(reply([foreign, own]), when=lambda call: call.module == "locations"):
        cast.operator.pull(cpo.handle, modules=["locations"], full=True)
        wait_until(
            lambda: find_in_list(cast.msa, "locations", id, to=cast.HUB, owner="DE*T35") is not None,
            what="the platform's own location was pulled",
        )

    assert (pushed.http, token_pushed.http) == (404, 404)
    assert find_in_list(cast.msb, "locations", id, to=cast.HUB, owner="FR*CPB") is None


def test_TRANS_36_methods_that_are_not_offered_are_405(cast: Cast) -> None:
    id = new_id("T36")
    put_location(cast, id)

    deleted = cast.cpa.call("DELETE", "locations", f"DE/CPA/{id}", to=cast.HUB)
    patched = cast.cpa.call("PATCH", "tariffs", f"DE/CPA/{id}", body={"last_updated": LATER}, to=cast.HUB)

    assert (deleted.http, deleted.code) == (405, 2000)
    assert {word.strip() for word in deleted.headers["Allow"].split(",")} == {"GET", "PUT", "PATCH"}
    assert patched.http == 405
    assert {word.strip() for word in patched.headers["Allow"].split(",")} == {"GET", "PUT", "DELETE"}


def test_TRANS_37_message_ids_are_on_everything_and_echoed(cast: Cast) -> None:
    id = new_id("T37")
    ids = {"X-Request-ID": f"r-{id}", "X-Correlation-ID": f"c-{id}"}
    body = location(id)

    answers = [
        cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=body, to=cast.HUB, headers=ids),
        cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=body, to="NL*MSA", headers=ids),
        cast.cpa.call("GET", "locations", f"DE/CPA/{id}X", to=cast.HUB, headers=ids),
        cast.cpa.call("GET", "locations", "x", to=cast.HUB, headers={**ids, "Authorization": None}),
        cast.cpa.call("DELETE", "locations", f"DE/CPA/{id}", to=cast.HUB, headers=ids),
        cast.cpa.configure("GET", cast.hub.versions_url, headers=ids),
    ]

    for answer in answers:
        assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == (f"r-{id}", f"c-{id}")
    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert call.request_id
    assert call.correlation_id


def test_TRANS_38_missing_message_ids_are_made(cast: Cast) -> None:
    id = new_id("T38")
    none = {"X-Request-ID": None, "X-Correlation-ID": None}

    answer = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA", headers=none)

    assert answer.code == 1000
    assert uuid.UUID(answer.headers["X-Request-ID"])
    correlation = answer.headers["X-Correlation-ID"]
    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert uuid.UUID(call.request_id)
    assert call.correlation_id == correlation


def test_TRANS_39_moments_with_and_without_z_in_and_always_with_z_out(cast: Cast) -> None:
    for moment in ("2019-01-28T12:00:00", "2019-01-28T12:00:00Z", "2019-01-28T12:00:00.123", "2019-01-28T12:00:00.1Z"):
        answer = cast.msb.call("GET", "locations", interface="SENDER", to=cast.HUB, query=f"date_from={moment}&limit=1")
        assert answer.code == 1000, moment
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", answer.envelope["timestamp"])
    id = new_id("T39")
    put_location(cast, id, last_updated="2026-11-20T10:00:00.5")


def test_TRANS_40_ids_are_compared_without_case_and_kept_with_it(cast: Cast) -> None:
    uid = new_id("T40-Abc")
    cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid), to=cast.HUB)

    found = cast.msa.call("GET", "tokens", f"nl/msa/{uid.lower()}", to=cast.HUB)
    by_header = cast.cpa.call(
        "GET", "tokens", interface="SENDER", to=cast.HUB.lower(), sender="de*cpa", query="limit=1"
    )
    wrong_case = cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid, whitelist="allowed"), to=cast.HUB)

    assert (found.code, found.data["uid"]) == (1000, uid)
    assert by_header.code == 1000
    assert wrong_case.code == 2001
    stored = cast.cpa.wait_for("PUT", "tokens", contains=uid)
    assert stored.json["uid"] == uid


def test_TRANS_41_lengths_are_enforced_on_what_the_hub_stores(cast: Cast) -> None:
    uid = "U" * 37
    id = new_id("T41")

    too_long = cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid), to=cast.HUB)
    unprintable = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, city="A\u0007B"), to=cast.HUB)
    forwarded = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id, city="C" * 46), to="NL*MSA")

    assert too_long.code == 2001
    assert unprintable.code == 2001
    assert forwarded.code == 1000
    assert cast.msa.wait_for("PUT", "locations", contains=id).json["city"] == "C" * 46


def test_TRANS_42_null_is_absent_and_one_or_more_is_at_least_one(cast: Cast) -> None:
    id, cdr_id = new_id("T42"), new_id("T42")

    put_location(cast, id, images=None, name=None, related_locations=[])
    none = cast.cpa.call("POST", "cdrs", body=cdr(cdr_id, charging_periods=[]), to=cast.HUB)

    assert none.code == 2001
    assert "charging_periods" in none.message
    assert not cast.msa.find("POST", "cdrs", contains=cdr_id)


def test_TRANS_43_unknown_fields_survive(cast: Cast) -> None:
    id = new_id("T43")

    put_location(cast, id, foo=1, nested={"bar": [Decimal("1.10")]})

    assert cast.msa.wait_for("PUT", "locations", contains=id).json["foo"] == 1
    served = find_in_list(cast.msa, "locations", id, to=cast.HUB)
    assert served is not None
    assert (served["foo"], served["nested"]) == (1, {"bar": [Decimal("1.10")]})


def test_TRANS_44_unknown_enum_values_pass_unless_they_steer(cast: Cast) -> None:
    id, uid = new_id("T44"), new_id("T44")

    put_location(cast, id, evses=[evse("E1", connectors=[connector("1", standard="MCS")])])
    steering = cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid, type="NFT"), to=cast.HUB)

    told = cast.msa.wait_for("PUT", "locations", contains=id).json
    assert told["evses"][0]["connectors"][0]["standard"] == "MCS"
    assert get_location(cast, f"{id}/E1/1")["standard"] == "MCS"
    assert steering.code == 2001


def test_TRANS_45_numbers_arrive_digit_by_digit(cast: Cast) -> None:
    id = new_id("T45")
    body = as_json(cdr(id, total_cost={"excl_vat": Decimal("4.0001"), "incl_vat": Decimal("4.7600")}))

    assert cast.cpa.call("POST", "cdrs", body=body, to="NL*MSA").code == 1000

    arrived = cast.msa.wait_for("POST", "cdrs", contains=id)
    assert b'"excl_vat":4.0001' in arrived.body
    assert b'"incl_vat":4.7600' in arrived.body
    served = find_in_list(cast.msa, "cdrs", id, to=cast.HUB)
    assert served is not None
    assert str(served["total_cost"]["excl_vat"]) == "4.0001"


def test_TRANS_46_na_fills_what_cannot_be_filled(cast: Cast) -> None:
    id = new_id("T46")

    body = session(id, evse_uid="#NA", connector_id="#NA", status="RESERVATION")
    answer = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=body, to=cast.HUB)

    assert answer.code == 1000
    assert cast.msa.wait_for("PUT", "sessions", contains=id).json["evse_uid"] == "#NA"


def test_TRANS_47_a_slash_at_the_end_changes_nothing(cast: Cast) -> None:
    id = new_id("T47")

    for path in (f"DE/CPA/{id}", f"DE/CPA/{id}/"):
        answer = cast.cpa.call("PUT", "locations", path, body=location(id), to=cast.HUB)
        assert answer.http in (200, 201), path
        assert answer.code == 1000
    assert cast.cpa.call("GET", "locations", f"DE/CPA/{id}/", to=cast.HUB).data["id"] == id
    slashed = cast.msb.hub_endpoints["tariffs", "SENDER"] + "/?limit=1"
    assert cast.msb.call_url("GET", slashed, to=cast.HUB).code == 1000
    assert cast.cpa.configure("GET", cast.hub.versions_url + "/").http == 200
    assert "//" not in cast.msa.wait_for("PUT", "locations", contains=id).path


def test_TRANS_48_names_are_snake_case_and_urls_at_most_255(cast: Cast) -> None:
    id = new_id("T48")
    original = f"{cast.msa.url}/results/{id}/{'x' * 150}"
    body = {"response_url": original, "token": token(id), "location_id": id}

    answer = cast.msa.call("POST", "commands", "START_SESSION", body=body, to="DE*CPA")

    assert answer.code == 1000
    rewritten = cast.cpa.wait_for("POST", "commands", contains=id).json["response_url"]
    assert rewritten != original
    assert len(rewritten) <= 255
    for url in (cast.hub.versions_url, cast.cpa.hub_endpoints["credentials", "SENDER"]):
        assert all(SNAKE.match(name) for name in _names(cast.cpa.configure("GET", url).envelope))


def test_TRANS_50_data_beside_an_error_may_be_anything(cast: Cast) -> None:
    id = new_id("T50")

    for data in (None, "text", [1, {"a": 2}], {"id": id}):
        with cast.cpa.answering(reply(data, code=2001), when=lambda call: id in call.path):
            answer = cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA")
        assert (answer.http, answer.code) == (200, 2001), data
    own = cast.msa.call("GET", "locations", id, interface="SENDER", to="XX*ZZZ")
    assert (own.code, "data" in own.envelope) == (4001, False)


def test_TRANS_51_header_names_in_any_case(cast: Cast) -> None:
    id = new_id("T51")
    cpo = cast.add("DE*T51 CPO", contracts=["NL*MSA"])
    url = cpo.get_endpoint("locations", "SENDER")
    pages = [location(f"{id}{index}", owner="DE*T51") for index in range(2)]
    lower = {"link": f'<{url}?offset=1>; rel="next"', "x-total-count": "2", "x-limit": "1"}
    shouting = {"AUTHORIZATION": encode_token(cast.cpa.token), "x-REQUEST-id": f"r-{id}"}
    shouted = cast.cpa.configure("GET", cast.hub.versions_url, headers=shouting)

    with (
        cpo.answering(reply(pages[:1], headers=lower), when=lambda call: call.module == "locations"),
        cpo.answering(reply(pages[1:]), when=lambda call: call.module == "locations" and "offset=1" in call.query),
    ):
        cast.operator.pull(cpo.handle, modules=["locations"], full=True)
        cpo.wait_for("GET", "locations", contains="offset=1")

    assert (shouted.code, shouted.headers["X-Request-ID"]) == (1000, f"r-{id}")


def _names(value) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for item in value.values() for name in _names(item))]
    return [name for item in value for name in _names(item)] if isinstance(value, list) else []
