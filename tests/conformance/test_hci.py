"""Rows HCI: HubClientInfo (section 5). One party's whole life is driven once; several rows look at what was seen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until
from tests.conformance.objects import location
from tests.conformance.partner import Partner
from tests.conformance.wire import Answer, Call, new_id

STATUSES = {"CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"}
FIELDS = {"country_code", "party_id", "role", "status", "last_updated"}


@dataclass
class Life:
    """What was seen of DE*H00 from its plan to its second registration."""

    partner: Partner
    planned_calls: list[Call] = field(default_factory=list)
    asked_while_offline: list[Answer] = field(default_factory=list)
    asked_while_planned: list[Answer] = field(default_factory=list)
    infos: dict[str, dict] = field(default_factory=dict)  # what MSA's GET said, by step
    back_at: float = 0.0
    offline_id: str = ""
    probes: int = 0
    chatty_probes: int = 0


@pytest.fixture(scope="module")
def life(whole_cast: Cast) -> Life:
    cast = whole_cast
    cpo = cast.plan("DE*H00 CPO", stays=True)
    chatty = cast.plan("DE*H99 CPO", stays=True).register()
    life = Life(cpo)
    cast.contract("DE*H00", "NL*MSA")
    ask(cast, life.asked_while_planned)
    hear(cast, "PLANNED")
    look(cast, life, "planned")
    begin = time.monotonic()
    cast.operator.register_at(cpo.handle, versions_url=cpo.versions_url, token_a=cpo.token_b)
    life.planned_calls = cpo.find("POST", "credentials")
    cpo.read_hub(cpo.token)
    hear(cast, "CONNECTED")
    look(cast, life, "connected")
    kept = new_id("H14")
    cpo.call("PUT", "locations", f"DE/H00/{kept}", body=location(kept, owner="DE*H00"), to=cast.HUB)
    known = len(chatty.find("GET", "versions"))
    silent = len(cpo.find("GET", "versions"))
    while len(cpo.find("GET", "versions")) == silent and time.monotonic() < begin + cast.hub.silence * 3 + 10:
        chatty.configure("GET", cast.hub.versions_url)
        time.sleep(0.5)
    life.probes = len(cpo.find("GET", "versions")) - silent
    life.chatty_probes = len(chatty.find("GET", "versions")) - known
    look(cast, life, "probed")
    cpo.close()
    hear(cast, "OFFLINE", within=cast.hub.silence * 3 + 15)
    life.offline_id = ask(cast, life.asked_while_offline)
    look(cast, life, "offline")
    life.back_at = time.monotonic()
    cpo.start()
    cpo.configure("GET", cast.hub.versions_url)
    hear(cast, "CONNECTED", after=life.back_at)
    look(cast, life, "back")
    time.sleep(2)
    gone_at = time.monotonic()
    cpo.configure("DELETE", cpo.hub_endpoints["credentials", "SENDER"])
    hear(cast, "SUSPENDED", after=gone_at)
    look(cast, life, "gone")
    again_at = time.monotonic()
    cpo.token_a = cast.operator.renew_token_a(cpo.handle)
    cpo.register()
    hear(cast, "CONNECTED", after=again_at)
    return life


def hear(cast: Cast, status: str, *, after: float = 0.0, within: float = 20) -> Call:
    return cast.msa.wait_for(
        "PUT",
        "hubclientinfo",
        contains="DE/H00",
        that=lambda call: call.at >= after and call.json["status"] == status,
        within=within,
    )


def ask(cast: Cast, answers: list[Answer]) -> str:
    id = new_id("H13")
    answers.append(cast.msa.call("GET", "locations", id, interface="SENDER", to="DE*H00"))
    answers.append(cast.msa.call("GET", "tariffs", interface="SENDER", to="DE*H00", query=f"limit=5&x={id}"))
    return id


def look(cast: Cast, life: Life, step: str) -> None:
    found = [info for info in get_infos(cast.msa) if info["party_id"] == "H00"]
    life.infos[step] = found[0] if found else {}


def get_infos(partner: Partner, query: str = "") -> list[dict]:
    answer = partner.configure("GET", partner.hub_endpoints["hubclientinfo", "SENDER"] + (query and f"?{query}"))
    assert (answer.http, answer.code) == (200, 1000)
    return list(answer.data)


def test_HCI_01_the_list_is_paginated_and_read_only(cast: Cast) -> None:
    url = cast.msa.hub_endpoints["hubclientinfo", "SENDER"]

    page = cast.msa.configure("GET", f"{url}?offset=0&limit=1")

    assert len(page.data) == 1
    assert page.headers["X-Limit"] == "1"
    assert int(page.headers["X-Total-Count"]) > 1
    assert cast.msa.configure("GET", page.next_url).data != page.data
    assert get_infos(cast.msa, "date_from=2099-01-01T00:00:00Z") == []
    assert get_infos(cast.msa, "date_to=2000-01-01T00:00:00Z") == []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert cast.msa.configure(method, url, body={}).http == 405


def test_HCI_02_every_object_is_complete(cast: Cast) -> None:
    infos = get_infos(cast.msa)

    assert infos
    for info in infos:
        assert set(info) == FIELDS
        assert info["status"] in STATUSES
        assert info["role"] in {"CPO", "EMSP", "NAP", "NSP", "OTHER", "SCSP", "HUB"}
        assert len(info["country_code"]) == 2
        assert 1 <= len(info["party_id"]) <= 3
        assert info["last_updated"].endswith("Z")


def test_HCI_03_a_party_with_two_roles_appears_twice(cast: Cast) -> None:
    seen = {(info["role"], info["status"]) for info in get_infos(cast.msb) if info["party_id"] == "MIX"}
    as_emsp = {(info["role"], info["status"]) for info in get_infos(cast.cpa) if info["party_id"] == "MIX"}

    assert ("CPO", "CONNECTED") in seen
    assert ("EMSP", "CONNECTED") in seen | as_emsp


def test_HCI_04_neither_the_caller_nor_the_hub_nor_strangers_as_connected(cast: Cast) -> None:
    infos = {(info["country_code"], info["party_id"]): info["status"] for info in get_infos(cast.msa)}

    assert ("NL", "MSA") not in infos
    assert tuple(cast.HUB.split("*")) not in infos
    assert infos["DE", "CPA"] == "CONNECTED"
    assert infos.get(("FR", "CPB"), "PLANNED") == "PLANNED"


def test_HCI_05_creation_and_change_are_pushed_once_without_routing_headers(cast: Cast, life: Life) -> None:
    peer = cast.plan("DE*H05 CPO")
    contract = cast.contract("DE*H05", "NL*MSA")
    peer.register()

    call = cast.msa.wait_for(
        "PUT", "hubclientinfo", contains="DE/H05", that=lambda call: call.json["status"] == "CONNECTED"
    )

    assert not [name for name in call.headers if name.startswith("ocpi-")]
    assert set(call.json) == FIELDS
    cast.msb.expect_nothing("PUT", "hubclientinfo", contains="DE/H05")
    told = [call.json["status"] for call in cast.msa.find("PUT", "hubclientinfo", contains="DE/H05")]
    assert told.count("CONNECTED") == 1
    assert "OFFLINE" in [call.json["status"] for call in cast.msa.find("PUT", "hubclientinfo", contains="DE/H00")]
    cast.operator.end_contract(contract)
    cast.msa.wait_for(
        "PUT", "hubclientinfo", contains="DE/H05", that=lambda call: call.json["status"] in ("PLANNED", "SUSPENDED")
    )


def test_HCI_06_the_end_is_suspended_and_stays_in_the_list(cast: Cast, life: Life) -> None:
    statuses = [call.json["status"] for call in cast.msa.find("PUT", "hubclientinfo", contains="DE/H00")]

    assert "SUSPENDED" in statuses
    assert life.infos["gone"]["status"] == "SUSPENDED"


def test_HCI_07_the_url_names_the_party_described(cast: Cast, life: Life) -> None:
    calls = cast.msa.find("PUT", "hubclientinfo", contains="DE/H00")

    assert calls
    for call in calls:
        assert cast.msa.url + call.path == f"{cast.msa.get_endpoint('hubclientinfo', 'RECEIVER')}/DE/H00"
        assert (call.json["country_code"], call.json["party_id"]) == ("DE", "H00")
        assert call.json["last_updated"].endswith("Z")


def test_HCI_09_announced_but_never_connected_is_planned(life: Life) -> None:
    assert life.infos["planned"]["status"] == "PLANNED"
    assert life.infos["connected"]["status"] == "CONNECTED"
    assert life.infos["offline"]["status"] == "OFFLINE"
    assert life.infos["gone"]["status"] == "SUSPENDED"


def test_HCI_10_all_edges_are_walked_and_pushed(cast: Cast, life: Life) -> None:
    statuses = [call.json["status"] for call in cast.msa.find("PUT", "hubclientinfo", contains="DE/H00")]
    walked = [status for index, status in enumerate(statuses) if index == 0 or statuses[index - 1] != status]

    assert walked[:6] == ["PLANNED", "CONNECTED", "OFFLINE", "CONNECTED", "SUSPENDED", "CONNECTED"]


def test_HCI_11_a_silent_platform_is_probed_and_a_chatting_one_is_not(life: Life) -> None:
    assert life.probes >= 1
    assert life.chatty_probes == 0


def test_HCI_12_a_failed_probe_is_offline_and_a_message_brings_it_back(life: Life) -> None:
    assert life.infos["offline"]["status"] == "OFFLINE"
    assert life.infos["back"]["status"] == "CONNECTED"


def test_HCI_13_nothing_functional_reaches_who_is_not_connected(life: Life) -> None:
    for answer in life.asked_while_offline + life.asked_while_planned:
        assert (answer.http, answer.code) == (200, 4003)
    assert not life.partner.find(contains=life.offline_id)  # nothing was replayed either
    assert life.planned_calls  # configuration traffic came through while PLANNED


def test_HCI_14_who_returns_is_asked_for_what_was_missed(life: Life) -> None:
    call = life.partner.wait_for(
        "GET",
        "locations",
        interface="SENDER",
        that=lambda call: call.at >= life.back_at and "date_from" in call.params,
    )

    assert (call.to, call.suffix) == ("DE*H00", "")


def test_HCI_15_last_updated_changes_only_with_the_object(cast: Cast, life: Life) -> None:
    assert life.infos["probed"] == life.infos["connected"]
    assert life.infos["offline"]["last_updated"] > life.infos["connected"]["last_updated"]
    before = get_infos(cast.msb)
    id = new_id("H15")
    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to=cast.HUB)

    found = {(i["party_id"], i["role"]): i["last_updated"] for i in get_infos(cast.msb)}
    for info in before:
        assert found[info["party_id"], info["role"]] == info["last_updated"]


def test_HCI_16_a_peer_hub_says_who_is_behind_it_and_the_route_follows(cast: Cast) -> None:
    other_hub = cast.add("SE*H16 HUB")
    url = other_hub.hub_endpoints["hubclientinfo", "RECEIVER"] + "/FR/X16"
    cast.contract("DE*CPA", "FR*X16")

    def tell(status: str, second: int) -> dict:
        info = {"country_code": "FR", "party_id": "X16", "role": "EMSP", "status": status}
        info["last_updated"] = f"2026-11-20T10:00:0{second}Z"
        assert other_hub.configure("PUT", url, body=info).code == 1000
        return info

    def push() -> Answer:
        id = new_id("H16")
        return cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="FR*X16")

    tell("CONNECTED", 1)
    ask_until(push, code=1000)
    arrived = len(other_hub.find("PUT", "locations"))
    offline = tell("OFFLINE", 2)
    copy = other_hub.configure("GET", url)
    away = ask_until(push, code=4003)
    kept = len(other_hub.find("PUT", "locations"))
    tell("CONNECTED", 3)
    back = ask_until(push, code=1000)
    spoken_for = other_hub.call("GET", "locations", interface="SENDER", to="DE*CPA", sender="FR*X16")
    stranger = cast.msb.call("GET", "locations", interface="SENDER", to="DE*CPA", sender="FR*X16")

    assert (copy.code, copy.data) == (1000, offline)
    assert (away.http, away.code, back.code) == (200, 4003, 1000)
    assert len(other_hub.find("PUT", "locations")) > kept >= arrived >= 1
    assert (spoken_for.code, stranger.http) == (1000, 403)
    for method in ("POST", "PATCH", "DELETE"):
        assert other_hub.configure(method, url, body={}).http == 405
