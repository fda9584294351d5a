"""URLs, headers and lists as partners write them (TRANS-18 to TRANS-24, TRANS-33, TRANS-47, TRANS-50, TRANS-51)."""

from __future__ import annotations

import base64
import json
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from parties.models import Endpoint
from tests.conftest import Cast
from tests.documents import as_json, location_document, tariff_document, token_document
from tests.live.hub import LiveHub
from tests.live.partner import get_code

AT = "2026-11-20T10:00:00Z"
PAGE = {"status_code": 1000, "data": [], "timestamp": AT}


def put(cast: Cast, path: str, id: str):
    return cast.cpo.call("PUT", "locations", path, body=as_json(location_document(id=id)), to="NL*HUB")


class TestTrailingSlash:
    def test_makes_no_difference_to_an_object(self, cast: Cast):  # TRANS-47
        made = put(cast, "NL/CPO/L1/", "L1")
        again = put(cast, "NL/CPO/L1", "L1")

        assert (made.status_code, again.status_code) == (201, 200)
        for path in ("NL/CPO/L1", "NL/CPO/L1/"):
            assert cast.cpo.call("GET", "locations", path, to="NL*HUB").status_code == 200

    @pytest.mark.parametrize("path", ["", "/", "/?limit=10", "?limit=10"])
    def test_makes_no_difference_to_a_list(self, cast: Cast, path: str):  # TRANS-47
        url = cast.hub.get_url("locations", "sender") + path

        answer = cast.emsp.call_url("GET", url, to="NL*HUB")

        assert (answer.status_code, get_code(answer)) == (200, 1000)

    def test_is_not_passed_on(self, cast: Cast):  # TRANS-47, AMB-15
        body = as_json(location_document(id="L1"))

        cast.cpo.call("PUT", "locations", "NL/CPO/L1/", body=body, to="FR*MSP")
        cast.cpo.call("POST", "tokens", "U1/authorize/", interface="sender", to="FR*MSP")

        assert [seen.path for seen in cast.emsp.seen] == [
            "/receiver/locations/NL/CPO/L1",
            "/sender/tokens/U1/authorize",
        ]

    def test_of_an_endpoint_is_written_once(self, cast: Cast):  # TRANS-33, TRANS-47
        for endpoint in Endpoint.objects.filter(platform=cast.emsp.platform, module="locations"):
            endpoint.url += "/odd%20base/"
            endpoint.save()
        cast.hub.settle()
        body = as_json(location_document(id="L1"))

        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=body, to="FR*MSP")
        put(cast, "NL/CPO/L1", "L1")
        cast.hub.deliver()

        expected = "/receiver/locations/odd%20base/NL/CPO/L1"
        assert [seen.path for seen in cast.emsp.seen] == [expected, expected]

    def test_does_not_excuse_an_empty_segment(self, cast: Cast):
        assert put(cast, "NL//L1", "L1").status_code == 404
        assert put(cast, "NL/CPO//", "L1").status_code == 404


class TestStepsInAPath:
    """Most servers put ".." straight before they look at a path: it would leave the module, with the hub's token."""

    @pytest.mark.parametrize(
        "path", ["../../credentials", "%2e%2e/%2E%2E/credentials", "../cdrs", "..%2Fcdrs", "LOC1/..%5C..%5Ccdrs"]
    )
    def test_are_not_passed_on(self, cast: Cast, path: str):
        connection = HTTPConnection(cast.hub.url.partition("//")[2], timeout=20)  # requests would put them straight
        token = base64.b64encode(cast.emsp.token.encode()).decode()
        headers = {"Authorization": f"Token {token}", "OCPI-to-country-code": "NL", "OCPI-to-party-id": "CPO"}

        connection.request("GET", f"/ocpi/2.2.1/sender/locations/{path}", headers=headers)
        answer = connection.getresponse()

        assert (answer.status, json.loads(answer.read())["status_code"]) == (404, 2001)
        assert cast.cpo.seen == []


