"""The two interfaces of a platform, asked by a registered peer: each rule it keeps, and each refusal."""

from __future__ import annotations

from typing import Any

from simulator.client import Reply
from simulator.platform import Platform
from simulator.request import write_party
from simulator.state import VERSION
from tests.simulator.pair import CPO, EMSP, Pair, with_pair

LATER = "2036-01-01T00:00:00.000Z"


async def ask(
    caller: Platform,
    method: str,
    endpoint: tuple[str, str],
    suffix: str = "",
    *,
    body: Any = None,
    to: str | None = None,
) -> Reply:
    module, _ = endpoint
    sender, receiver = (CPO, EMSP) if caller.config.name == "cpo" else (EMSP, CPO)
    url = caller.state.connection.endpoints[endpoint] + suffix
    return await caller.client.call(method, url, module=module, sender=sender, receiver=to or receiver, body=body)


def cdr(**changes: Any) -> dict[str, Any]:
    token = {"country_code": "FR", "party_id": "MSP", "uid": "1", "type": "RFID", "contract_id": "C"}
    owner = {"country_code": "NL", "party_id": "CPO", "id": "C1"}
    return owner | {"cdr_token": token, "total_cost": {"excl_vat": 1}, "last_updated": LATER} | changes


CDRS = ("cdrs", "RECEIVER")
TARIFFS = ("tariffs", "RECEIVER")


class TestHeaders:
    def test_half_a_pair_is_wrong(self) -> None:
        async def test(pair: Pair) -> None:
            url = pair.cpo.state.connection.endpoints["tariffs", "RECEIVER"] + "/NL/CPO/T1"

            reply = await pair.cpo.client.call("GET", url, module="tariffs", sender=CPO)

            assert (reply.status, reply.status_code) == (200, 2001)
            assert any("ROUTE-02" in text for text in pair.emsp.state.record.breaches)

        with_pair(test)

    def test_a_party_that_is_not_here_is_wrong(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.cpo, "GET", TARIFFS, "/NL/CPO/T1", to="IT*MSP")

            assert (reply.status, reply.status_code) == (200, 2001)
            assert any("IT*MSP" in text for text in pair.emsp.state.record.breaches)

        with_pair(test)

    def test_the_answer_turns_to_and_from_round_and_echoes_the_ids(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.cpo, "GET", TARIFFS, "/NL/CPO/T1")

            expected = write_party(CPO, "to") | write_party(EMSP, "from")
            assert {name: reply.headers[name.lower()] for name in expected} == expected
            assert reply.status == 404
            assert pair.cpo.state.record.breaches == []

        with_pair(test)

    def test_routing_headers_on_a_configuration_module_are_noted(self) -> None:
        async def test(pair: Pair) -> None:
            url = pair.emsp.state.versions_url.replace("versions", VERSION)
            await pair.cpo.client.call("GET", url, module="versions", sender=CPO, receiver=EMSP)

            assert any("ROUTE-01" in text for text in pair.emsp.state.record.breaches)

        with_pair(test)


class TestCdrReceiver:
    def test_the_same_cdr_is_taken_once(self) -> None:
        async def test(pair: Pair) -> None:
            first = await ask(pair.cpo, "POST", CDRS, body=cdr())
            again = await ask(pair.cpo, "POST", CDRS, body=cdr())

            assert (first.status, again.status, again.status_code) == (201, 200, 1000)
            assert first.headers["location"] == again.headers["location"]
            assert pair.emsp.state.cdr_posts == {"NL*CPO/C1": 2}

        with_pair(test)

    def test_other_content_under_the_same_id_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            await ask(pair.cpo, "POST", CDRS, body=cdr())
            altered = await ask(pair.cpo, "POST", CDRS, body=cdr(total_cost={"excl_vat": 2}))

            assert altered.status_code == 2001
            assert pair.emsp.state.received_by(EMSP, "cdrs")["NL*CPO/C1"]["total_cost"] == {"excl_vat": 1}

        with_pair(test)

    def test_a_cdr_for_another_party_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            token = cdr()["cdr_token"] | {"party_id": "XXX"}

            reply = await ask(pair.cpo, "POST", CDRS, body=cdr(cdr_token=token))

            assert reply.status_code == 2001
            assert len(pair.emsp.state.received_by(EMSP, "cdrs")) == 0

        with_pair(test)

    def test_put_is_not_offered(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.cpo, "PUT", CDRS, body=cdr())

            assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")

        with_pair(test)


