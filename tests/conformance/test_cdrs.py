"""Rows CDR-01 to CDR-19 (section 8)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until, crawl, find_in_list
from tests.conformance.objects import ABSENT, cdr, charging_period, session, tariff
from tests.conformance.partner import QUIET, reply
from tests.conformance.wire import Answer, as_json, new_id

LATER = "2026-11-20T12:00:00Z"


def post(cast: Cast, id: str, *, to: str | None = None, **changes: Any) -> Answer:
    """CPA posts a CDR of MSA; to the hub unless told otherwise."""
    return cast.cpa.call("POST", "cdrs", body=cdr(id, **changes), to=cast.HUB if to is None else to)


def as_texts(body: bytes) -> Any:
    """The JSON with every number as the text it was written in."""
    return json.loads(body, parse_float=lambda text: f"number {text}", parse_int=lambda text: f"number {text}")


def assert_delivered(cast: Cast, answer: Answer, id: str) -> None:
    assert answer.code == 1000, repr(answer)
    assert len(cast.msa.find("POST", "cdrs", contains=id)) == 1


def assert_flagged(cast: Cast, answer: Answer, id: str, word: str) -> None:
    """Somebody is told: the poster in its answer, or the operator."""
    said = [answer.message] if word in answer.message else cast.operator.find_flags("DE*CPA", id)
    assert any(word in text for text in said), f"nobody was told of {word}: {said}"


def test_CDR_01_sender_offers_the_list_and_nothing_else(cast: Cast) -> None:
    listed = cast.msa.call("GET", "cdrs", interface="SENDER", to=cast.HUB)

    assert (listed.http, listed.code) == (200, 1000)  # date_from is optional here
    assert isinstance(listed.data, list)
    for method in ("PUT", "POST", "PATCH", "DELETE"):
        body = None if method == "DELETE" else cdr(new_id("C01"))
        refused = cast.cpa.call(method, "cdrs", interface="SENDER", body=body, to=cast.HUB)
        assert refused.http == 405, method
        assert "GET" in refused.headers["Allow"]


def test_CDR_02_receiver_takes_a_post_on_the_bare_url_only(cast: Cast) -> None:
    id = new_id("C02")

    posted = post(cast, id)

    assert (posted.http, posted.code) == (201, 1000)
    assert cast.msa.wait_for("POST", "cdrs", contains=id).suffix == ""
    assert cast.cpa.call_url("GET", posted.headers["Location"]).http == 200
    for method in ("PUT", "PATCH", "DELETE"):
        body = None if method == "DELETE" else cdr(id)
        refused = cast.cpa.call(method, "cdrs", body=body, to=cast.HUB)
        assert refused.http == 405, method
        assert "POST" in refused.headers["Allow"]
    with_owner = cast.cpa.call("POST", "cdrs", "DE/CPA", body=cdr(new_id("C02")), to=cast.HUB)
    assert with_owner.http in (404, 405)


def test_CDR_03_location_leads_to_what_was_posted(cast: Cast) -> None:
    for to in (cast.HUB, "NL*MSA"):
        id = new_id("C03")

        answer = post(cast, id, to=to)
        url = answer.headers["Location"]
        found = cast.cpa.call_url("GET", url)

        assert url.startswith(cast.cpa.hub_versions_url.split("/ocpi")[0].rstrip("/")), url
        assert (found.http, found.code) == (200, 1000)
        assert found.data["id"] == id


def test_CDR_04_a_cdr_stays_as_it_was_posted(cast: Cast) -> None:
    id = new_id("C04")
    document = cdr(id, remark="as sent", total_energy=Decimal("12.3450"), total_time=Decimal("1.000"))

    url = cast.cpa.call("POST", "cdrs", body=document, to=cast.HUB).headers["Location"]
    found = cast.cpa.call_url("GET", url)

    assert as_texts(found.body)["data"] == as_texts(as_json(document))
    assert as_texts(cast.msa.find("POST", "cdrs", contains=id)[0].body) == as_texts(as_json(document))
    for method in ("PUT", "PATCH"):
        assert cast.cpa.call_url(method, url, body=document | {"remark": "changed"}).http == 405
    assert as_texts(cast.cpa.call_url("GET", url).body)["data"] == as_texts(as_json(document))


def test_CDR_05_the_same_again_is_fine_and_a_change_is_refused(cast: Cast) -> None:
    id = new_id("C05")

    first = post(cast, id)
    again = post(cast, id)
    altered = post(cast, id, remark="altered")

    assert (again.http, again.code) == (200, 1000)
    assert again.headers["Location"] == first.headers["Location"]
    assert altered.code == 2001
    assert "remark" not in cast.cpa.call_url("GET", first.headers["Location"]).data
    assert len(cast.msa.find("POST", "cdrs", contains=id)) == 1
    with cast.msa.answering(reply(code=2001, message="known"), when=lambda call: id.encode() in call.body):
        addressed = post(cast, id, to="NL*MSA")
    assert (addressed.code, addressed.message) == (2001, "known")  # judged by the eMSP


def test_CDR_06_a_correction_is_a_credit_and_a_replacement(cast: Cast) -> None:
    id, amount = new_id("C06"), {"excl_vat": Decimal("4.0001"), "incl_vat": Decimal("4.7601")}
    taken_back = {name: -value for name, value in amount.items()}
    credit: dict[str, Any] = {"credit": True, "credit_reference_id": id, "total_cost": taken_back, "session_id": id}

    without_reference = post(cast, f"{id}-X", credit=True, total_cost=taken_back)
    chain = [
        post(cast, id, total_cost=amount, session_id=id),
        post(cast, f"{id}-C", last_updated=LATER, **credit),
        post(cast, f"{id}-R", total_cost={"excl_vat": 3, "incl_vat": Decimal("3.57")}, session_id=id),
    ]

    assert without_reference.code == 2001
    assert not cast.msa.find("POST", "cdrs", contains=f"{id}-X")
    assert [answer.code for answer in chain] == [1000, 1000, 1000]
    listed = [find_in_list(cast.msa, "cdrs", id + suffix, to=cast.HUB) or {} for suffix in ("", "-C", "-R")]
    assert all(listed)
    assert sum(found["total_cost"]["excl_vat"] for found in listed) == 3
    assert [found.get("credit_reference_id") for found in listed] == [None, id, None]


def test_CDR_07_a_negative_total_is_flagged_but_not_refused(cast: Cast) -> None:
    id = new_id("C07")

    answer = post(cast, id, total_cost={"excl_vat": Decimal("-1.5"), "incl_vat": Decimal("-1.785")})
    credits = [
        post(cast, f"{id}-{number}", credit=True, credit_reference_id="NEVERSEEN", total_cost={"excl_vat": -4})
        for number in (1, 2)
    ]

    assert_delivered(cast, answer, f'{id}"')
    assert [credit.code for credit in credits] == [1000, 1000]
    assert_flagged(cast, answer, id, "total_cost")


def test_CDR_08_only_credits_have_long_ids(cast: Cast) -> None:
    id = new_id("C08").ljust(37, "x")

    too_long = post(cast, id)
    longest = post(cast, id[:36])
    credit = post(cast, f"{id[:36]}-C1", credit=True, credit_reference_id=id[:36], total_cost={"excl_vat": -4})
    credit_too_long = post(cast, f"{id[:36]}-C12", credit=True, credit_reference_id=id[:36])

    assert [answer.code for answer in (too_long, longest, credit, credit_too_long)] == [2001, 1000, 1000, 2001]
    assert not cast.msa.find("POST", "cdrs", contains=f'{id}"')


def test_CDR_09_a_cdr_is_for_the_owner_of_its_token(cast: Cast) -> None:
    id = new_id("C09")

    answer = post(cast, id, to="BE*MSB", token_owner="NL*MSA")

    assert answer.code == 2001
    for emsp in (cast.msa, cast.msb):
        assert not emsp.find("POST", "cdrs", contains=id)
    allowed = post(cast, id, to="BE*MSB", token_owner="BE*MSB")
    assert allowed.code == 1000
    cast.msa.expect_nothing("POST", "cdrs", contains=id)  # no broadcast
    if cast.has_operator:
        check_cdrs_go_to_the_one_with_a_mandate(cast)


def check_cdrs_go_to_the_one_with_a_mandate(cast: Cast) -> None:
    first, second, third = new_id("C09"), new_id("C09"), new_id("C09")

    without = [post(cast, first, to=to, token_owner="NL*MSA") for to in ("SE*OTH", "DE*SCP")]
    mandate = cast.operator.mandate("SE*OTH", "NL*MSA", modules=["cdrs"])
    taken = ask_until(lambda: post(cast, second, to="SE*OTH", token_owner="NL*MSA"), code=1000)
    cast.operator.end_mandate(mandate)
    ended = ask_until(lambda: post(cast, third, to="SE*OTH", token_owner="NL*MSA"), code=2001)

    assert [(answer.http, answer.code) for answer in without] == [(200, 2001)] * 2
    assert (taken.sender, ended.http) == ("SE*OTH", 200)
    assert cast.oth.find("POST", "cdrs", contains=second)
    assert not cast.oth.find("POST", "cdrs", contains=first)
    assert not cast.msa.find("POST", "cdrs", contains=second)


def test_CDR_10_what_was_missed_is_read_later(cast: Cast) -> None:
    id = new_id("C10")
    document = cdr(id, token_owner="NL*C10")
    emsp = cast.add("NL*C10 EMSP", contracts=["DE*CPA"])
    ask_until(lambda: emsp.call("GET", "cdrs", interface="SENDER", to="DE*CPA"), code=1000)  # in force
    emsp.close()

    failed = cast.cpa.call("POST", "cdrs", body=document, to="NL*C10")
    with cast.cpa.answering(
        reply([document], headers={"X-Total-Count": "1", "X-Limit": "100"}),
        when=lambda call: call.module == "cdrs" and call.sender == "NL*C10",
    ):
        later = emsp.call("GET", "cdrs", interface="SENDER", to="DE*CPA", query="date_from=2026-11-20T00:00:00Z")

    assert failed.code == 4003
    assert [found["id"] for found in later.data] == [id]
    asked = [call for call in cast.cpa.find("GET", "cdrs", interface="SENDER") if call.sender == "NL*C10"]
    assert asked[-1].params == {"date_from": "2026-11-20T00:00:00Z"}
    assert find_in_list(emsp, "cdrs", id, to=cast.HUB)
    mine, of_msa = new_id("C10B"), new_id("C10A")
    assert post(cast, mine, token_owner="BE*MSB").code == post(cast, of_msa).code == 1000
    everything = crawl(cast.msb, "cdrs", to=cast.HUB)
    assert {found["cdr_token"]["party_id"] for found in everything} == {"MSB"}
    assert mine in [found["id"] for found in everything]


def test_CDR_11_the_token_of_a_cdr_is_whole(cast: Cast) -> None:
    for field in ("country_code", "party_id", "uid", "type", "contract_id"):
        id = new_id("C11")

        answer = post(cast, id, cdr_token={field: ABSENT})

        assert answer.code == 2001, field
        assert not cast.msa.find("POST", "cdrs", contains=id)
    assert post(cast, new_id("C11")).code == 1000


def test_CDR_12_periods_have_dimensions_and_some_are_for_sessions_only(cast: Cast) -> None:
    id, session_id = new_id("C12"), new_id("C12S")
    power = charging_period() | {"dimensions": [{"type": "POWER", "volume": 11}]}
    charge = charging_period() | {"dimensions": [{"type": "STATE_OF_CHARGE", "volume": 80}]}

    no_period = post(cast, f"{id}-N", charging_periods=[])
    no_dimension = post(cast, f"{id}-E", charging_periods=[charging_period() | {"dimensions": []}])
    odd = post(cast, id, charging_periods=[power])
    running = session(session_id, charging_periods=[charge])
    in_session = cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=running, to=cast.HUB)

    assert (no_period.code, no_dimension.code) == (2001, 2001)
    assert in_session.code == 1000
    assert odd.code == 1000
    assert_flagged(cast, odd, id, "POWER")


def test_CDR_13_what_a_cdr_holds_is_a_snapshot(cast: Cast) -> None:
    id, tariff_id = new_id("C13"), new_id("C13T")

    answer = post(cast, id, cdr_location={"id": new_id("HOME")}, tariffs=[tariff(tariff_id)])

    assert_delivered(cast, answer, id)
    assert find_in_list(cast.msa, "tariffs", tariff_id, to=cast.HUB) is None
    assert cast.cpa.call("GET", "tariffs", f"DE/CPA/{tariff_id}", to=cast.HUB).http == 404


def test_CDR_14_a_cdr_may_have_no_session(cast: Cast) -> None:
    id = new_id("C14")

    answer = post(cast, id, session_id=ABSENT)

    assert_delivered(cast, answer, id)
    assert "session_id" not in cast.cpa.call_url("GET", answer.headers["Location"]).data


def test_CDR_15_signed_data_is_carried_byte_for_byte(cast: Cast) -> None:
    id = new_id("C15")
    text = ('OCMF|{"FV":"1.0","Gi":"aBcDeF"}|é+/=' * 200)[:5000]
    value = {"nature": "Start", "plain_data": text, "signed_data": text[::-1]}
    signed = {"encoding_method": "OCMF", "public_key": "MfkwEwYHKoZIzj0CAQ", "signed_values": [value]}

    answer = post(cast, id, signed_data=signed)

    assert len(text) == 5000
    assert_delivered(cast, answer, id)
    assert cast.msa.find("POST", "cdrs", contains=id)[0].json["signed_data"] == signed
    assert cast.cpa.call_url("GET", answer.headers["Location"]).data["signed_data"] == signed


def test_CDR_16_a_reservation_only_cdr_may_leave_things_open(cast: Cast) -> None:
    unknown, nothing = "1970-01-01T00:00:00Z", {"evse_uid": "#NA", "evse_id": "#NA", "connector_id": "#NA"}
    id = new_id("C16")

    answer = post(cast, id, start_date_time=unknown, end_date_time=unknown, cdr_location=nothing)

    assert_delivered(cast, answer, id)
    assert cast.cpa.call_url("GET", answer.headers["Location"]).data["cdr_location"]["evse_uid"] == "#NA"
    assert_flagged(cast, answer, id, "start_date_time")


def test_CDR_17_the_longer_address_is_accepted(cast: Cast) -> None:
    id, place = new_id("C17"), {"address": "A" * 60, "state": "S" * 45}

    answer = post(cast, id, cdr_location=place)

    assert_delivered(cast, answer, id)
    assert cast.msa.find("POST", "cdrs", contains=id)[0].json["cdr_location"]["address"] == "A" * 60


def test_CDR_18_differences_are_reported_and_never_repaired(cast: Cast) -> None:
    """Two sessions end; of one the CDR is never delivered, the other's bills too much."""
    billed, missing, id = new_id("C18B"), new_id("C18M"), new_id("C18")
    for session_id in (billed, missing):
        ended = session(session_id, status="COMPLETED", end_date_time="2026-11-20T10:00:00Z", kwh=Decimal("12.345"))
        assert cast.cpa.call("PUT", "sessions", f"DE/CPA/{session_id}", body=ended, to=cast.HUB).code == 1000
    answer = post(cast, id, session_id=billed, total_energy=Decimal("20.5"))

    cast.operator.reconcile()

    assert cast.operator.find_flags("DE*CPA", missing), "the missing CDR is not reported"
    assert any("20.5" in text for text in cast.operator.find_flags("DE*CPA", id))
    assert cast.cpa.call_url("GET", answer.headers["Location"]).data["total_energy"] == Decimal("20.5")
    check_what_nobody_accepted_is_named(cast)


