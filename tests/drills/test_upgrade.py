"""A database of each earlier release, with data in it, is migrated and served; and while old and new code run side by
side (migrations first, then one process after the other), what the old code writes is taken and told on."""

from __future__ import annotations

import json
import random

import pytest

from tests import documents
from tests.drills.conftest import Play
from tests.drills.old_database import RELEASES, SECRETS
from tests.drills.stacks import run_hub, run_script, run_servers
from tests.faults.book import stamp
from tests.faults.partner import Partner
from tests.journeys.hub import find_port, make_state_folder

LAST = list(RELEASES)[-1]
ADDED = """
    SELECT table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
"""


@pytest.fixture
def emsp(play: Play):
    """Its endpoints are in the old database; the hub has never heard of this process."""
    partner = Partner("NL*MSA", "EMSP", dice=random.Random(1))
    partner.token = SECRETS["EMSP"]
    play(partner.start())
    yield partner
    play(partner.close())


class TestUpgrade:
    @pytest.mark.parametrize("release", list(RELEASES)[:-1])
    def test_what_was_stored_is_served_and_what_waited_is_told(self, release: str, play: Play, emsp: Partner):
        port = find_port()
        with make_state_folder() as folder:
            with run_servers(folder, port=port) as servers:
                run_script(servers, "old_database.py", "make", release, emsp.url)

            with run_hub(folder, port=port) as hub:
                hub.wait_until_delivered()
                listed = play(read_locations(hub.url, emsp))
                answer = play(push_location(hub.url, emsp, id="NEW1"))
                hub.wait_until("the new one arrived", lambda: "DE/CPA/NEW1" in get_paths(emsp))

        assert listed == ["OLD1"]
        assert "DE/CPA/OLD1" in get_paths(emsp)
        assert answer == 1000

    def test_old_code_can_go_on_writing_after_the_migrations(self, play: Play, emsp: Partner):
        """So migrations may run before the first process is replaced, and a release can be taken back."""
        port = find_port()
        with make_state_folder() as folder:
            with run_servers(folder, port=port) as servers:
                columns = json.loads(run_script(servers, "old_database.py", "make", LAST, emsp.url).splitlines()[-1])

            with run_hub(folder, port=port) as hub:  # migrated, and the new code runs
                listed = play(read_locations(hub.url, emsp))
                run_script(hub, "old_database.py", "write", LAST, emsp.url)
                hub.wait_until("old code's event arrived", lambda: "DE/CPA/OLD2" in get_paths(emsp))
                now = set(json.loads(run_script(hub, "old_database.py", "describe", LAST, emsp.url).splitlines()[-1]))
                demanded = {row[0] for row in hub.query(ADDED)}

        assert listed == ["OLD1"]
        assert "DE/CPA/OLD1" in get_paths(emsp)
        known = set(columns)
        tables = {column.split(".")[0] for column in columns}
        assert known <= now, f"taken away although old code uses it: {sorted(known - now)}"
        new = {column for column in demanded - known if column.split(".")[0] in tables}
        assert not new, f"old code does not fill these, and the database does not either: {sorted(new)}"


def get_paths(partner: Partner) -> list[str]:
    return [arrival.path for arrival in partner.arrivals]


async def read_locations(hub: str, emsp: Partner) -> list[str]:
    answer = await emsp.call_once("GET", f"{hub}/ocpi/2.2.1/sender/locations", routed=True)
    assert answer.is_success, answer
    return [location["id"] for location in answer.data]


async def push_location(hub: str, emsp: Partner, *, id: str) -> int | None:
    """By the CPO, with the token of before the upgrade."""
    cpo = Partner("DE*CPA", "CPO", dice=random.Random(1))
    cpo.token = SECRETS["CPO"]
    await cpo.start()
    try:
        body = documents.location_document(owner="DE*CPA", id=id, last_updated=stamp(1))
        answer = await cpo.call_once("PUT", f"{hub}/ocpi/2.2.1/receiver/locations/DE/CPA/{id}", body=body)
        return answer.code
    finally:
        await cpo.close()
