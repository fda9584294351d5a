"""Parts of the hub die by SIGKILL while the scenario is played: each comes back, and every figure is still right."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.hub import JourneyHub, build_scenario, make_state_folder, name_wrong, run_hub

TOLD = "SELECT count(*) FROM journal_calllog WHERE leg = 'out' AND module IN ('locations', 'tariffs', 'tokens')"
CHARGING = "SELECT count(*) FROM charging_sessions_session"


def has(hub: JourneyHub, sql: str, *, at_least: int) -> bool:
    return hub.count(sql) >= at_least


class TestKilledInTheMiddle:
    def test_worker_while_broadcasts_are_told_and_web_while_sessions_run(self, tmp_path: Path) -> None:
        with run_hub() as hub, build_scenario(hub, folder=tmp_path) as scenario:
            scenario.start()
            scenario.set_up()
            scenario.register()
            with hub.killing("worker", as_soon_as=lambda: has(hub, TOLD, at_least=60)):
                scenario.push_objects()
            scenario.pull_objects()
            with hub.killing("web", as_soon_as=lambda: has(hub, CHARGING, at_least=12)):
                scenario.charge()
            scenario.switch_off_and_on()
            scenario.pull_bills()
            scenario.reconcile()

            assert name_wrong(scenario) == []
            hub.wait_for_return("worker")
            hub.wait_for_return("web")

    def test_the_servers_while_objects_are_pushed_and_sessions_run(self, tmp_path: Path) -> None:
        """With durable data: a throw-away PostgreSQL may forget its last moments when it is killed."""
        with (
            make_state_folder() as state,
            run_hub(state=state) as hub,
            build_scenario(hub, folder=tmp_path) as scenario,
        ):
            scenario.start()
            scenario.set_up()
            scenario.register()
            with hub.killing("valkey", as_soon_as=lambda: has(hub, TOLD, at_least=60)):
                scenario.push_objects()
            scenario.pull_objects()
            with hub.killing("postgres", as_soon_as=lambda: has(hub, CHARGING, at_least=12)):
                scenario.charge()
            scenario.switch_off_and_on()
            scenario.pull_bills()
            scenario.reconcile()

            assert name_wrong(scenario) == []
            hub.wait_for_return("valkey")
            hub.wait_for_return("postgres")
