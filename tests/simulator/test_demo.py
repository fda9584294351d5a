"""`manage.py demo` as a whole, against the small hub."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from simulator.management.commands.demo import Command
from simulator.scenario import Scenario
from tests.simulator.small_hub import SmallHub


def play(hub: SmallHub) -> tuple[str, str]:
    """What it printed: (output, errors)."""
    printed, errors = io.StringIO(), io.StringIO()
    with override_settings(HUB_PUBLIC_URL=hub.url):
        try:
            call_command(Command(stdout=printed, stderr=errors, no_color=True), patience=3, without_money=True)
        except SystemExit as e:
            errors.write(f"exit {e.code}")
    return printed.getvalue(), errors.getvalue()


@pytest.fixture(autouse=True)
def _staff_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_STAFF_TOKEN", "staff")


class TestDemo:
    def test_prints_the_steps_and_a_table_of_all_partners(self) -> None:
        with SmallHub() as hub:
            printed, errors = play(hub)

        assert errors == ""
        for step in ("0/8", "1/8", "2/8", "3/8", "4/8", "5/8", "6/8"):
            assert step in printed
        for party in ("NL*CPO", "BE*CPO", "DE*CPO", "AT*CPO", "FR*MSP", "IT*MSP"):
            assert f"\n{party}" in printed
        assert "figures are what the scenario demands" in printed

    def test_names_each_wrong_figure_and_exits_1(self) -> None:
        with SmallHub(blind=True) as hub:
            _, errors = play(hub)

        assert "WRONG  sessions with findings" in errors
        assert errors.endswith("exit 1")

    def test_ctrl_c_is_no_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(self: Scenario) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Scenario, "run", interrupt)
        with SmallHub() as hub:
            printed, errors = play(hub)

        assert "Broken off" in printed
        assert errors == "exit 130"

    def test_says_what_went_wrong_when_there_is_no_hub(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("simulator.hub_api._PATIENCE", 0)
        hub = SmallHub()
        hub.url = "http://127.0.0.1:9"

        with pytest.raises(CommandError, match="could not be played"):
            play(hub)
