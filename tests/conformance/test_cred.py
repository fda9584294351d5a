"""Rows CRED-01 to CRED-14: registration and updates that the partner starts (section 4)."""

from __future__ import annotations

from tests.conformance.cast import Cast
from tests.conformance.objects import location
from tests.conformance.partner import BASE, Partner, reply
from tests.conformance.wire import Answer, new_id


def test_CRED_01_get_post_put_delete_and_nothing_else(cast: Cast) -> None:
    url = cast.cpa.hub_endpoints["credentials", "SENDER"]

    patched = cast.cpa.configure("PATCH", url, body={"token": "x"})

    assert patched.http == 405
    assert {word.strip() for word in patched.headers["Allow"].split(",")} >= {"GET", "PUT", "DELETE"}
    assert cast.cpa.configure("GET", url).code == 1000


def test_CRED_02_each_token_a_is_its_own_and_good_once(cast: Cast) -> None:
    one, other = cast.plan("DE*C21 CPO"), cast.plan("DE*C22 CPO")
    assert one.token_a != other.token_a

    one.register()
    again = one.send_credentials("POST", shown=one.token_a)

    assert again.http == 401
    other.register()


def test_CRED_03_the_hub_calls_back_with_token_b_before_it_answers(cast: Cast) -> None:
    peer = cast.plan("DE*C03 CPO")

    with peer.answering(reply(http=500, code=3000), when=lambda call: call.module == "details"):
        refused = peer.post_credentials()
    answer = peer.post_credentials()

    assert refused.code == 3001  # so it had asked before it answered
    assert answer.code == 1000
    peer.take(answer)
    asked = [call.module for call in peer.calls]
    assert asked[:4] == ["versions", "details", "versions", "details"]
    assert {call.token for call in peer.calls[:4]} == {peer.token_b}
    assert peer.calls[1].path == f"{BASE}/details/2.2.1"


def test_CRED_04_token_c_comes_back_and_token_a_is_void(cast: Cast) -> None:
    peer = cast.plan("DE*C04 CPO")

    answer = peer.post_credentials()

    assert (answer.http, answer.code) == (200, 1000)
    peer.take(answer)
    assert set(answer.data) >= {"token", "url", "roles"}
    assert peer.token not in (peer.token_a, peer.token_b)
    assert peer.configure("GET", cast.hub.versions_url, token=peer.token_a).http == 401
    assert peer.configure("GET", cast.hub.versions_url).http == 200


def test_CRED_05_post_of_a_registered_peer_is_405(cast: Cast) -> None:
    answer = cast.cpa.send_credentials("POST", shown=cast.cpa.token)

    assert answer.http == 405
    assert "PUT" in answer.headers["Allow"]


def test_CRED_06_a_fresh_token_a_registers_anew(cast: Cast) -> None:
    peer = cast.add("DE*C06 CPO")
    old = peer.token
    peer.token_a = cast.operator.renew_token_a(peer.handle)

    with peer.answering(reply(http=500, code=3000), when=lambda call: call.module == "versions"):
        failed = peer.post_credentials()

    assert failed.code == 3001
    assert peer.configure("GET", cast.hub.versions_url, token=old).http == 200
    peer.register()
    assert peer.configure("GET", cast.hub.versions_url, token=old).http == 401
    assert peer.configure("GET", cast.hub.versions_url).http == 200


def test_CRED_07_a_failed_call_back_is_3001_and_may_be_repeated(cast: Cast) -> None:
    peer = cast.plan("DE*C07 CPO")
    failures = [reply(http=500, code=3000), reply(http=401, code=2000), reply(body=b"<html>")]

    for failure in failures:
        with peer.answering(failure, when=lambda call: call.module == "versions"):
            answer = peer.post_credentials()
        assert (answer.http, answer.code) == (200, 3001)

    assert peer.post_credentials().code == 1000


def test_CRED_08_without_functional_endpoints_it_is_3003(cast: Cast) -> None:
    peer = cast.plan("NL*C08 EMSP", offers=[])

    answer = peer.post_credentials()

    assert (answer.http, answer.code) == (200, 3003)
    peer.offers = [("locations", "RECEIVER")]
    assert peer.post_credentials().code == 1000  # nothing was stored, Token A is still good


