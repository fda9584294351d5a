"""The shells: what the clock calls is there, and each makes its one call."""

from __future__ import annotations

import pytest

from forwarding import tasks
from forwarding.announce import Settled
from ocpi.calls import Role
from roaming_hub.celery import app
from tests.forwarding.cast import CPO, EMSP, agree, make_platform


def test_the_schedule_names_tasks_that_exist():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("forwarding.")}

    assert named == {
        tasks.drain_lanes.name,
        tasks.watch_presence.name,
        tasks.announce_clients.name,
        tasks.pull_lists.name,
        tasks.forget_pulls.name,
    }


@pytest.mark.usefixtures("hub")
class TestTasks:
    def test_drain_with_nothing_to_do(self):
        assert tasks.drain_lanes(unknown="from a newer version") == 0

    def test_changes_are_announced_and_the_lanes_woken(self, monkeypatch):
        woken: list[object] = []
        monkeypatch.setattr(tasks, "_settled", Settled())
        monkeypatch.setattr(tasks.drain_lanes, "apply_async", lambda **options: woken.append(options))
        make_platform(CPO, Role.CPO)
        make_platform(EMSP, Role.EMSP)
        agree(CPO, EMSP)

        assert tasks.announce_clients() == 2
        assert tasks.announce_clients() == 0
        assert len(woken) == 1

    def test_nobody_to_watch(self):
        assert tasks.watch_presence() == 0

    def test_nothing_to_pull(self):
        assert tasks.pull_lists() == 0
