"""One of twenty partners hangs, one answers 500, one drips its answer for ever: the other seventeen do not notice.

Told by order, not by the clock: what the healthy ones were asked ends while the sick ones still keep the hub waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis
from aiohttp import web

from parties.limits.breaker import State, read
from parties.limits.share import BREAKERS, PROCESSES
from simulator.hub_api import HubApi
from tests.documents import session_document
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.partner import Answer, Partner
from tests.faults.scene import make_partner, register
from tests.faults.waits import wait_until

HEALTHY, ROUNDS, AT_ONCE = 17, 5, 60
MOST = 16  # open calls at one partner
TIMEOUT = 4.0  # seconds the hub waits for a receiver; one that is well needs less, however busy the machine is
FAILURES = 5  # until it is left alone


class Sick(Partner):
    """Well while it registers; then `manners` says."""

    manners = ""
    open = 0  # of the hub's calls, at this moment
    most = 0

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self.manners:
            return await super()._serve(request)
        await request.read()
        if "/receiver/" not in request.path:  # the still-alive check asks as well
            return await self._misbehave(request)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            return await self._misbehave(request)
        finally:
            self.open -= 1

    async def _misbehave(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.manners == "hangs":
            await asyncio.sleep(3600)
        if self.manners == "drips":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in itertools.count():
                await response.write(b" " * 1000)
                await asyncio.sleep(0.05)
        return web.Response(status=500, text="<html>")


@asynccontextmanager
async def twenty(hub: FaultHub) -> AsyncIterator[tuple[Partner, list[Partner], list[Sick]]]:
    cpo = make_partner("NL*CPO", "CPO")
    healthy = [make_partner(f"FR*H{number:02}", "EMSP") for number in range(HEALTHY)]
    sick = []
    for number in range(3):
        sick.append(Sick(f"DE*S{number:02}", "EMSP", dice=cpo._dice))
    emsps = [*healthy, *sick]
    async with register(hub, [cpo, *emsps], agreed=[("NL*CPO", emsp.party) for emsp in emsps]):
        for one, manners in zip(sick, ("hangs", "fails", "drips"), strict=True):
            one.manners = manners
        yield cpo, healthy, sick


async def push(cpo: Partner, to: Partner, name: str) -> Answer:
    body = session_document(id=name, token_owner=to.party)
    return await cpo.call_once("PUT", cpo.get_url("sessions", f"NL/CPO/{name}"), body=body, to=to.party)


class TestSickPartners:
    def test_harm_nobody_else(self) -> None:
        with run_faulty_hub(web_processes=2, HUB_FORWARD_TIMEOUT=str(TIMEOUT), HUB_BREAKER_FAILURES="1000") as hub:
            asyncio.run(self._harm_nobody(hub))

    async def _harm_nobody(self, hub: FaultHub) -> None:
        """Without the breaker, which would make it easy: caps and deadlines alone must do."""
        async with twenty(hub) as (cpo, healthy, sick):
            hanging, failing, dripping = sick
            await asyncio.to_thread(self._narrow, hub, sick)
            to_sick = {
                one.party: [asyncio.create_task(push(cpo, one, f"{one.party[3:]}-{n}")) for n in range(AT_ONCE)]
                for one in sick
            }
            while not (hanging.open and dripping.open):
                await asyncio.sleep(0.01)
            answers: list[Answer] = []
            for number in range(ROUNDS):
                answers += await asyncio.gather(*(push(cpo, one, f"{one.party[3:]}-{number}") for one in healthy))
                if number == 0:
                    # Not one of those the hub had sent to it was given up yet: they were waited for, and nobody else.
                    assert hanging.open
                    assert dripping.open

            assert [answer for answer in answers if not answer.is_success] == []
            told = {party: await asyncio.gather(*calls) for party, calls in to_sick.items()}
            assert {answer.code for answer in told[hanging.party]} <= {4002, 4003}
            assert {answer.code for answer in told[dripping.party]} <= {4002, 4003}
            assert {answer.code for answer in told[failing.party]} <= {4000, 4003}
            assert 0 < hanging.most <= MOST  # all processes together
            assert 0 < dripping.most <= MOST

    @staticmethod
    def _narrow(hub: FaultHub, sick: list[Sick]) -> None:
        api = HubApi(public_url=hub.url, staff_token=hub.staff_token)
        for one in sick:
            api._call("PATCH", f"/platforms/{one.platform}/", {"max_in_flight": MOST})
        api.close()
        time.sleep(1.0)  # until every process knows

    def test_are_left_alone_until_they_come_back(self) -> None:
        """Two web processes: what one has learned both know, and a call of the partner's ends it everywhere."""
        with run_faulty_hub(
            web_processes=2,
            HUB_FORWARD_TIMEOUT=str(TIMEOUT),
            HUB_TURN_PATIENCE=str(TIMEOUT),
            HUB_BREAKER_PAUSE="600",
            HUB_BREAKER_FAILURES=str(FAILURES),
        ) as hub:
            asyncio.run(self._are_left_alone(hub))

    async def _are_left_alone(self, hub: FaultHub) -> None:
        async with twenty(hub) as (cpo, _, (hanging, *_)):
            # However they fall to the two processes, one of them has seen enough and the other not.
            await asyncio.gather(*(push(cpo, hanging, f"A{number}") for number in range(2 * FAILURES - 1)))
            await wait_until_known(hub, hanging, State.OPEN)
            refused = await asyncio.gather(*(push(cpo, hanging, f"B{number}") for number in range(40)))
            listed = await asyncio.to_thread(hub.manage, "breakers")

            assert {answer.code for answer in refused} == {4003}
            assert all("left alone" in answer.message for answer in refused)
            assert hanging.party in listed
            assert "open" in listed

            hanging.manners = ""
            assert (await hanging.call_once("GET", f"{hub.url}/ocpi/versions", routed=False)).is_success
            await wait_until_known(hub, hanging, State.TRIAL)
            accepted = await asyncio.gather(*(push(cpo, hanging, f"C{number}") for number in range(40)))

            assert [answer for answer in accepted if not answer.is_success] == []
            await wait_until_known(hub, hanging, State.CLOSED)
            assert hanging.party not in await asyncio.to_thread(hub.manage, "breakers")


async def wait_until_known(hub: FaultHub, partner: Partner, state: State) -> None:
    """In all processes: they look with each beat at what has been told, and the second one says they have seen it."""
    with redis.Redis.from_url(hub.stack.environ["REDIS_URL"]) as told:
        await wait_until(f"{partner.party} is {state}", lambda: _read_state(told, partner) is state)
        for _ in range(2):
            before = _read_beats(told)
            await wait_until("all have beaten", lambda before=before: not before & _read_beats(told))  # type: ignore[misc]


def _read_state(told: redis.Redis, partner: Partner) -> State:
    text = told.hget(BREAKERS, str(partner.platform))
    broken = read(text) if isinstance(text, bytes) else None
    return broken.get_state(now=time.time()) if broken else State.CLOSED


def _read_beats(told: redis.Redis) -> set[Any]:
    beats = told.zrange(PROCESSES, 0, -1, withscores=True)
    assert isinstance(beats, list)
    return set(beats)
