"""The shells: what the clock calls is there, and each makes its one call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from forwarding import tasks
from forwarding.announce import Settled
from forwarding.models import Lane
from forwarding.threads import Threads
from journal.rows import SUBLANES
from ocpi.calls import Role
from roaming_hub.celery import app
from roaming_hub.stack.programs import PROJECT, hub_programs
from tests.forwarding.cast import CPO, EMSP, agree, make_platform


def test_the_schedule_names_tasks_that_exist():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in app.conf.beat_schedule.values() if entry["task"].startswith("forwarding.")}

    assert named == {
        tasks.drain_lanes.name,
        tasks.watch_presence.name,
        tasks.announce_clients.name,
        tasks.pull_lists.name,
        tasks.resync_lanes.name,
        tasks.drop_old_days.name,
        tasks.purge.name,
    }


def test_what_takes_long_has_a_worker_of_its_own():
    """Deliveries never wait for it, and it never for them: the stack and the containers run a worker for each queue."""
    queues = {route["queue"] for route in app.conf.task_routes.values()}
    stack = [child.argv for child in hub_programs({}, state=Path("/nowhere"))]
    services = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"].values()
    containers = [service["command"] for service in services if service.get("build")]

    app.loader.import_default_modules()
    assert set(app.conf.task_routes) <= set(app.tasks)
    assert tasks.pull_lists.name in app.conf.task_routes
    assert tasks.drain_lanes.name not in app.conf.task_routes
    for commands in (stack, containers):
        served = {command[command.index("--queues") + 1] for command in map(list, commands) if "--queues" in command}
        assert served == queues
        assert any("worker" in command and "--queues" not in command for command in commands)


@pytest.mark.usefixtures("hub")
class TestTasks:
    @pytest.fixture(autouse=True)
    def _threads(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """A worker keeps them as long as it lives; here the database goes before."""
        threads = Threads()
        monkeypatch.setattr(tasks, "_threads", threads)
        yield
        asyncio.run(threads.close())

    def test_drain_with_nothing_to_do(self):
        assert tasks.drain_lanes(unknown="from a newer version") == 0

    def test_no_drain_is_begun_for_nothing(self, monkeypatch):
        make_platform(EMSP, Role.EMSP)
        tasks.drain_lanes()
        monkeypatch.delattr(tasks, "drain")

        assert tasks.drain_lanes() == 0

    def test_a_new_platform_gets_its_lanes(self):
        make_platform(EMSP, Role.EMSP)

        tasks.drain_lanes()

        assert Lane.objects.count() == SUBLANES

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
