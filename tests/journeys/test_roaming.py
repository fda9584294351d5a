"""The main job from the first handshake to the last invoice, over HTTP between processes of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator import cast
from simulator.figures import Row
from simulator.money_outcome import write_month
from simulator.outcome import build_rows
from simulator.scenario import Scenario
from tests.journeys.hub import JourneyHub, build_scenario, name_wrong, run_hub

ALL = (*cast.RUNS, *cast.RUNS_WHILE_AWAY, *cast.REMOTE_RUNS)


@dataclass
class Played:
    hub: JourneyHub
    scenario: Scenario
    rows: dict[str, Row]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder: Path = tmp_path_factory.mktemp("roaming")
    with run_hub() as hub, build_scenario(hub, folder=folder) as scenario:
        scenario.run()
        yield Played(hub, scenario, {row.party: row for row in build_rows(scenario)})


class TestRoaming:
    def test_every_figure_is_what_the_scenario_demands(self, played: Played) -> None:
        assert name_wrong(played.scenario) == []
        assert len(played.scenario.figures.all) >= 100
        assert len(played.scenario.charged) == 51

    def test_the_table_shows_what_each_partner_sent_and_has(self, played: Played) -> None:
        parties = {party.key: party for home in cast.build_platforms() for party in home.parties}
        rows = played.rows

        assert list(rows) == list(parties)
        for key, party in parties.items():
            sessions = sum(run.count for run in ALL if key in (run.cpo, run.emsp))
            bills = sum(cast.count_cdrs(run) for run in ALL if key in (run.cpo, run.emsp))
            bills += 2 if key in (cast.CPO_NL, cast.EMSP_FR) else 0  # the credit and what replaces the disputed bill
            partners = [parties[other] for other in cast.find_partners(key)]
            told = sum(other.locations + other.tariffs + other.tokens for other in partners)
            traffic = sessions + bills
            own = party.locations + party.tariffs + party.tokens
            assert rows[key].sent == own + (traffic if party.role == "CPO" else 0), key
            assert rows[key].received == told + (0 if party.role == "CPO" else traffic), key
            assert rows[key].delivered == traffic, key
            assert rows[key].reconciled == bills, key

    def test_only_the_planted_faults_are_left_open_and_not_the_one_that_was_credited(self, played: Played) -> None:
        planted = [kind for run in ALL for fault, count in run.faults.items() for kind in _name_kind(fault) * count]

        found = [finding["kind"] for finding in played.scenario.hub.list_findings()]

        assert sorted(found) == sorted(kind for kind in planted if kind != "energy_differs")

    def test_the_month_adds_up_to_the_cent(self, played: Played) -> None:
        printed = write_month(played.scenario)

        assert name_wrong(played.scenario) == []
        assert printed.count("total") == 4  # of statements and of fees, in two currencies
        assert "credited by" in printed

    def test_everything_was_logged_and_everybody_is_up_to_date(self, played: Played) -> None:
        hub = played.hub
        newest = hub.count("SELECT coalesce(max(id), 0) FROM journal_event")

        assert hub.count("SELECT count(*) FROM journal_calllog WHERE leg = 'in' AND module = 'cdrs'") >= 50
        assert hub.count("SELECT count(*) FROM journal_calllog WHERE leg = 'out' AND module = 'locations'") >= 320
        assert newest > 0
        assert hub.count("SELECT count(*) FROM forwarding_lane WHERE waiting <> '{}'") == 0

    def test_nothing_of_the_hub_failed_or_was_started_again(self, played: Played) -> None:
        said = "\n".join(played.hub.said)
        logs = "\n".join(played.hub.read_log(name) for name in ("web", "worker", "beat"))

        assert not re.search("ended with|ready again|failed", said)
        assert "Traceback" not in logs
        assert not re.search(r" (ERROR|CRITICAL) ", logs)


def _name_kind(fault: str) -> list[str]:
    """What the hub calls it; nothing, of a fault that changes nothing."""
    return [cast.FINDING_KINDS[fault]] if fault in cast.FINDING_KINDS else []
