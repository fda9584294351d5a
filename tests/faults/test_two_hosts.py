"""Two web processes and two workers that share nothing but PostgreSQL and Redis, as on two machines: what staff or a
partner changes on one of them holds everywhere within a second.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from roaming_hub.stack import Stack
from roaming_hub.stack.child import Child
from roaming_hub.stack.programs import hub_programs
from simulator.hub_api import HubApi
from tests.documents import location_document, session_document
from tests.faults.hubs import FaultHub, make_environment
from tests.faults.partner import Answer, Partner
from tests.faults.scene import make_partner, register
from tests.journeys.hub import find_port

SECOND = 1.0  # what the hub promises
ROUNDS = 20


@contextmanager
def run_two_hosts() -> Iterator[tuple[FaultHub, str]]:
    """The hub, and where its second host listens."""
    port, other = find_port(), find_port()
    said: list[str] = []

    def programs(environ: Mapping[str, str], *, state: Path) -> list[Child]:
        elsewhere = {**environ, "HUB_PORT": str(other)}
        found = []
        for child in hub_programs(environ, state=state):
            found.append(child)
            if child.name == "web":
                argv = (sys.executable, "-m", "roaming_hub.web")
                found.append(replace(child, name="web2", argv=argv, env=elsewhere, sockets=()))
            if child.name == "worker":
                found.append(
                    replace(child, name="worker2", argv=(*child.argv, "--hostname", "second@%h"), env=elsewhere)
                )
        return found

    with Stack(programs=programs, environ=make_environment(port), say=said.append) as stack:
        hub = FaultHub(stack, said)
        try:
            yield hub, f"http://127.0.0.1:{other}"
        except BaseException:
            hub.show_logs()
            raise


def at(host: str, url: str, hub: FaultHub) -> str:
    return url.replace(hub.url, host, 1)


class TestTwoHosts:
    def test_what_is_changed_holds_on_both_within_a_second(self) -> None:
        with run_two_hosts() as (hub, second):
            asyncio.run(self._change(hub, second))

    async def _change(self, hub: FaultHub, second: str) -> None:
        cpo, emsp, other = make_partner("NL*CPO", "CPO"), make_partner("FR*MSP", "EMSP"), make_partner("DE*MSQ", "EMSP")
        everybody = [cpo, emsp, other]
        async with register(hub, everybody, agreed=[("NL*CPO", "FR*MSP"), ("NL*CPO", "DE*MSQ")]):
            hosts = (hub.url, second)

            async def push(host: str, name: str, to: Partner) -> Answer:
                url = at(host, cpo.get_url("sessions", f"NL/CPO/{name}"), hub)
                body = session_document(id=name, token_owner=to.party)
                return await cpo.call_once("PUT", url, body=body, to=to.party)

            async def ask_versions(host: str, partner: Partner) -> int:
                return (await partner.call_once("GET", f"{host}/ocpi/versions", routed=False)).http

            api = HubApi(public_url=second, staff_token=hub.staff_token)
            before = [await push(host, f"A{number}", emsp) for number in range(3) for host in hosts]
            assert [answer for answer in before if not answer.is_success] == []

            # An agreement ends on the second host: neither host and no worker lets anything through any more.
            for agreement in await asyncio.to_thread(lambda: list(api._list("/agreements/"))):
                if agreement["consumer"] == "FR*MSP":
                    await asyncio.to_thread(api._call, "POST", f"/agreements/{agreement['id']}/end/", {})
            await asyncio.sleep(SECOND)
            reached = len(emsp.arrivals)
            ended = [await push(host, f"B{number}", emsp) for number in range(ROUNDS) for host in hosts]
            for number, host in enumerate(hosts):
                name = f"LOC{number}"
                url = at(host, cpo.get_url("locations", f"NL/CPO/{name}"), hub)
                await cpo.call_once("PUT", url, body=location_document(id=name), to="NL*HUB")
            await wait_for(lambda: sum(one.module == "locations" for one in other.arrivals) >= 2)

            assert {answer.code for answer in ended} == {4003}
            assert emsp.arrivals[reached:] == []  # nor did a worker tell it what the other heard

            # A platform is suspended on the first host: its token is dead on both.
            assert [await ask_versions(host, emsp) for host in hosts] == [200, 200]
            first = HubApi(public_url=hub.url, staff_token=hub.staff_token)
            await asyncio.to_thread(first._call, "POST", f"/platforms/{emsp.platform}/suspend/", {})
            await asyncio.sleep(SECOND)
            assert {await ask_versions(host, emsp) for _ in range(ROUNDS) for host in hosts} == {401}

            # A new agreement: both hosts know it.
            assert {(await push(host, f"C{host[-1]}", other)).is_success for host in hosts} == {True}
            api.close()
            first.close()


async def wait_for(is_so, *, patience: float = 60.0) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while not is_so():
        assert loop.time() < end
        await asyncio.sleep(0.05)
