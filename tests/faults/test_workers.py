"""Reading lists holds up no delivery, nor the other way round; and a child of a worker's pool may be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

from aiohttp import web

from tests.documents import location_document
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.partner import Partner
from tests.faults.scene import make_partner, register
from tests.faults.waits import execute, wait_for_row, wait_until

CPO, EMSP = "DE*CPA", "NL*MSA"

ASK_FOR_TOKENS = """
    INSERT INTO journal_pullrequest (platform, party, module, is_full, reason, requested_at, due_at, state, fence,
        attempts, pages, objects_read, stored, unchanged, "foreign", invalid, removed, last_error)
    VALUES ({}, 'nlmsa', 'tokens', false, 'STAFF', now(), now(), 'WAITING', 0, 0, 0, 0, 0, 0, 0, 0, 0, '')
"""


class Slow(Partner):
    """Takes as long as the test likes over its lists, or over what it is pushed."""

    def __init__(self, party: str, role: str) -> None:
        known = make_partner(party, role)
        super().__init__(party, role, dice=known._dice)
        self.lists = asyncio.Event()
        self.pushes = asyncio.Event()
        self.asked = self.answered = self.pushed = 0

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and "/sender/" in request.path:
            self.asked += 1
            await self.lists.wait()
            self.answered += 1
        elif "/receiver/" in request.path:
            self.pushed += 1
            await self.pushes.wait()
        return await super()._serve(request)


def list_children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


async def push_location(cpo: Partner, name: str) -> None:
    url = cpo.get_url("locations", f"DE/CPA/{name}")
    answer = await cpo.call_once("PUT", url, body=location_document(owner=CPO, id=name))
    assert answer.is_success, answer


class TestTwoQueues:
    def test_neither_waits_for_the_other(self) -> None:
        """With one process for each, so that a queue for both would stand still."""
        one_each = {"HUB_WORKER_CONCURRENCY": "1", "HUB_PULL_PROCESSES": "1", "HUB_PULL_TIMEOUT": "120"}
        with run_faulty_hub(workers=1, web_processes=1, HUB_SILENCE="3600", **one_each) as hub:
            asyncio.run(self._play(hub))

    async def _play(self, hub: FaultHub) -> None:
        cpo, emsp = make_partner(CPO, "CPO"), Slow(EMSP, "EMSP")
        async with register(hub, [cpo, emsp], agreed=[(CPO, EMSP)]):
            emsp.pushes.set()
            await asyncio.to_thread(execute, hub, ASK_FOR_TOKENS.format(emsp.platform))
            await wait_until("its list is asked for", lambda: emsp.asked == 1)
            await push_location(cpo, "L1")
            await wait_until("the location arrives", lambda: len(emsp.arrivals) == 1)
            assert emsp.answered == 0, "it came after the list, not beside it"

            emsp.lists.set()
            done = "SELECT count(*) FROM journal_pullrequest WHERE state = 'DONE'"
            await wait_for_row(hub, "the list is read", done)
            emsp.pushes.clear()
            await push_location(cpo, "L2")
            await wait_until("the location is being sent", lambda: emsp.pushed == 2)
            await asyncio.to_thread(execute, hub, ASK_FOR_TOKENS.format(emsp.platform))
            await wait_until("its list is read again", lambda: emsp.answered == 2)
            assert len(emsp.arrivals) == 1, "it came after the push, not beside it"
            emsp.pushes.set()


class TestPoolChildKilled:
    def test_another_takes_over_what_it_was_sending(self) -> None:
        with run_faulty_hub(HUB_SILENCE="3600") as hub:
            asyncio.run(self._play(hub))

    async def _play(self, hub: FaultHub) -> None:
        cpo, emsp = make_partner(CPO, "CPO"), Slow(EMSP, "EMSP")
        async with register(hub, [cpo, emsp], agreed=[(CPO, EMSP)]):
            promise = "UPDATE agreements_agreement SET delivery = 'store_and_forward', changed_at = now()"
            await asyncio.to_thread(execute, hub, promise)
            await asyncio.sleep(1.5)  # every process knows it by then
            worker = hub.stack.processes["worker"]
            await push_location(cpo, "L1")
            await wait_until("the location is being sent", lambda: emsp.pushed > 0)

            for child in list_children(worker):
                os.kill(child, signal.SIGKILL)
            emsp.pushes.set()
            await asyncio.to_thread(hub.wait_until_delivered)

            assert hub.stack.processes["worker"] == worker, "the whole worker was started anew"
            assert list_children(worker)
            assert {json.loads(one.body)["id"] for one in emsp.arrivals if one.module == "locations"} == {"L1"}
            repeats = "SELECT count(*) FROM journal_calllog WHERE leg = 'out' AND module = 'locations' AND repeat"
            sent = len([one for one in emsp.arrivals if one.module == "locations"])
            assert sent == 1 or await asyncio.to_thread(hub.count, repeats) >= 1
            log = hub.read_log("worker")
            assert "WorkerLostError" in log or "exited prematurely" in log or "SIGKILL" in log