def check_what_nobody_accepted_is_named(cast: Cast) -> None:
    refused, accepted, billed = new_id("C18R"), new_id("C18A"), new_id("C18S")
    ended = session(billed, status="COMPLETED", end_date_time="2026-11-20T10:00:00Z")
    assert cast.cpa.call("PUT", "sessions", f"DE/CPA/{billed}", body=ended, to=cast.HUB).code == 1000
    with cast.msa.answering(
        reply(code=2001, message="no"), when=lambda call: call.module == "cdrs" and refused.encode() in call.body
    ):
        assert post(cast, refused, session_id=billed).code == 2001
    assert post(cast, accepted, session_id=billed).code == 1000

    named = [text for text in cast.operator.find_flags("DE*CPA", refused) if "undelivered" in text]
    assert named, "the CDR that was not delivered is not reported"
    assert not [text for text in cast.operator.find_flags("DE*CPA", accepted) if "undelivered" in text]
    assert post(cast, refused, session_id=billed).code == 1000
    still = [text for text in cast.operator.find_flags("DE*CPA", refused) if "undelivered" in text]
    assert not [text for text in still if '"state": "open"' in text], "it was delivered later"


def test_CDR_19_absence_from_a_list_removes_no_cdr(cast: Cast) -> None:
    id = new_id("C19")
    cpo = cast.add("DE*C19 CPO", contracts=["NL*MSA"])
    document = cdr(id, owner="DE*C19")
    posted = ask_until(lambda: cpo.call("POST", "cdrs", body=document, to=cast.HUB), code=1000)
    url = posted.headers["Location"]

    cast.operator.pull(cpo.handle, modules=["cdrs"], full=True)

    asked = cpo.wait_for("GET", "cdrs", interface="SENDER")  # answered with an empty list
    assert (asked.to, asked.sender) == ("DE*C19", cast.HUB)
    cpo.expect_nothing("DELETE", within=QUIET)
    assert cpo.call_url("GET", url).data["id"] == id
    assert find_in_list(cast.msa, "cdrs", id, to=cast.HUB)