def test_CRED_09_a_version_the_peer_lacks_is_3002(cast: Cast) -> None:
    peer = cast.plan("DE*C09 CPO")
    peer.versions = ["2.1.1"]

    answer = peer.post_credentials()

    assert (answer.http, answer.code) == (200, 3002)


def test_CRED_10_the_token_of_the_hub_works_while_its_post_is_open(cast: Cast) -> None:
    peer = cast.plan("DE*C10 CPO")
    token_a = peer.token_b
    called_back: list[Answer] = []

    def call_back_first(handler, call) -> None:
        called_back.append(peer.configure("GET", call.json["url"], token=call.json["token"]))
        peer._answer_credentials(handler, call)

    with peer.answering(call_back_first, when=lambda call: (call.method, call.module) == ("POST", "credentials")):
        assert cast.operator.register_at(peer.handle, versions_url=peer.versions_url, token_a=token_a)

    assert [(answer.http, answer.code) for answer in called_back] == [(200, 1000)]
    assert [(call.method, call.module) for call in peer.calls[:3]] == [
        ("GET", "versions"),
        ("GET", "details"),
        ("POST", "credentials"),
    ]
    assert {call.token for call in peer.calls[:3]} == {token_a}


def test_CRED_11_no_post_without_endpoints_and_a_refusal_leaves_it_unregistered(cast: Cast) -> None:
    bare, refusing = cast.plan("DE*C11 CPO", offers=[]), cast.plan("DE*C12 CPO")

    assert not cast.operator.register_at(bare.handle, versions_url=bare.versions_url, token_a=bare.token_b)
    with refusing.answering(reply(code=3001), when=lambda call: call.module == "credentials"):
        token_a = refusing.token_b
        assert not cast.operator.register_at(refusing.handle, versions_url=refusing.versions_url, token_a=token_a)

    assert bare.find("GET", "details")
    assert not bare.find("POST", "credentials")
    assert refusing.find("POST", "credentials")
    assert cast.operator.get(refusing.handle)["status"] == "PLANNED"


def test_CRED_12_put_takes_over_url_and_endpoints_and_gives_a_new_token(cast: Cast) -> None:
    peer = cast.add("NL*CN1 EMSP", contracts=["DE*CPA"])
    old, asked = peer.token, len(peer.find("GET", "details"))
    moved = Partner("NL*CN1 EMSP", versions_url=cast.hub.versions_url)

    answer = peer.put_credentials(token=moved.token_b, url=moved.versions_url)

    assert (answer.http, answer.code) == (200, 1000)
    assert answer.data["token"] != old
    assert len(peer.find("GET", "details")) == asked
    assert {call.token for call in moved.find("GET", "details")} == {moved.token_b}
    id = new_id("C12")
    pushed = cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=peer.party)
    assert pushed.code == 1000
    assert moved.wait_for("PUT", "locations", contains=id).token == moved.token_b
    peer.take(answer)
    moved.close()


def test_CRED_13_put_and_delete_of_the_unregistered_are_405_and_of_strangers_401(cast: Cast) -> None:
    planned = cast.plan("DE*C13 CPO")
    planned.read_hub(planned.token_a)
    url = planned.hub_endpoints["credentials", "SENDER"]

    for method, body in (("PUT", planned.build_credentials()), ("DELETE", None)):
        assert planned.configure(method, url, token=planned.token_a, body=body).http == 405
        assert planned.configure(method, url, token="garbage", body=body).http == 401


def test_CRED_14_a_put_that_fails_leaves_both_tokens_and_one_that_succeeds_keeps_the_old_a_while(cast: Cast) -> None:
    peer = cast.add("NL*CN4 EMSP", contracts=["DE*CPA"])
    old, shown = peer.token, peer.token_b

    with peer.answering(reply(http=500, code=3000), when=lambda call: call.module == "versions"):
        failed = peer.put_credentials(token="another-token")

    assert failed.code == 3001
    assert peer.configure("GET", cast.hub.versions_url).http == 200
    id = new_id("C14")
    assert cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=peer.party).code == 1000
    assert peer.wait_for("PUT", "locations", contains=id).token == shown
    peer.take(peer.put_credentials())
    assert peer.token != old
    assert peer.configure("GET", cast.hub.versions_url, token=old).http == 200  # until the new one is used
    assert peer.configure("GET", cast.hub.versions_url).http == 200
