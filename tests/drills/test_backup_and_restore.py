"""A hub under load is backed up, dies, and is restored elsewhere: what the backup knew is there and goes on.

What was delivered before the backup is not sent again; what was delivered after it is, marked as a repeat.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from roaming_hub.stack.supervisor import StackFailed
from simulator.hub_api import HubApi
from tests import documents
from tests.drills.conftest import Play
from tests.drills.stacks import get_secrets, run_hub, run_servers
from tests.faults.book import stamp
from tests.faults.hubs import FaultHub
from tests.faults.partner import Partner
from tests.journeys.hub import find_port, make_state_folder

CPO, EMSP = "DE*CPA", "NL*MSA"
ACTORS = 6
DELIVERED = """
    SELECT correlation_id FROM journal_calllog
     WHERE leg = 'out' AND decision = 'deliver' AND status_code BETWEEN 1000 AND 1999
"""


@dataclass
class Load:
    """Locations for everybody and bills for one, each by an id of its own, until it is told to stop."""

    cpo: Partner
    answered: list[str] = field(default_factory=list)  # in the order of the answers
    stories: dict[str, str] = field(default_factory=dict)  # correlation id by object id
    is_over: bool = False
    _number: int = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._act() for _ in range(ACTORS)))

    async def _act(self) -> None:
        while not self.is_over:
            self._number += 1
            number = self._number
            if number % 4:
                await self.push_location(f"LOC{number}")
            else:
                await self.push_bill(f"CDR{number}")
            await asyncio.sleep(0.02)

    async def push_location(self, id: str) -> None:
        body = documents.location_document(owner=CPO, id=id, last_updated=stamp(1))
        tries = await self.cpo.insist("PUT", self.cpo.get_url("locations", f"DE/CPA/{id}"), body=body)
        self._note(id, tries.correlation_id)

    async def push_bill(self, id: str) -> None:
        body = documents.cdr_document(owner=CPO, id=id, session_id=id, token_owner=EMSP)
        tries = await self.cpo.insist("POST", self.cpo.get_url("cdrs"), body=body, to=EMSP)
        self._note(id, tries.correlation_id)

    def _note(self, id: str, correlation_id: str) -> None:
        self.stories[id] = correlation_id
        self.answered.append(id)


async def register(hub: FaultHub, *partners: Partner) -> None:
    api = HubApi(public_url=hub.url, staff_token=hub.staff_token)
    for partner in partners:
        await partner.start()
        country, _, party = partner.party.partition("*")
        document = {"country_code": country, "party_id": party, "role": partner.role, "name": partner.party}
        made = await asyncio.to_thread(api.create_platform, name=partner.party, parties=[document])
        await partner.register(f"{hub.url}/ocpi/versions", token_a=made["token_a"])
    terms = {"provider": CPO, "consumer": EMSP, "modules": ["locations", "cdrs"], "delivery": "store_and_forward"}
    await asyncio.to_thread(api.create_agreement, terms)
    api.close()
    await asyncio.sleep(1.5)  # facts are a second old at most (decision 8)


def read_objects(hub: FaultHub) -> set[str]:
    return {
        row[0] for row in hub.query("SELECT object_id FROM locations_location UNION SELECT object_id FROM cdrs_cdr")
    }


def read_stories(partner: Partner, *, since: int = 0) -> list[str]:
    return [arrival.correlation_id for arrival in partner.arrivals[since:]]


@pytest.fixture
def partners(play: Play):
    dice = random.Random(1)
    both = Partner(CPO, "CPO", dice=dice), Partner(EMSP, "EMSP", dice=dice)
    yield both
    for partner in both:
        play(partner.close())


class TestBackupAndRestore:
    def test_what_was_answered_before_the_backup_is_there_and_goes_on(self, play: Play, partners, tmp_path: Path):
        cpo, emsp = partners
        load, port = Load(cpo), find_port()
        tmp_path.chmod(0o755)
        file = tmp_path / "hub.dump"

        with make_state_folder() as folder, run_hub(folder, port=port) as hub:
            secrets = get_secrets(hub)
            play(register(hub, cpo, emsp))
            running = asyncio.run_coroutine_threadsafe(load.run(), play(get_loop()))
            hub.wait_until("there is something to back up", lambda: len(load.answered) >= 150)
            play(emsp.go_away())  # from here on events wait for it in its lanes
            hub.wait_until("the eMSP's absence shows", lambda: is_waiting(hub))
            before = list(load.answered)

            hub.manage("backup", str(file))

            assert len(load.answered) > len(before), "the hub stood still during the backup: nothing was proved"
            play(emsp.start())
            load.is_over = True
            running.result(120)
            hub.manage("lanes", "wake", EMSP)
            hub.wait_until_delivered()
        told = len(emsp.arrivals)

        with make_state_folder() as elsewhere:
            with run_servers(elsewhere, port=port, secrets=secrets) as servers:
                said = servers.manage("restore", str(file))
                delivered = {row[0] for row in servers.query(DELIVERED)}
                waited = {row[0] for row in servers.query("SELECT correlation_id FROM journal_event")} - delivered
            with run_hub(elsewhere, port=port, secrets=secrets) as hub:
                hub.manage("lanes", "wake", EMSP)  # it may be thought away, as it was at the backup
                hub.wait_until_delivered()
                again = read_stories(emsp, since=told)
                kept = read_objects(hub)
                marked = {row[0] for row in hub.query(DELIVERED + " AND repeat")}
                play(load.push_location("AFTERWARDS"))
                hub.wait_until_delivered()

        assert "The keys fit" in said
        assert set(before) <= kept
        assert waited, "nothing waited at the backup: nothing was proved"
        assert not delivered & set(again), "sent twice, although the backup knew that it was accepted"
        assert set(again) == waited
        assert waited <= marked
        assert load.stories["AFTERWARDS"] in read_stories(emsp, since=told)  # both partners' tokens are good as before

    def test_the_wrong_secrets_are_said_before_anybody_is_called(self, play: Play, partners, tmp_path: Path):
        tmp_path.chmod(0o755)
        file, port = tmp_path / "hub.dump", find_port()
        with make_state_folder() as folder, run_hub(folder, port=port) as hub:
            play(register(hub, *partners))
            hub.manage("backup", str(file))
            with pytest.raises(StackFailed, match="never overwrites"):
                hub.manage("backup", str(file))

        with make_state_folder() as elsewhere, run_servers(elsewhere, port=port) as servers:  # with keys of its own
            with pytest.raises(StackFailed, match="HUB_ENCRYPTION_KEYS does not fit"):
                servers.manage("restore", str(file))
            with pytest.raises(StackFailed, match="tables already"):
                servers.manage("restore", str(file))


async def get_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def is_waiting(hub: FaultHub) -> bool:
    return hub.count("SELECT count(*) FROM forwarding_lane WHERE waiting <> '{}'") > 0
