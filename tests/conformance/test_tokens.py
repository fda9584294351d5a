"""Rows TOK-01 to TOK-16 (section 10)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until, find_in_list, wait_until
from tests.conformance.objects import cdr, cdr_token, session, token
from tests.conformance.partner import BASE, Partner, Reply, reply
from tests.conformance.wire import Answer, new_id

ALLOWED = ("ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED")
UNKNOWN = reply(code=2004, message="unknown token", http=404)


def put(cast: Cast, uid: str, *, query: str = "", **changes: Any) -> Answer:
    """MSA tells the hub."""
    return cast.msa.call("PUT", "tokens", f"NL/MSA/{uid}", body=token(uid, **changes), to=cast.HUB, query=query)


def get(cast: Cast, uid: str, *, query: str = "") -> Answer:
    return cast.msa.call("GET", "tokens", f"NL/MSA/{uid}", to=cast.HUB, query=query)


def authorize(
    cast: Cast, uid: str, *, to: str, body: Any = None, query: str = "", by: Partner | None = None, **options: Any
) -> Answer:
    """CPA asks, or a CPO of the test's own: then nobody that other tests sent away is among those who are asked."""
    path = f"{uid}/authorize"
    return (by or cast.cpa).call("POST", "tokens", path, interface="SENDER", body=body, to=to, query=query, **options)


def info(uid: str, allowed: str = "ALLOWED", **changes: Any) -> dict[str, Any]:
    return {"allowed": allowed, "token": token(uid), **changes}


@contextmanager
def answering(partners: Sequence[Partner], write: Reply, *, uid: str) -> Iterator[None]:
    """What they say when they are asked about this token."""
    with ExitStack() as stack:
        for partner in partners:
            stack.enter_context(partner.answering(write, when=lambda call: f"{uid}/authorize" in call.path))
        yield


def find_asked(partner: Partner, uid: str) -> list[Any]:
    return partner.find("POST", "tokens", contains=f"{uid}/authorize")


def test_TOK_01_receiver_knows_get_put_and_patch(cast: Cast) -> None:
    uid = new_id("K01")

    assert put(cast, uid).http == 201
    for method in ("DELETE", "POST"):
        body = None if method == "DELETE" else token(uid)
        refused = cast.msa.call(method, "tokens", f"NL/MSA/{uid}", body=body, to=cast.HUB)
        assert refused.http == 405, method
    assert (get(cast, uid).http, get(cast, uid).data["uid"]) == (200, uid)


def test_TOK_02_sender_has_a_list_and_authorize(cast: Cast) -> None:
    uid = new_id("K02")
    put(cast, uid)

    listed = find_in_list(cast.cpa, "tokens", uid, to=cast.HUB)
    with answering([cast.msa], reply(info(uid)), uid=uid):
        asked = authorize(cast, uid, to="NL*MSA", query="type=RFID")

    assert listed == token(uid)
    assert asked.code == 1000
    assert find_asked(cast.msa, uid)[0].params == {"type": "RFID"}
    for path, method in (("1", "PUT"), ("", "PUT"), ("", "POST"), ("", "DELETE"), (f"{uid}/authorize", "GET")):
        body = None if method in ("DELETE", "GET") else token(uid)
        refused = cast.cpa.call(method, "tokens", path, interface="SENDER", body=body, to=cast.HUB)
        assert refused.http == 405, (path, method)


def test_TOK_03_the_type_is_part_of_the_key(cast: Cast) -> None:
    uid, change = new_id("K03"), {"issuer": "changed", "last_updated": "2026-11-20T11:00:00Z"}

    assert put(cast, uid, type="APP_USER").code == 1000
    assert get(cast, uid, query="type=APP_USER").data["type"] == "APP_USER"
    assert get(cast, uid, query="type=RFID").http == 404
    assert get(cast, uid.lower()).data["type"] == "APP_USER"  # the only one of that uid
    assert cast.msa.call("PATCH", "tokens", f"NL/MSA/{uid}", body=change, to=cast.HUB).code == 1000
    assert get(cast, uid, query="type=APP_USER").data["issuer"] == "changed"

    assert put(cast, uid).http == 201  # a second token of this uid
    assert get(cast, uid).data["type"] == "RFID"
    assert get(cast, uid, query="type=APP_USER").data["type"] == "APP_USER"
    assert put(cast, uid, query="type=OTHER").code == 2001
    assert get(cast, uid, query="type=OTHER").http == 404


def test_TOK_04_a_token_ends_by_becoming_invalid(cast: Cast) -> None:
    uid = new_id("K04")
    put(cast, uid)
    change = {"valid": False, "last_updated": "2026-11-20T11:00:00Z"}

    patched = cast.msa.call("PATCH", "tokens", f"NL/MSA/{uid}", body=change, to=cast.HUB)

    assert (patched.http, patched.code) == (200, 1000)
    assert get(cast, uid).data["valid"] is False
    assert (find_in_list(cast.cpa, "tokens", uid, to=cast.HUB) or {})["valid"] is False
    assert cast.cpa.wait_for("PATCH", "tokens", contains=uid).json["valid"] is False


