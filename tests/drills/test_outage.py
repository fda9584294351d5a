"""The drill "a partner goes down" of docs/operations.md, with its own commands, from the alarm to the all-clear."""

from __future__ import annotations

import json
import re
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from roaming_hub.stack.programs import PROJECT
from simulator import cast
from tests.journeys.hub import JourneyHub, build_scenario, run_hub
from tests.parties.http_peer import Handler, serve

PATIENCE = 120.0  # seconds; a machine with other work needs them
SETTINGS: dict[str, Any] = {
    "HUB_ALERT_SECRET": "drill",
    "HUB_ALERT_PATIENCE": "3",
    "HUB_SILENCE": "10",
    "HUB_LOG_FORMAT": "json",
}


def read_drill() -> list[list[str]]:
    """The commands of the drill, as they are written down."""
    text = (PROJECT / "docs" / "operations.md").read_text()
    drill = text.split("### Drill: a partner goes down")[1].split("\n## ")[0]
    return [shlex.split(line)[2:] for line in re.findall(r"^\s+(python manage\.py .*)$", drill, re.MULTILINE)]


def wait_for(look: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.2)
    return found


def run(hub: JourneyHub, command: list[str], *, platform: str) -> str:
    return hub.stack.ask(
        sys.executable, str(PROJECT / "manage.py"), *(platform if word == "PLATFORM" else word for word in command)
    )


class TestDrill:
    def test_leads_from_the_alarm_to_the_all_clear(self, tmp_path: Path):
        show_alerts, show_lanes, wake, look_again, show_letters, show_all = read_drill()
        told: list[dict[str, Any]] = []

        def take(handler: Handler) -> None:
            told.extend(json.loads(handler.body)["messages"])
            handler.answer(b"ok")

        def heard(about: str, platform: str) -> list[str]:
            return [
                one["alert"]["title"]
                for one in told
                if (one["about"], one["alert"]["kind"]) == (about, "partner_down") and platform in one["alert"]["title"]
            ]

        with (
            serve(take) as webhook,
            run_hub(HUB_ALERT_WEBHOOK=webhook.url, **SETTINGS) as hub,
            build_scenario(hub, folder=tmp_path) as scenario,
        ):
            scenario.start()
            scenario.set_up()
            scenario.register()
            scenario.push_objects()
            home = scenario.get_home(cast.AWAY)
            name = home.config.name

            home.order("leave")
            scenario._charge(cast.RUNS_WHILE_AWAY)
            wait_for(lambda: heard("opened", name), "alarm")

            seen = run(hub, show_alerts, platform=name)
            assert f"{name} is down" in seen
            assert "what to do" in seen
            assert name in run(hub, show_lanes, platform=name)

            home.order("come_back")
            wait_for(lambda: "will be tried" in run(hub, wake, platform=name), "lanes to wake")
            wait_for(lambda: name not in run(hub, look_again, platform=name), "end of the backlog")
            assert "traceback" not in run(hub, show_letters, platform=name).lower()
            wait_for(lambda: heard("closed", name), "all-clear")

            assert f"{name} is down" in run(hub, show_all, platform=name)
            assert "over since" in run(hub, show_all, platform=name)
            assert len(heard("opened", name)) == len(heard("closed", name)) == 1
            assert check_metrics(hub)


def check_metrics(hub: JourneyHub) -> bool:
    """One scrape shows the web process and the workers."""
    text = requests.get(f"{hub.url}/metrics", timeout=20).text
    assert 'hub_calls_total{code="1xxx",direction="in"' in text
    assert 'direction="out"' in text
    assert 'hub_tasks_total{outcome="done",task="forwarding.tasks.drain_lanes"}' in text
    return True