class TestReceiver:
    def test_a_body_of_another_owner_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            body = {"country_code": "NL", "party_id": "XXX", "id": "T1", "last_updated": LATER}

            reply = await ask(pair.cpo, "PUT", TARIFFS, "/NL/CPO/T1", body=body)

            assert reply.status_code == 2001

        with_pair(test)

    def test_a_body_of_another_id_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            body = {"country_code": "NL", "party_id": "CPO", "id": "T2", "last_updated": LATER}

            reply = await ask(pair.cpo, "PUT", TARIFFS, "/NL/CPO/T1", body=body)

            assert reply.status_code == 2001

        with_pair(test)

    def test_delete_of_a_tariff(self) -> None:
        async def test(pair: Pair) -> None:
            await pair.cpo.pusher.push_all(CPO, "tariffs", to=EMSP)

            first = await ask(pair.cpo, "DELETE", TARIFFS, "/NL/CPO/t001")
            again = await ask(pair.cpo, "DELETE", TARIFFS, "/NL/CPO/T001")

            assert (first.status, again.status) == (200, 404)
            assert len(pair.emsp.state.received_by(EMSP, "tariffs")) == 3

        with_pair(test)

    def test_a_patch_without_last_updated_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.cpo, "PATCH", ("sessions", "RECEIVER"), "/NL/CPO/S1", body={"kwh": 1})

            assert (reply.status, reply.status_code) == (200, 2001)

        with_pair(test)

    def test_an_interface_of_the_other_role_is_not_there(self) -> None:
        async def test(pair: Pair) -> None:
            url = pair.emsp.state.build_url("locations", "SENDER")

            reply = await pair.cpo.client.call("GET", url, module="locations", sender=CPO, receiver=EMSP)

            assert reply.status == 404

        with_pair(test)


class TestSender:
    def test_sessions_of_another_emsp_are_not_listed(self) -> None:
        async def test(pair: Pair) -> None:
            own = pair.cpo.state.own_of(CPO, "sessions")
            for number, party in enumerate(("MSP", "XXX")):
                own.put(cdr(id=f"S{number}", cdr_token=cdr()["cdr_token"] | {"party_id": party}))

            reply = await ask(pair.emsp, "GET", ("sessions", "SENDER"), "?date_from=2020-01-01T00:00:00Z")

            assert [one["id"] for one in reply.data] == ["S0"]
            assert reply.headers["x-total-count"] == "1"

        with_pair(test)

    def test_a_location_an_evse_and_a_connector(self) -> None:
        async def test(pair: Pair) -> None:
            location = next(iter(pair.cpo.state.own_of(CPO, "locations")))
            evse = location["evses"][0]
            for suffix, expected in (
                ("", location),
                (f"/{evse['uid']}", evse),
                (f"/{evse['uid']}/1", evse["connectors"][0]),
            ):
                reply = await ask(pair.emsp, "GET", ("locations", "SENDER"), f"/{location['id']}{suffix}")
                assert reply.data == expected

        with_pair(test)

    def test_a_page_that_is_no_number_is_wrong(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.emsp, "GET", ("locations", "SENDER"), "?limit=abc")

            assert reply.status_code == 2001

        with_pair(test)

    def test_the_limit_stays_the_same_on_a_short_last_page(self) -> None:
        async def test(pair: Pair) -> None:
            reply = await ask(pair.emsp, "GET", ("locations", "SENDER"), "?offset=10&limit=4")

            assert (len(reply.data), reply.headers["x-limit"], "link" in reply.headers) == (2, "4", False)

        with_pair(test)


class TestClientInfo:
    def test_the_newest_word_counts(self) -> None:
        async def test(pair: Pair) -> None:
            url = pair.emsp.state.build_url("hubclientinfo", "RECEIVER") + "/DE/CPO"
            info = {"country_code": "DE", "party_id": "CPO", "role": "CPO", "status": "CONNECTED"}
            for status, moment in (("CONNECTED", LATER), ("OFFLINE", "2026-01-01T00:00:00Z")):
                body = info | {"status": status, "last_updated": moment}
                await pair.cpo.client.call("PUT", url, module="hubclientinfo", body=body)

            reply = await pair.cpo.client.call("GET", url, module="hubclientinfo")

            assert reply.data["status"] == "CONNECTED"

        with_pair(test)
