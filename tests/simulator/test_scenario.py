from __future__ import annotations

from pathlib import Path

from simulator import cast
from simulator.figures import write_table
from simulator.hub_api import HubApi
from simulator.money_outcome import write_month
from simulator.outcome import build_rows
from simulator.scenario import Scenario
from tests.simulator.small_hub import SmallHub


def build_scenario(hub: SmallHub, folder: Path, *, patience: float = 10) -> Scenario:
    api = HubApi(public_url=hub.url, staff_token="staff")
    return Scenario(
        hub=api,
        folder=folder,
        say=lambda text: None,
        patience=patience,
        pace=0,
        partner_token=lambda name: f"token of {name}",
    )


class TestScenario:
    def test_every_figure_is_right_when_the_hub_does_its_work(self, tmp_path: Path) -> None:
        with SmallHub() as hub, build_scenario(hub, tmp_path) as scenario:
            scenario.run()

            assert [str(figure) for figure in scenario.figures.wrong] == []
            assert len(scenario.charged) == 51
            table = write_table(build_rows(scenario))
            assert len(table.splitlines()) == 2 + len(scenario.parties)
            printed = write_month(scenario)
            assert [str(figure) for figure in scenario.figures.wrong] == []
            assert "total" in printed
            assert "credited by" in printed

    def test_every_figure_is_right_when_the_hub_breaks_off_again_and_again(self, tmp_path: Path) -> None:
        with SmallHub(flaky=17) as hub, build_scenario(hub, tmp_path) as scenario:
            scenario.run()

            assert [str(figure) for figure in scenario.figures.wrong] == []
            reports = [home.get_report() for home in scenario.platforms.values()]
            assert sum(report["messages"].get("out.tried_again", 0) for report in reports) > 10

    def test_names_what_a_careless_hub_settles_though_it_is_held(self, tmp_path: Path) -> None:
        with SmallHub(careless=True) as hub, build_scenario(hub, tmp_path) as scenario:
            scenario.run()

            wrong = {figure.name for figure in scenario.figures.wrong}
            assert "held CDRs in statements" in wrong
            assert f"statement {cast.CPO_NL} to {cast.EMSP_IT}, NL, EUR" in wrong

    def test_names_what_a_leaky_hub_tells_to_strangers(self, tmp_path: Path) -> None:
        with SmallHub(leaky=True) as hub, build_scenario(hub, tmp_path, patience=0) as scenario:
            scenario.start()
            scenario.set_up()
            scenario.register()
            scenario.push_objects()

            wrong = {figure.name: (figure.demanded, figure.seen) for figure in scenario.figures.wrong}
            locations = {party.key: party.locations for one in cast.build_platforms() for party in one.parties}
            visible = locations[cast.CPO_NL] + locations[cast.CPO_BE] + locations[cast.CPO_DE]
            assert wrong[f"locations known to {cast.EMSP_FR} after the push"] == (visible, sum(locations.values()))


class TestCast:
    def test_demands_what_the_demo_promises(self) -> None:
        parties = [party for platform in cast.build_platforms() for party in platform.parties]
        runs = (*cast.RUNS, *cast.RUNS_WHILE_AWAY)

        assert len(cast.build_platforms()) == 4
        assert sum(party.locations for party in parties) >= 300
        assert sum(run.count for run in runs) == 50
        assert {party.currency for party in parties if party.role == "CPO"} == {"EUR", "CHF"}
        assert len(cast.AGREEMENTS) < 8
        assert all(run.emsp in cast.find_partners(run.cpo) for run in runs)

    def test_every_pair_settles_and_every_party_has_a_company(self) -> None:
        pairs = [(one.provider, one.consumer) for one in cast.AGREEMENTS]
        parties = {party.key for platform in cast.build_platforms() for party in platform.parties}

        assert [(terms.provider, terms.consumer) for terms in cast.TERMS] == pairs
        assert set(cast.COMPANIES) == parties
        assert {terms.currency for terms in cast.TERMS} == {"EUR", "CHF"}