class TestBackslash:
    """No URL may hold one, and none is called that does: in an id, or behind it, it is spelled as it should be."""

    @pytest.mark.parametrize("to", ["NL*HUB", "FR*MSP"])
    @pytest.mark.parametrize(("id", "query", "spelled"), [("A\\1", "", "A%5C1"), ("A1", "?x=\\", "A1?x=%5C")])
    def test_is_told_on_percent_encoded(self, cast: Cast, to: str, id: str, query: str, spelled: str):
        connection = HTTPConnection(cast.hub.url.partition("//")[2], timeout=20)  # requests would encode it
        token = base64.b64encode(cast.cpo.token.encode()).decode()
        country, party = to.split("*")
        headers = {"Authorization": f"Token {token}", "OCPI-to-country-code": country, "OCPI-to-party-id": party}
        headers |= {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "CPO"}
        body = as_json(location_document(id=id))

        connection.request("PUT", f"/ocpi/2.2.1/receiver/locations/NL/CPO/{id}{query}", body=body, headers=headers)
        answer = json.loads(connection.getresponse().read())
        cast.hub.deliver()

        assert answer["status_code"] == 1000
        assert [seen.path for seen in cast.emsp.seen] == [f"/receiver/locations/NL/CPO/{spelled}"]


class TestRefusedToken:  # TRANS-02, TRANS-03
    """A caller who is let in nowhere has nothing to read but this."""

    @pytest.mark.parametrize(
        ("header", "says"),
        [
            (None, "there is no Authorization header: send 'Authorization: Token <Base64"),
            ("Bearer abc", "not of the form that OCPI asks for: send 'Authorization: Token <Base64"),
            ("Token", "not of the form that OCPI asks for"),
            ("Token bm9ib2R5cw==", "the token is unknown"),
        ],
    )
    def test_is_told_what_to_send(self, hub: LiveHub, header: str | None, says: str):
        headers = {} if header is None else {"Authorization": header}

        answer = requests.get(hub.versions_url, headers=headers, timeout=10)

        assert answer.status_code == 401
        assert says in answer.json()["status_message"]

    def test_is_told_that_it_is_not_encoded(self, cast: Cast):
        answer = cast.cpo.call_url("GET", cast.hub.versions_url, headers={"Authorization": f"Token {cast.cpo.token}"})

        assert answer.status_code == 401
        assert "the token is not Base64-encoded" in answer.json()["status_message"]


class TestIdentity:
    @pytest.mark.parametrize(("changes", "field"), [
        ({"id": "13"}, "id"),
        ({"party_id": "CPB"}, "party_id"),
        ({"country_code": "BE"}, "country_code"),
    ])  # fmt: skip
    @pytest.mark.parametrize("to", ["NL*HUB", "FR*MSP"])
    def test_of_url_and_body_is_the_same(self, cast: Cast, changes: dict[str, str], field: str, to: str):
        # TRANS-34, AMB-09
        body = as_json(tariff_document(id="12") | changes)

        answer = cast.cpo.call("PUT", "tariffs", "NL/CPO/12", body=body, to=to)

        assert get_code(answer) == 2001
        assert field in answer.json()["status_message"]
        assert cast.emsp.seen == []

    def test_may_differ_in_case(self, cast: Cast):  # TRANS-40
        document = as_json(token_document(uid="ABC"))

        pushed = cast.emsp.call("PUT", "tokens", "fr/msp/abc", body=document, to="nl*hub")
        found = cast.emsp.call("GET", "tokens", "Fr/Msp/aBc", to="NL*HUB")

        assert (pushed.status_code, found.json()["data"]["uid"]) == (201, "ABC")