def test_TOK_05_a_pull_of_changes_removes_nothing(cast: Cast) -> None:
    first, second = new_id("K05A"), new_id("K05B")
    emsp = cast.add("NL*K05 EMSP", contracts=["DE*CPA"])

    def serve(uid: str) -> Any:
        body = [token(uid, owner="NL*K05")]
        return emsp.answering(
            reply(body, headers={"X-Total-Count": "1", "X-Limit": "100"}),
            when=lambda call: (call.module, call.interface, call.suffix) == ("tokens", "SENDER", ""),
        )

    def is_served(uid: str) -> bool:
        return find_in_list(cast.cpa, "tokens", uid, to=cast.HUB) is not None

    with serve(first):
        cast.operator.pull(emsp.handle, modules=["tokens"], full=True)
        wait_until(lambda: is_served(first), what="the token of the full pull")
    before = len(emsp.find("GET", "tokens"))
    with serve(second):
        cast.operator.pull(emsp.handle, modules=["tokens"])
        wait_until(lambda: is_served(second), what="the token of the delta pull")
    time.sleep(0.5)

    assert "date_from" in emsp.find("GET", "tokens")[before].params
    assert is_served(first)


def test_TOK_06_authorize_needs_no_body(cast: Cast) -> None:
    uid, place = new_id("K06"), {"location_id": "LOC1", "evse_uids": ["E1", "E2"]}

    with answering([cast.msa], reply(info(uid)), uid=uid):
        without = authorize(cast, uid, to="NL*MSA")
        within = authorize(cast, uid, to="NL*MSA", body=place)

    assert (without.code, without.data["allowed"]) == (1000, "ALLOWED")
    assert within.code == 1000
    bodies = [call.body for call in find_asked(cast.msa, uid)]
    assert bodies[0] == b""
    assert find_asked(cast.msa, uid)[1].json == place


def test_TOK_07_every_answer_is_an_answer(cast: Cast) -> None:
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    note = {"language": "en", "text": "Ask the office"}
    for allowed in ALLOWED:
        uid = new_id("K07")
        told = info(uid, allowed, location=place, authorization_reference="REF-aB1", info=note)

        with answering([cast.msa], reply(told), uid=uid):
            answer = authorize(cast, uid, to="NL*MSA", body=place)

        assert (answer.http, answer.code) == (200, 1000), allowed
        assert answer.data == told


def test_TOK_08_an_unknown_token_is_404_and_2004(cast: Cast) -> None:
    uid = new_id("K08")
    asker = cast.add("DE*TK8 CPO", contracts=["NL*MSA", "BE*MSB"])
    cast.settle(asker, cast.msb)
    with answering(cast.everybody, UNKNOWN, uid=uid):
        for to in ("NL*MSA", cast.HUB, ""):
            answer = authorize(cast, uid, to=to, by=asker)

            assert (answer.http, answer.code) == (404, 2004), f"to {to}: {answer!r}"
            assert answer.data is None
    assert find_asked(cast.msa, uid)


def test_TOK_09_a_missing_location_is_2002(cast: Cast) -> None:
    uid = new_id("K09")

    with answering([cast.msa], reply(code=2002, message="where?"), uid=uid):
        answer = authorize(cast, uid, to="NL*MSA")

    assert (answer.http, answer.code, answer.message) == (200, 2002, "where?")


def test_TOK_10_the_emsp_sees_whose_location_it_is(cast: Cast) -> None:
    place = {"location_id": "Loc-1", "evse_uids": ["e1"]}
    for to in ("NL*MSA", cast.HUB, ""):
        uid = new_id("K10")
        assert put(cast, uid).code == 1000

        with answering([cast.msa], reply(info(uid)), uid=uid):
            authorize(cast, uid, to=to, body=place)

        (call,) = find_asked(cast.msa, uid)
        assert (call.sender, call.to) == ("DE*CPA", "NL*MSA")
        assert call.json == place


def test_TOK_11_the_hub_never_answers_from_its_own_list(cast: Cast) -> None:
    emsp = cast.add("NL*K11 EMSP", contracts=["DE*CPA"])
    uids = {whitelist: new_id("K11") for whitelist in ("NEVER", "ALLOWED_OFFLINE", "ALWAYS")}
    for whitelist, uid in uids.items():
        body = token(uid, owner="NL*K11", whitelist=whitelist)
        assert emsp.call("PUT", "tokens", f"NL/K11/{uid}", body=body, to=cast.HUB).code == 1000
    listed = ask_until(lambda: cast.cpa.call("GET", "tokens", interface="SENDER", to="NL*K11"), code=1000)
    assert listed.code == 1000  # the contract is in force
    emsp.close()

    for whitelist, uid in uids.items():
        for to in ("NL*K11", cast.HUB):
            begun = time.monotonic()
            answer = authorize(cast, uid, to=to)

            assert answer.code in (4002, 4003), (whitelist, to, answer)
            assert answer.data is None
            assert time.monotonic() - begun < cast.hub.timeout + 1


