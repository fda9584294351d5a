"""Rows CRED-15 to CRED-26: what credentials say, roles, revocation, what the hub starts (section 4)."""

from __future__ import annotations

import re
import threading
import time

from tests.conformance.cast import Cast
from tests.conformance.lists import wait_until
from tests.conformance.objects import evse, location
from tests.conformance.partner import Partner, build_role
from tests.conformance.wire import Answer, new_id


def test_CRED_15_delete_ends_it_in_both_directions(cast: Cast) -> None:
    leaving, sent_away = cast.add("NL*CE1 EMSP", contracts=["DE*CPA"]), cast.add("NL*CE2 EMSP")

    answer = leaving.configure("DELETE", leaving.hub_endpoints["credentials", "SENDER"])
    cast.operator.disconnect(sent_away.handle)

    assert (answer.http, answer.code) == (200, 1000)
    assert "data" not in answer.envelope
    assert leaving.configure("GET", cast.hub.versions_url).http == 401
    assert sent_away.wait_for("DELETE", "credentials").token == sent_away.token_b
    assert sent_away.configure("GET", cast.hub.versions_url).http == 401
    id = new_id("C15")
    assert cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB).code == 1000
    cast.msa.wait_for("PUT", "locations", contains=id)
    leaving.expect_nothing(contains=id)
    assert cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=leaving.party).code == 4003


def test_CRED_16_get_shows_the_token_the_caller_uses(cast: Cast) -> None:
    answer = cast.cpa.configure("GET", cast.cpa.hub_endpoints["credentials", "SENDER"])

    assert (answer.http, answer.code) == (200, 1000)
    assert answer.data["token"] == cast.cpa.token
    assert answer.data["url"] == cast.hub.versions_url


def test_CRED_17_the_hub_is_one_party_with_the_role_hub(cast: Cast) -> None:
    (role,) = cast.msa.configure("GET", cast.msa.hub_endpoints["credentials", "SENDER"]).data["roles"]

    assert role["role"] == "HUB"
    assert f"{role['country_code']}*{role['party_id']}" == cast.HUB
    assert role["business_details"]["name"]


def test_CRED_18_tokens_are_printable_ascii_of_64_and_roles_not_empty(cast: Cast) -> None:
    peer = cast.plan("DE*C18 CPO")

    assert peer.post_credentials(token="x" * 65).code == 2001
    assert peer.post_credentials(roles=[]).code == 2001
    peer.register()

    for token in (peer.token_a, peer.token):
        assert re.fullmatch(r"[!-~]{1,64}", token)


def test_CRED_19_a_platform_may_bring_many_roles(cast: Cast) -> None:
    roles = ("DE*R91 CPO", "DE*R92 CPO", "DE*R93 CPO")
    peer = cast.plan(*roles)
    incomplete = build_role("DE*R91", "CPO")
    del incomplete["business_details"]
    assert peer.post_credentials(roles=[incomplete]).code == 2001

    peer.register()
    for party in ("DE*R91", "DE*R92", "DE*R93"):
        cast.contract(party, "NL*MSA")

    for party in ("DE/R91", "DE/R92", "DE/R93"):
        cast.msa.wait_for("PUT", "hubclientinfo", contains=party)
    found = [info for info in get_infos(cast.msa) if info["party_id"] in ("R91", "R92", "R93")]
    told = sorted((info["party_id"], info["role"], info["status"]) for info in found)
    assert told == [("R91", "CPO", "CONNECTED"), ("R92", "CPO", "CONNECTED"), ("R93", "CPO", "CONNECTED")]


def test_CRED_20_the_same_role_twice_is_2001(cast: Cast) -> None:
    peer = cast.plan("DE*C20 CPO")

    answer = peer.post_credentials(roles=[build_role("DE*C20", "CPO"), build_role("de*c20", "CPO")])

    assert answer.code == 2001
    assert peer.post_credentials().code == 1000


def test_CRED_21_a_role_of_another_platform_is_not_taken_over(cast: Cast) -> None:
    claimant = cast.plan("DE*C29 CPO")

    answer = claimant.post_credentials(roles=[build_role("DE*C29", "CPO"), build_role("DE*CPA", "CPO")])

    if answer.code == 1000:  # parked
        claimant.take(answer)
    id = new_id("C21")
    assert cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*CPA").code == 1000
    assert cast.cpa.wait_for("GET", "locations", contains=id)
    assert not claimant.find(contains=id)
    if answer.code == 1000:
        taken = claimant.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB, sender="DE*CPA")
        assert taken.http == 403