class TestHeaders:
    def test_of_requests_are_read_in_any_case(self, cast: Cast):  # TRANS-51, ROUTE-02
        plain = cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB").request.headers
        odd = {name.swapcase(): value for name, value in plain.items() if name.startswith(("OCPI", "X-", "Auth"))}

        answer = cast.hub.request("GET", cast.hub.get_url("locations", "sender"), headers=odd)

        assert get_code(answer) == 1000
        assert answer.headers["X-Request-ID"] == plain["X-Request-ID"]

    def test_of_answers_are_read_in_any_case(self, cast: Cast):  # TRANS-51, ROUTE-43
        link = f'<{cast.cpo.peer.url}/sender/locations?page=2>; rel="next"'
        cast.cpo.answer_with(PAGE, headers=(("link", link), ("x-total-count", "7"), ("x-LIMIT", "2")))

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert (answer.headers["X-Total-Count"], answer.headers["X-Limit"]) == ("7", "2")
        assert answer.headers["Link"].startswith(f"<{cast.hub.url}")


class TestRefusal:
    @pytest.mark.parametrize("data", [None, "text", [1], {"a": 1}, 5, True])
    def test_of_a_partner_is_passed_on_whatever_its_data(self, cast: Cast, data: Any):  # TRANS-50
        cast.cpo.answer_with({"status_code": 2001, "status_message": "no", "data": data, "timestamp": AT})

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert (get_code(answer), answer.json()["status_message"]) == (2001, "no")

    def test_is_also_a_success_in_an_http_failure(self, cast: Cast):  # AMB-03, ROUTE-14
        cast.cpo.answer_with(PAGE, status=500)

        answer = cast.emsp.call("GET", "locations", interface="sender", to="NL*CPO")

        assert get_code(answer) == 4000

    def test_of_the_hub_has_no_data(self, cast: Cast):  # TRANS-50, ROUTE-18, ROUTE-19
        answer = cast.emsp.call("GET", "locations", "L1", interface="sender", to="XX*ZZZ")

        assert (answer.status_code, get_code(answer)) == (200, 4001)
        assert answer.headers["OCPI-from-party-id"] == "HUB"
        assert "data" not in json.loads(answer.content)


class TestList:
    @pytest.mark.parametrize("query", [
        "limit=abc", "limit=-1", "limit=0", "offset=-1", "offset=1.5", "date_from=yesterday", "date_to=2026-13-01",
    ])  # fmt: skip
    def test_refuses_what_cannot_be_read(self, cast: Cast, query: str):  # TRANS-24
        answer = cast.emsp.call("GET", "locations", f"?{query}", interface="sender")

        assert (answer.status_code, get_code(answer)) == (200, 2001)
        assert query.split("=")[0] in answer.json()["status_message"]

    def test_ends_beyond_its_end(self, cast: Cast):  # TRANS-24
        put(cast, "NL/CPO/L1", "L1")

        answer = cast.emsp.call("GET", "locations", "?offset=1000000", interface="sender")

        assert (answer.json()["data"], answer.headers["X-Total-Count"]) == ([], "1")
        assert "Link" not in answer.headers

    @pytest.mark.parametrize(("asked", "told"), [("2000", "1000"), ("10", "10"), ("", "1000")])
    def test_tells_its_page_size(self, cast: Cast, asked: str, told: str):  # TRANS-21, AMB-05
        query = f"?limit={asked}" if asked else ""

        assert cast.emsp.call("GET", "locations", query, interface="sender").headers["X-Limit"] == told

    @pytest.mark.parametrize("date", ["2026-11-20T10:00:00", "2026-11-20T10:00:00.000Z", "2026-11-20T12:00:00%2B02:00"])
    def test_reads_times_with_patience(self, cast: Cast, date: str):  # TRANS-39
        put(cast, "NL/CPO/L1", "L1")

        def count(query: str) -> str:
            return cast.emsp.call("GET", "locations", query, interface="sender").headers["X-Total-Count"]

        assert (count(f"?date_from={date}"), count(f"?date_to={date}")) == ("1", "0")

    @pytest.mark.parametrize("module", ["locations", "tariffs", "tokens", "cdrs"])
    def test_of_nothing_is_an_empty_list(self, cast: Cast, module: str):  # TRANS-15, TRANS-27
        partner = cast.cpo if module == "tokens" else cast.emsp

        answer = partner.call("GET", module, interface="sender", to="NL*HUB")

        assert (get_code(answer), answer.json()["data"]) == (1000, [])
