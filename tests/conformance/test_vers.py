"""Rows VERS: versions and version details (section 3)."""

from __future__ import annotations

import re

from tests.conformance.cast import Cast
from tests.conformance.lists import ask_until
from tests.conformance.objects import location
from tests.conformance.partner import FUNCTIONAL, OFFERS
from tests.conformance.wire import new_id

VERSIONS = {"2.0", "2.1", "2.1.1", "2.2", "2.2.1", "2.3.0"}


def test_VERS_01_versions_need_a_token_and_take_token_a(cast: Cast) -> None:
    planned = cast.plan("DE*V01 CPO")
    url = cast.hub.versions_url

    with_token_a = planned.configure("GET", url, token=planned.token_a)
    without = planned.configure("GET", url, headers={"Authorization": None})

    assert (with_token_a.http, with_token_a.code) == (200, 1000)
    assert isinstance(with_token_a.data, list)
    assert without.http == 401


def test_VERS_02_the_list_names_2_2_1_once_with_an_absolute_url(cast: Cast) -> None:
    answer = cast.cpa.configure("GET", cast.hub.versions_url)

    assert {version["version"] for version in answer.data} <= VERSIONS
    (ours,) = [version for version in answer.data if version["version"] == "2.2.1"]
    scheme = "https?" if cast.hub.versions_url.startswith("http://127.0.0.1") else "https"
    assert re.match(rf"^{scheme}://[^/]+/", ours["url"])
    assert all(set(version) == {"version", "url"} for version in answer.data)


def test_VERS_03_details_name_their_version_and_some_endpoints(cast: Cast) -> None:
    details = get_details(cast)

    assert details["version"] == "2.2.1"
    assert details["endpoints"]


def test_VERS_04_both_roles_of_every_functional_module_each_once(cast: Cast) -> None:
    endpoints = get_details(cast)["endpoints"]

    listed = [(endpoint["identifier"], endpoint["role"]) for endpoint in endpoints]
    assert len(listed) == len(set(listed))
    assert {(module, role) for module in FUNCTIONAL for role in ("SENDER", "RECEIVER")} <= set(listed)
    assert ("hubclientinfo", "SENDER") in listed
    assert len(listed) == (17 if ("hubclientinfo", "RECEIVER") in listed else 16)
    assert all(set(endpoint) == {"identifier", "role", "url"} for endpoint in endpoints)


def test_VERS_05_the_role_of_a_credentials_entry_means_nothing(cast: Cast) -> None:
    own = [e for e in get_details(cast)["endpoints"] if e["identifier"] == "credentials"]
    assert [endpoint["role"] for endpoint in own] == ["SENDER"]
    peer = cast.plan("DE*V05 CPO")
    peer.credentials_role = "RECEIVER"

    answer = peer.post_credentials()

    assert (answer.http, answer.code) == (200, 1000)
    peer.take(answer)


def test_VERS_06_pushes_of_locations_go_to_the_receiver_interface(cast: Cast) -> None:
    id = new_id("V06")

    cast.cpa.call("PUT", "locations", f"DE/CPA/{id}", body=location(id), to="NL*MSA")

    call = cast.msa.wait_for("PUT", "locations", contains=id)
    assert cast.msa.url + call.path == f"{cast.msa.get_endpoint('locations', 'RECEIVER')}/DE/CPA/{id}"


def test_VERS_08_custom_modules_are_ignored_and_not_offered(cast: Cast) -> None:
    peer = cast.plan("NL*V08 EMSP", offers=[("nltnm-tokens", "SENDER"), *OFFERS])

    answer = peer.post_credentials()

    assert (answer.http, answer.code) == (200, 1000)
    peer.take(answer)
    offered = {endpoint["identifier"] for endpoint in get_details(cast)["endpoints"]}
    assert offered <= {*FUNCTIONAL, "credentials", "hubclientinfo"}


def test_VERS_09_the_highest_mutual_version_is_chosen(cast: Cast) -> None:
    peer = cast.plan("DE*V09 CPO")
    peer.versions = ["2.1.1", "2.2.1", "9.9"]

    assert cast.operator.register_at(peer.handle, versions_url=peer.versions_url, token_a=peer.token_b)

    assert [call.path.rsplit("/", 1)[1] for call in peer.find("GET", "details")] == ["2.2.1"]
    peer.read_hub(peer.token)
    id = new_id("V09")
    assert cast.cpa.call("GET", "locations", id, interface="SENDER", to=peer.party).code == 4003
    cast.contract(peer.party, "NL*MSA")
    answer = ask_until(lambda: cast.msa.call("GET", "locations", id, interface="SENDER", to=peer.party), code=1000)
    assert answer.code == 1000
    assert peer.wait_for("GET", "locations", contains=id).interface == "SENDER"


def test_VERS_10_changed_endpoints_of_the_hub_are_told_by_put(cast: Cast) -> None:
    peer = cast.add("DE*V10 CPO")

    assert cast.operator.update(peer.handle)

    told = peer.wait_for("PUT", "credentials")
    assert told.json["url"] == cast.hub.versions_url
    assert peer.configure("GET", told.json["url"], token=told.json["token"]).code == 1000


def test_VERS_11_an_unknown_version_is_404(cast: Cast) -> None:
    listed = cast.cpa.configure("GET", cast.hub.versions_url).data
    url = next(version["url"] for version in listed if version["version"] == "2.2.1")
    credentials = cast.cpa.hub_endpoints["credentials", "SENDER"]

    assert cast.cpa.configure("GET", url.replace("2.2.1", "2.9")).http == 404
    body = cast.cpa.build_credentials()
    unspoken = cast.cpa.configure("PUT", credentials.replace("2.2.1", "2.9"), body=body)
    assert unspoken.code == 3002


def test_VERS_12_every_endpoint_names_the_version(cast: Cast) -> None:
    for endpoint in get_details(cast)["endpoints"]:
        assert "2.2.1" in endpoint["url"].split("/")


def get_details(cast: Cast) -> dict:
    listed = cast.cpa.configure("GET", cast.hub.versions_url).data
    url = next(version["url"] for version in listed if version["version"] == "2.2.1")
    answer = cast.cpa.configure("GET", url)
    assert (answer.http, answer.code) == (200, 1000)
    return answer.data
