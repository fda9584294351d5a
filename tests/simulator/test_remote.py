"""Commands and charging profiles between two platforms: answered at once, and again later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from simulator import asking
from simulator.control import Control
from tests.simulator.pair import CPO, EMSP, Pair, with_pair

PROFILE = {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 7000}]}


async def until(look: Callable[[], Any]) -> Any:
    for _ in range(200):
        if found := look():
            return found
        await asyncio.sleep(0.01)
    return look()


async def send(pair: Pair, command: str, **body: Any) -> dict[str, Any]:
    """The answer at once, and the list in which results will be."""
    asked = await asking.send_command(pair.emsp.state, pair.emsp.client, party=EMSP, to=CPO, command=command, body=body)
    return asked


def get_place(pair: Pair) -> dict[str, Any]:
    location = next(iter(pair.cpo.state.own_of(CPO, "locations")))
    return {"location_id": location["id"], "evse_uid": location["evses"][0]["uid"]}


def get_results(pair: Pair, asked: dict[str, Any]) -> list[str]:
    return [one["result"] for one in pair.emsp.state.asked[asked["id"]]["results"]]


class TestCommands:
    def test_a_remote_start_becomes_a_session_and_a_bill(self) -> None:
        async def test(pair: Pair) -> None:
            token = asking.pick_token(pair.emsp.state, EMSP)
            asked = await send(pair, "START_SESSION", token=token, **get_place(pair))
            (charged,) = await until(lambda: pair.cpo.state.remote_sessions)

            assert asked["answer"]["data"] == {"result": "ACCEPTED", "timeout": 30}
            assert get_results(pair, asked) == ["ACCEPTED"]
            assert charged["refused"] == []
            received = pair.emsp.state.received_by(EMSP, "cdrs")
            (bill,) = received
            assert (bill["session_id"], bill["cdr_token"]["uid"]) == (charged["session_id"], token["uid"])

        with_pair(test)

    def test_an_unknown_place_or_command_starts_nothing(self) -> None:
        async def test(pair: Pair) -> None:
            place = await send(pair, "START_SESSION", token={}, location_id="LOC9")
            command = await send(pair, "FOO")
            session = await send(pair, "STOP_SESSION", session_id="S9")

            assert place["answer"]["status_code"] == 2003
            assert command["answer"]["data"]["result"] == "NOT_SUPPORTED"
            assert session["answer"]["data"]["result"] == "UNKNOWN_SESSION"
            assert pair.cpo.state.remote_sessions == []

        with_pair(test)

    def test_a_reservation_may_be_given_up_by_the_cpo(self) -> None:
        async def test(pair: Pair) -> None:
            asked = await send(pair, "RESERVE_NOW", reservation_id="R1", **get_place(pair))
            await until(lambda: get_results(pair, asked))
            await pair.cpo.remote.cancel_reservation(CPO, EMSP, "R1")
            again = await send(pair, "CANCEL_RESERVATION", reservation_id="R1")
            await until(lambda: get_results(pair, again))

            assert get_results(pair, asked) == ["ACCEPTED", "CANCELED_RESERVATION"]
            assert get_results(pair, again) == ["UNKNOWN_RESERVATION"]

        with_pair(test)


class TestProfiles:
    def test_is_set_read_and_cleared(self) -> None:
        async def test(pair: Pair) -> None:
            await Control(pair.emsp)._push({"party": EMSP, "module": "tokens", "to": CPO})
            (charged,) = await pair.cpo.charge_points.run(CPO, EMSP, count=1, faults={}, pace=0)
            results = []
            for method in ("PUT", "GET", "DELETE", "GET"):
                asked = await asking.send_profile_request(
                    pair.emsp.state,
                    pair.emsp.client,
                    method=method,
                    party=EMSP,
                    to=CPO,
                    session_id=charged["session_id"],
                    profile=PROFILE,
                )
                await until(partial(get_results, pair, asked))
                results += pair.emsp.state.asked[asked["id"]]["results"]

            assert [one["result"] for one in results] == ["ACCEPTED", "ACCEPTED", "ACCEPTED", "UNKNOWN"]
            assert results[1]["profile"]["charging_profile"] == PROFILE

        with_pair(test)

    def test_a_result_of_nothing_asked_is_refused(self) -> None:
        async def test(pair: Pair) -> None:
            url = f"{pair.cpo.state.connection.endpoints['commands', 'SENDER']}/nothing"
            reply = await pair.cpo.client.call(
                "POST", url, module="commands", sender=CPO, receiver=EMSP, body={"result": "ACCEPTED"}
            )

            assert reply.status == 404

        with_pair(test)
