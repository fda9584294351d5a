"""A hub that was stopped and is started again on the same state folder: everything is there and goes on."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from tests.journeys.hub import JourneyHub, build_scenario, find_port, make_state_folder, name_wrong, run_hub

MODULES = ("locations_location", "tariffs_tariff", "tokens_token")
STORED = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in MODULES)
LANES = "SELECT platform_id, sublane, cursor, sent FROM forwarding_lane ORDER BY platform_id, sublane"
TOLD = (
    "SELECT count(*) FROM journal_calllog"
    " WHERE leg = 'out' AND method = 'PUT' AND module IN ('locations', 'tariffs', 'tokens')"
)


class TestSecondStart:
    def test_keeps_everything_and_the_scenario_goes_on(self, tmp_path: Path) -> None:
        port = find_port()
        with make_state_folder() as state, ExitStack() as playing:
            with run_hub(state=state, port=port) as first:
                scenario = playing.enter_context(build_scenario(first, folder=tmp_path))
                scenario.start()
                scenario.set_up()
                scenario.register()
                scenario.push_objects()
                before = look(first)

            begun = time.monotonic()
            with run_hub(state=state, port=port) as second:
                print(f"second start of the hub: {time.monotonic() - begun:.1f} s")
                assert look(second) == before
                scenario.pull_objects()
                scenario.charge()
                scenario.switch_off_and_on()
                scenario.pull_bills()
                scenario.reconcile()

                assert name_wrong(scenario) == []
                assert second.count(TOLD) == before[2], "what was told before is not told again"
                assert goes_on(before[1], second.query(LANES))


Look = tuple[object, list[tuple[int, ...]], int]


def look(hub: JourneyHub) -> Look:
    return hub.query(STORED), hub.query(LANES), hub.count(TOLD)


def goes_on(before: list[tuple[int, ...]], after: list[tuple[int, ...]]) -> bool:
    """The same lanes, none of them behind where it stood; and some moved."""
    pairs = list(zip(before, after, strict=True))
    same = all(old[:2] == new[:2] and old[2] <= new[2] and old[3] <= new[3] for old, new in pairs)
    return same and any(old[2] < new[2] for old, new in pairs)