def test_TOK_12_an_invalid_token_is_still_asked_about(cast: Cast) -> None:
    for to in ("NL*MSA", cast.HUB):
        uid = new_id("K12")
        assert put(cast, uid, valid=False, whitelist="NEVER").code == 1000

        with answering([cast.msa], reply(info(uid)), uid=uid):
            answer = authorize(cast, uid, to=to, body={"location_id": new_id("NOBODYS")})

        assert (answer.code, answer.data["allowed"]) == (1000, "ALLOWED")
        assert len(find_asked(cast.msa, uid)) == 1


def test_TOK_13_token_pushes_are_broadcast_to_cpos(cast: Cast) -> None:
    uid = new_id("K13")
    body = token(uid, owner="BE*MSB")

    answer = cast.msb.call("PUT", "tokens", f"BE/MSB/{uid}", body=body, to=cast.HUB)

    assert (answer.http, answer.code, answer.sender) == (201, 1000, cast.HUB)
    for cpo in (cast.cpa, cast.cpb):
        assert cpo.wait_for("PUT", "tokens", contains=uid).json == body
        assert find_in_list(cpo, "tokens", uid, to=cast.HUB) == body
    cast.msa.expect_nothing("PUT", "tokens", contains=uid)


def test_TOK_14_the_token_of_a_command_is_not_stored(cast: Cast) -> None:
    uid = new_id("K14")
    command = {
        "response_url": f"{cast.msa.url}{BASE}/results/{uid}",
        "token": token(uid, type="AD_HOC_USER", whitelist="NEVER"),
        "location_id": "LOC1",
    }

    with cast.cpa.answering(reply({"result": "ACCEPTED", "timeout": 30}), when=lambda call: uid.encode() in call.body):
        answer = cast.msa.call("POST", "commands", "START_SESSION", body=command, to="DE*CPA")

    assert (answer.code, answer.data["result"]) == (1000, "ACCEPTED")
    assert find_in_list(cast.cpa, "tokens", uid, to=cast.HUB) is None
    assert get(cast, uid, query="type=AD_HOC_USER").http == 404


def test_TOK_15_the_reference_travels_unchanged(cast: Cast) -> None:
    uid, id, reference = new_id("K15"), new_id("K15"), "Ref:aB-" + new_id()

    with answering([cast.msa], reply(info(uid, authorization_reference=reference)), uid=uid):
        told = authorize(cast, uid, to="NL*MSA").data["authorization_reference"]
    changes = {"auth_method": "AUTH_REQUEST", "authorization_reference": told, "cdr_token": cdr_token(uid=uid)}
    put_session = cast.cpa.call("PUT", "sessions", f"DE/CPA/{id}", body=session(id, **changes), to=cast.HUB)
    post_cdr = cast.cpa.call("POST", "cdrs", body=cdr(id, **changes), to=cast.HUB)

    assert (told, put_session.code, post_cdr.code) == (reference, 1000, 1000)
    assert cast.msa.wait_for("PUT", "sessions", contains=id).json["authorization_reference"] == reference
    assert cast.msa.wait_for("POST", "cdrs", contains=id).json["authorization_reference"] == reference


def test_TOK_16_authorize_to_the_hub_goes_to_the_owner_of_the_token(cast: Cast) -> None:
    known, unknown = new_id("K16A"), new_id("K16B")
    assert put(cast, known).code == 1000

    with answering([cast.msa], reply(info(known, "NO_CREDIT")), uid=known):
        answer = authorize(cast, known, to=cast.HUB)

    (call,) = find_asked(cast.msa, known)
    assert (call.to, call.sender) == ("NL*MSA", "DE*CPA")
    assert (answer.code, answer.data["allowed"]) == (1000, "NO_CREDIT")
    assert (answer.to, answer.sender) == ("DE*CPA", "NL*MSA")
    assert not find_asked(cast.msb, known)  # no broadcast

    asker = cast.add("DE*TK6 CPO", contracts=["NL*MSA", "BE*MSB"])
    cast.settle(asker, cast.msb)
    others = [partner for partner in cast.everybody if partner is not cast.msb]
    with (
        answering(others, reply(http=405, code=2000), uid=unknown),
        answering([cast.msb], reply(info(unknown, token=token(unknown, owner="BE*MSB"))), uid=unknown),
    ):
        found = authorize(cast, unknown, to=cast.HUB, by=asker)
    assert (found.code, found.sender) == (1000, "BE*MSB")
    with answering(cast.everybody, reply(http=405, code=2000), uid=unknown):
        nobody = authorize(cast, unknown, to=cast.HUB, by=asker)
    assert (nobody.http, nobody.code, nobody.data) == (404, 2004, None)
