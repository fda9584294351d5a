"""A partner that was away for a day: what was promised comes in order, and nobody else waits. Real workers and sockets.

The day's events are written into the log as the hub itself would have written them, with their times.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg2
from django.utils.timezone import now
from psycopg2.extras import execute_values

from journal.batch import TURN, sublane_of
from tests.documents import cdr_document, evse_document, location_document, session_document, token_document
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.partner import Arrival, Partner
from tests.faults.scene import make_partner, register
from tests.faults.waits import execute, wait_for_row, wait_until

CPO, AWAY, OTHER_CPO, OTHER = "DE*CPA", "NL*MSA", "FR*CPB", "BE*MSB"
LOCATIONS, STATUSES, SESSIONS, STEPS, CDRS = 250, 80, 200, 14, 1500
FRESH = 10
SLOW = 0.2  # seconds for an answer
DAY = timedelta(days=1)

Row = tuple[Any, ...]

EVENT = """
    INSERT INTO journal_event (at, module, method, path, body, object_key, sublane, sender, sender_role, origin,
                               receiver, supersedes, correlation_id)
    VALUES %s
"""
# As if the agreements and the lanes were older than the day.
OLDER = """
    UPDATE agreements_agreement SET valid_from = now() - interval '9 days', created_at = now() - interval '9 days';
    UPDATE parties_platform SET registered_at = now() - interval '9 days';
    UPDATE forwarding_lane SET seen_at = now() - interval '9 days', cursor_at = now() - interval '9 days';
"""


def make_day(cpo: Partner, *, dice: random.Random) -> list[Row]:
    """Mixed as on a day: every object's own events are in their order."""
    told: list[Callable[[int], Row]] = []
    for number in range(LOCATIONS):
        told += [_status(cpo, number)] * STATUSES
    for number in range(SESSIONS):
        told += [_session(cpo, number)] * STEPS
    for number in range(CDRS):
        told.append(_cdr(cpo, number))
    dice.shuffle(told)
    steps: dict[Callable[[int], Row], int] = defaultdict(int)
    rows = []
    begin = now() - DAY
    for place, write in enumerate(told):
        steps[write] += 1
        rows.append((begin + DAY * 0.99 * place / len(told), *write(steps[write])))
    return rows


def _status(cpo: Partner, number: int) -> Callable[[int], Row]:
    def write(step: int) -> Row:
        body = evse_document(uid="E1", status="BLOCKED", physical_reference=str(step))
        path = f"DE/CPA/L{number}/E1"
        return _row(cpo, "locations", "PUT", path, body, key=f"locations:decpa:l{number}", supersedes=True)

    return write


def _session(cpo: Partner, number: int) -> Callable[[int], Row]:
    """A PUT, PATCHes, and the final state."""

    def write(step: int) -> Row:
        status = "COMPLETED" if step == STEPS else "ACTIVE"
        body: dict[str, Any] = session_document(owner=CPO, token_owner=AWAY, id=f"S{number}", status=status)
        if step not in (1, STEPS):
            body = {"kwh": step, "last_updated": "2026-11-21T10:00:00Z"}
        method = "PUT" if step in (1, STEPS) else "PATCH"
        path, key = f"DE/CPA/S{number}", f"sessions:decpa:s{number}"
        return _row(cpo, "sessions", method, path, body, key=key, receiver="nlmsa", supersedes=method == "PUT")

    return write


def _cdr(cpo: Partner, number: int) -> Callable[[int], Row]:
    def write(step: int) -> Row:
        body = cdr_document(owner=CPO, token_owner=AWAY, id=f"C{number}")
        return _row(cpo, "cdrs", "POST", "", body, key=f"cdrs:decpa:c{number}", receiver="nlmsa")

    return write


def _row(
    cpo: Partner, module: str, method: str, path: str, body: Any, *, key: str, receiver: str = "",
    supersedes: bool = False,
) -> Row:  # fmt: skip
    text = json.dumps(body, default=float)
    return module, method, path, text, key, sublane_of(key), "decpa", "CPO", cpo.platform, receiver, supersedes, key


