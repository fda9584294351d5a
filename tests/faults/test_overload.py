"""The database takes nothing while calls pour in: they are refused at once, and what was accepted is there after it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

from journal.batch import EVENT_LOCK
from tests.documents import location_document
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.partner import Answer, Partner
from tests.faults.scene import make_partner, register

BURST = 600
STORED = "SELECT object_id FROM locations_location"


@contextmanager
def stalled_database(hub: FaultHub) -> Iterator[None]:
    """Somebody else holds the lock that every writer of an event has to take."""
    connection = psycopg2.connect(hub.stack.environ["DATABASE_URL"])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (EVENT_LOCK,))
        yield
    finally:
        connection.close()


async def push(cpo: Partner, name: str) -> Answer:
    url = cpo.get_url("locations", f"NL/CPO/{name}")
    return await cpo.call_once("PUT", url, body=location_document(id=name), to="NL*HUB")


class TestOverload:
    def test_is_refused_at_once_and_passes_by_itself(self) -> None:
        with run_faulty_hub(HUB_STALL="0.5", HUB_MAX_CALLS="100") as hub:
            asyncio.run(self._overload(hub))

    async def _overload(self, hub: FaultHub) -> None:
        cpo = make_partner("NL*CPO", "CPO")
        async with register(hub, [cpo], agreed=[]):
            accepted: list[str] = []
            assert (await push(cpo, "BEFORE")).is_success
            with stalled_database(hub):
                first = [asyncio.create_task(push(cpo, f"FIRST{number}")) for number in range(50)]
                await asyncio.sleep(0.7)  # beyond HUB_STALL, and well before the writer gives this batch up (1.5 s)
                began = time.monotonic()
                burst = await asyncio.gather(*(push(cpo, f"BURST{number}") for number in range(BURST)))
                quick = time.monotonic() - began
                waiting = sum(not task.done() for task in first)

                # The burst was answered while calls from before it still waited for the database.
                assert waiting > 0, quick
                assert Counter(answer.http for answer in burst) == {503: BURST}
                assert {answer.code for answer in burst} == {3000}
            told = await asyncio.gather(*first)
            accepted += [f"FIRST{number}" for number, answer in enumerate(told) if answer.is_success]

            async def insist(name: str) -> None:
                await cpo.insist(
                    "PUT", cpo.get_url("locations", f"NL/CPO/{name}"), body=location_document(id=name), to="NL*HUB"
                )
                accepted.append(name)

            await asyncio.gather(*(insist(f"AFTER{number}") for number in range(50)))
            stored = {row[0] for row in await asyncio.to_thread(hub.query, STORED)}

            assert set(accepted) <= stored
            assert not {f"BURST{number}" for number in range(BURST)} & stored  # refused, and not done all the same