def test_CRED_22_roles_that_go_and_come_by_put_take_effect(cast: Cast) -> None:
    peer = cast.add("DE*C81 CPO", "DE*C82 CPO", contracts=["NL*MSA"])
    cast.contract("DE*C82", "NL*MSA")
    cast.msa.wait_for("PUT", "hubclientinfo", contains="DE/C82", that=lambda call: call.json["status"] == "CONNECTED")

    peer.take(peer.put_credentials(roles=[build_role("DE*C81", "CPO")]))

    cast.msa.wait_for("PUT", "hubclientinfo", contains="DE/C82", that=lambda call: call.json["status"] == "SUSPENDED")
    id = new_id("C22")
    refused = peer.call("PUT", "locations", f"DE/C82/{id}", body=location(id, owner="DE*C82"), to=cast.HUB)
    assert refused.http == 404
    assert cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*C82").code == 4003
    peer.take(peer.put_credentials())
    taken = peer.call(
        "PUT", "locations", f"DE/C82/{id}", body=location(id, owner="DE*C82"), to=cast.HUB, sender="DE*C82"
    )
    assert taken.code == 1000


def test_CRED_23_rotation_is_a_put_and_a_compromised_token_dies_at_once(cast: Cast) -> None:
    peer = cast.add("DE*C23 CPO")
    first = peer.token

    assert cast.operator.rotate(peer.handle)
    second = peer.wait_for("PUT", "credentials").json["token"]
    assert second != first
    assert peer.configure("GET", cast.hub.versions_url, token=second).http == 200

    assert cast.operator.rotate(peer.handle, compromised=True)

    # A hub of several processes may need a moment; the ten minutes of an ordinary change it may not.
    wait_until(
        lambda: peer.configure("GET", cast.hub.versions_url, token=second).http == 401,
        what="a compromised token is dead",
        within=1.0,
    )
    assert peer.configure("GET", cast.hub.versions_url).http == 200


def test_CRED_24_party_ids_are_not_compared_with_evse_ids(cast: Cast) -> None:
    id = new_id("C24")

    answer = cast.cpa.call(
        "PUT",
        "locations",
        f"DE/CPA/{id}",
        body=location(id, country="NLD", evses=[evse("E1", evse_id="NL*XYZ*E1")]),
        to=cast.HUB,
    )

    assert answer.code == 1000


def test_CRED_25_internal_addresses_are_refused_and_parallel_posts_register_once(cast: Cast) -> None:
    peer = cast.plan("DE*C25 CPO")
    internal = peer.post_credentials(url="https://127.0.0.2/versions")
    assert (internal.http, internal.code) == (200, 3001)
    answers: list[Answer] = []

    def post() -> None:
        answers.append(peer.send_credentials("POST", shown=peer.token_a))

    threads = [threading.Thread(target=post) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won, lost = sorted(answers, key=lambda answer: answer.http)
    assert (won.http, won.code) == (200, 1000)
    assert lost.http in (401, 405)
    peer.take(won)
    assert peer.configure("GET", cast.hub.versions_url).http == 200


def test_CRED_26_an_update_of_the_hub_reads_afresh_and_puts(cast: Cast) -> None:
    peer = cast.add("NL*C26 EMSP", contracts=["DE*CPA"])
    before, old = len(peer.calls), peer.token_b
    called_back: list[Answer] = []

    def call_back_first(handler, call) -> None:
        called_back.append(peer.configure("GET", call.json["url"], token=call.json["token"]))
        peer._answer_credentials(handler, call)

    with peer.answering(call_back_first, when=lambda call: (call.method, call.module) == ("PUT", "credentials")):
        assert cast.operator.update(peer.handle)

    seen = [(call.method, call.module) for call in peer.calls[before:] if call.token == old]
    assert seen[:3] == [("GET", "versions"), ("GET", "details"), ("PUT", "credentials")]
    assert [answer.http for answer in called_back] == [200]
    deadline = time.monotonic() + 5  # it works everywhere within a moment
    while True:
        id = new_id("C26")
        cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=peer.party)
        if peer.wait_for("PUT", "locations", contains=id).token == peer.token_b or time.monotonic() > deadline:
            break
    assert peer.wait_for("PUT", "locations", contains=id).token == peer.token_b != old


def get_infos(partner: Partner) -> list[dict]:
    answer = partner.configure("GET", partner.hub_endpoints["hubclientinfo", "SENDER"])
    assert answer.code == 1000
    return list(answer.data)