def write_day(hub: FaultHub, rows: list[Row]) -> None:
    connection = psycopg2.connect(hub.stack.environ["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(OLDER)
        for start in range(0, len(rows), 1000):
            with connection, connection.cursor() as cursor:
                cursor.execute(TURN)
                execute_values(cursor, EVENT, rows[start : start + 1000])
    finally:
        connection.close()


def of_module(partner: Partner, module: str) -> Iterator[tuple[Arrival, Any]]:
    return ((one, json.loads(one.body)) for one in list(partner.arrivals) if one.module == module)


def is_away(partner: Partner) -> str:
    return f"SELECT count(*) FROM parties_platform WHERE id = {partner.platform} AND NOT is_online"


class TestStoreAndForward:
    def test_a_day_s_volume_is_caught_up_with_in_order_and_nobody_waits(self) -> None:
        with run_faulty_hub(workers=2, HUB_SILENCE="5", HUB_WORKER_CONCURRENCY="1") as hub:
            asyncio.run(self._play(hub))

    async def _play(self, hub: FaultHub) -> None:
        cpo, emsp = make_partner(CPO, "CPO"), make_partner(AWAY, "EMSP")
        other_cpo, other = make_partner(OTHER_CPO, "CPO"), make_partner(OTHER, "EMSP")
        pairs = [(CPO, AWAY), (OTHER_CPO, OTHER)]
        async with register(hub, [cpo, emsp, other_cpo, other], agreed=pairs):
            api_sql = "UPDATE agreements_agreement SET delivery = 'store_and_forward' WHERE provider_party = 'CPA'"
            await asyncio.to_thread(execute, hub, api_sql)
            await emsp.go_away()
            await wait_for_row(hub, "the hub notices that it is away", is_away(emsp))
            rows = make_day(cpo, dice=random.Random(7))
            assert len(rows) >= 20_000
            await asyncio.to_thread(write_day, hub, rows)
            await asyncio.sleep(2)  # the lanes look at it and find nobody there
            assert emsp.arrivals == []

            await emsp.start()
            await self._push_beside(hub, emsp, other_cpo, other)
            await asyncio.to_thread(hub.wait_until_delivered)

            self._judge(emsp)
            letters = await asyncio.to_thread(hub.count, "SELECT count(*) FROM forwarding_deadletter")
            assert letters == 0

    async def _push_beside(self, hub: FaultHub, emsp: Partner, other_cpo: Partner, other: Partner) -> None:
        """While the backlog drains at leisure, what is fresh for another pair arrives, one after the other, before much
        of it has: had each to wait for a lane of the backlog to come to a rest, it would be at its end by then."""
        emsp.pause = SLOW
        await wait_until("the backlog begins to arrive", lambda: len(emsp.arrivals) > 100)
        before = len(emsp.arrivals)
        for number in range(FRESH):
            url = other_cpo.get_url("locations", f"FR/CPB/F{number}")
            answer = await other_cpo.call_once("PUT", url, body=location_document(owner=OTHER_CPO, id=f"F{number}"))
            assert answer.is_success
            await wait_until("the fresh event arrives", partial(self._has_come, other, number))
        undone = await asyncio.to_thread(hub.count, f"SELECT {_UNDONE.format(emsp.platform)}")
        emsp.pause = 0.0
        assert undone > 1000, f"the backlog was at its end already, {len(emsp.arrivals) - before} deliveries later"

    @staticmethod
    def _has_come(other: Partner, number: int) -> bool:
        return len(other.arrivals) > number

    def _judge(self, emsp: Partner) -> None:
        bills = [body["id"] for _, body in of_module(emsp, "cdrs")]
        assert sorted(bills) == sorted(f"C{number}" for number in range(CDRS))  # each, and once

        sessions = defaultdict(list)
        for one, body in of_module(emsp, "sessions"):
            sessions[one.path].append((one.method, body))
        assert len(sessions) == SESSIONS
        for told in sessions.values():
            method, last = told[-1]
            assert (method, last["status"]) == ("PUT", "COMPLETED")
            steps = [body["kwh"] for method, body in told if method == "PATCH"]
            assert steps == sorted(steps)

        statuses: dict[str, list[int]] = defaultdict(list)
        for one, body in of_module(emsp, "locations"):
            statuses[one.path].append(int(body["physical_reference"]))
        assert len(statuses) == LOCATIONS
        for told_steps in statuses.values():
            assert told_steps == sorted(told_steps)
            assert told_steps[-1] == STATUSES  # the latest
        assert sum(map(len, statuses.values())) < 2 * LOCATIONS  # not one by one


_UNDONE = """count(*) FROM journal_event event JOIN forwarding_lane lane
    ON lane.sublane = event.sublane AND event.id > lane.cursor AND lane.platform_id = {}"""


class TestRelay:
    def test_nothing_is_queued_and_both_sides_read_what_they_missed(self) -> None:
        with run_faulty_hub(HUB_SILENCE="5", HUB_PULL_OVERLAP="3600") as hub:
            asyncio.run(self._play(hub))

    async def _play(self, hub: FaultHub) -> None:
        cpo, emsp = make_partner(CPO, "CPO"), make_partner(AWAY, "EMSP")
        async with register(hub, [cpo, emsp], agreed=[(CPO, AWAY)]):
            token = token_document(owner=AWAY)
            known = await emsp.call_once("PUT", emsp.get_url("tokens", "NL/MSA/TOKEN1"), body=token)
            assert known.is_success
            await emsp.go_away()
            await wait_for_row(hub, "the hub notices that it is away", is_away(emsp))
            missed_since: datetime = (await asyncio.to_thread(hub.query, "SELECT now()"))[0][0]
            for number in range(30):
                url = cpo.get_url("locations", f"DE/CPA/L{number}")
                pushed = await cpo.call_once("PUT", url, body=location_document(owner=CPO, id=f"L{number}"))
                assert pushed.is_success
            bill = cdr_document(owner=CPO, token_owner=AWAY)
            answer = await cpo.call_once("POST", cpo.get_url("cdrs"), body=bill, to=AWAY)
            assert answer.code == 4003, answer  # its CPO knows, and repeats it
            await asyncio.to_thread(hub.wait_until_delivered)  # although nobody is there: nothing is kept for it
            assert await asyncio.to_thread(hub.count, "SELECT count(*) FROM forwarding_lane WHERE waiting <> '{}'") == 0

            await emsp.start()

            pulled = f"""SELECT count(*) FROM journal_pullrequest WHERE platform = {emsp.platform} AND module = 'tokens'
                            AND reason = 'RETURN' AND state = 'DONE'"""
            await wait_for_row(hub, "the hub reads what it missed of it", pulled)
            late = f" AND date_from <= '{missed_since.isoformat()}'::timestamptz - interval '1 hour'"
            assert await asyncio.to_thread(hub.count, pulled + late) == 1
            listed = await emsp.call_once("GET", emsp.get_url("locations", interface="SENDER"))
            assert {one["id"] for one in listed.data} == {f"L{number}" for number in range(30)}
            assert [one for one in emsp.arrivals if one.module != "tokens"] == []
