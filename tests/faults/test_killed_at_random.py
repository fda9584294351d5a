"""Web, worker, Valkey and PostgreSQL die by SIGKILL at random under 20,000 mixed calls: nothing accepted is lost.

FAULTS_SEED repeats a run's dice (which part dies after how many calls), FAULTS_CALLS makes it shorter.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.hub_api import HubApi
from tests.faults import judge
from tests.faults.book import Book
from tests.faults.hubs import FaultHub, run_faulty_hub
from tests.faults.judge import STORE_AND_FORWARD, LogRow, OutLog, Told
from tests.faults.killer import Killer
from tests.faults.partner import Partner
from tests.faults.traffic import Traffic

CALLS = int(os.environ.get("FAULTS_CALLS", "20000"))
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))
ROUNDS = 3  # of kills, each with all kinds
LOST = 0.004  # of the partners' answers never come back
MOST = 10  # complaints of a kind that are shown

POLICIES = {
    ("DE*CPA", "NL*MSA"): STORE_AND_FORWARD,
    ("DE*CPA", "BE*MSB"): "relay",
    ("FR*CPB", "NL*MSA"): "relay",
    ("FR*CPB", "BE*MSB"): STORE_AND_FORWARD,
}
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands")

OUT = """
    SELECT coalesce(platform, 0), request_id, correlation_id, decision, status_code, repeat
      FROM journal_calllog WHERE leg = 'out' ORDER BY at, id
"""
IN = "SELECT request_id, status_code FROM journal_calllog WHERE leg = 'in' AND request_id <> ''"
TABLES = {
    "locations": "locations_location",
    "tariffs": "tariffs_tariff",
    "tokens": "tokens_token",
    "sessions": "charging_sessions_session",
    "cdrs": "cdrs_cdr",
}
TWICE = "SELECT count(*) FROM (SELECT 1 FROM cdrs_cdr GROUP BY owner, object_key HAVING count(*) > 1) AS twice"


class Cast:
    def __init__(self, hub: FaultHub) -> None:
        dice = random.Random(SEED)
        self.cpos = [Partner(party, "CPO", dice=dice, lost=LOST) for party in ("DE*CPA", "FR*CPB")]
        self.emsps = [Partner(party, "EMSP", dice=dice, lost=LOST) for party in ("NL*MSA", "BE*MSB")]
        self.everybody = [*self.cpos, *self.emsps]
        self._hub = hub

    async def register(self) -> None:
        api = HubApi(public_url=self._hub.url, staff_token=self._hub.staff_token)
        for partner in self.everybody:
            await partner.start()
            country, _, party = partner.party.partition("*")
            document = {"country_code": country, "party_id": party, "role": partner.role, "name": partner.party}
            made = await asyncio.to_thread(api.create_platform, name=partner.party, parties=[document])
            partner.platform = made["id"]
            await partner.register(f"{self._hub.url}/ocpi/versions", token_a=made["token_a"])
        for (provider, consumer), delivery in POLICIES.items():
            agreement = {"provider": provider, "consumer": consumer, "modules": MODULES, "delivery": delivery}
            await asyncio.to_thread(api.create_agreement, agreement)
        api.close()


class TestKilledAtRandom:
    def test_nothing_accepted_is_lost_doubled_or_out_of_order(self) -> None:
        print(f"FAULTS_SEED={SEED} FAULTS_CALLS={CALLS}")
        with run_faulty_hub(workers=2, web_processes=2) as hub:
            cast, book = Cast(hub), Book()
            killer = Killer(hub, rounds=ROUNDS, seed=SEED)

            with timing("traffic"):
                asyncio.run(play(cast, book, hub, killer))

            assert killer.is_done
            assert len(book.answered) >= CALLS
            print(f"{len(book.answered)} calls: {dict(book.kinds)}; killed {killer.done}")
            complaints = find_complaints(cast, book, hub)
            assert not complaints, json.dumps(complaints, indent=1)


async def play(cast: Cast, book: Book, hub: FaultHub, killer: Killer) -> None:
    await cast.register()
    await asyncio.sleep(1.5)  # facts are a second old at most (decision 8)
    traffic = Traffic(cpos=cast.cpos, emsps=cast.emsps, book=book, wanted=CALLS, seed=SEED)
    traffic.goes_on = lambda: not killer.is_done
    async with asyncio.TaskGroup() as group:
        group.create_task(killer.run(lambda: traffic.progress))
        group.create_task(stay_away(cast.emsps[1], traffic))
        await traffic.run()
    with timing("delivery of the rest"):
        await asyncio.to_thread(hub.wait_until_delivered)
    for partner in cast.everybody:
        await partner.close()


async def stay_away(partner: Partner, traffic: Traffic) -> None:
    """One that stores and forwards (and relays, from the other CPO) cannot be reached for a tenth of the time."""
    while traffic.progress < 0.4:
        await asyncio.sleep(0.1)
    await partner.go_away()
    while traffic.progress < 0.5:
        await asyncio.sleep(0.1)
    await partner.start()


def find_complaints(cast: Cast, book: Book, hub: FaultHub) -> dict[str, list[str]]:
    log = OutLog(LogRow(*row) for row in hub.query(OUT))
    told = [Told.of(partner) for partner in cast.everybody]
    policies = POLICIES | {(consumer, provider): delivery for (provider, consumer), delivery in POLICIES.items()}
    show_figures(told, log)
    found = {
        "logged": judge.find_unlogged(book, dict(hub.query(IN))),
        "stored": judge.find_not_stored(book, read_store(hub)),
        "read back": book.stale_reads,
        "delivered": [wrong for each in told for wrong in judge.find_undelivered(book, each, log, policies)],
        "in order": [wrong for each in told for wrong in judge.find_disorder(book, each, log)],
        "repeated": [wrong for each in told for wrong in judge.find_bad_repeats(book, each, log)],
        "billed once": [wrong for each in told for wrong in judge.find_doubled_bills(each, log)],
        "commands": judge.find_bad_commands(book, cast.cpos, cast.emsps),
        "CDRs stored twice": ["there are some"] * hub.count(TWICE),
        "dead letters": [str(row) for row in hub.query("SELECT module, path, reason FROM forwarding_deadletter")],
    }
    return {what: [f"{len(wrong)} in all", *wrong[:MOST]] for what, wrong in found.items() if wrong}


def read_store(hub: FaultHub) -> dict[tuple[str, str, str], tuple[str, bool]]:
    parties = {party.replace("*", "").lower(): party for pair in POLICIES for party in pair}
    found = {}
    for module, table in TABLES.items():
        rows = hub.query(f"SELECT owner, object_id, document, deleted_at IS NOT NULL FROM {table} WHERE audience = ''")
        for owner, id, document, is_deleted in rows:
            found[module, parties[owner], id] = (json.loads(document)["last_updated"], is_deleted)
    return found


def show_figures(told: list[Told], log: OutLog) -> None:
    for each in told:
        twice = sum(len(arrivals) - 1 for arrivals in each.by_story.values())
        print(f"{each.partner.party}: {len(each.partner.arrivals)} calls came, {twice} of them repeats")
    marked = sum(row.repeat for row in log.rows)
    skipped = sum(row.decision == "skip" for row in log.rows)
    print(f"{len(log.rows)} rows of outgoing calls, {marked} marked as repeats, {skipped} skipped")


@contextmanager
def timing(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begun:.0f} s")
