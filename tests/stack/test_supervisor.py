from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from roaming_hub.stack import supervisor
from roaming_hub.stack.child import Child
from roaming_hub.stack.folders import RunFolder
from roaming_hub.stack.supervisor import Failures, Supervisor
from tests.stack.stand_ins import FORKS, SLEEPS, always, child, is_alive, is_group_alive, until


class TestFailures:
    def test_delays_grow(self):
        failures = Failures()

        assert [failures.record(now=second) for second in (0.0, 1.0, 2.0, 3.0)] == [0.5, 1.0, 2.0, 4.0]

    def test_gives_up_at_the_fifth_within_a_minute(self):
        failures = Failures([0.0, 1.0, 2.0, 3.0])

        assert failures.record(now=59.0) is None

    def test_forgets_what_is_long_ago(self):
        failures = Failures([0.0, 1.0, 2.0, 3.0])

        assert failures.record(now=70.0) == 0.5


class TestSupervisor:
    @pytest.fixture
    def run_folder(self):
        run = RunFolder()
        yield run
        run.remove()

    @pytest.fixture
    def start(self, run_folder, tmp_path: Path):
        started = []

        def start(*children: Child) -> Supervisor:
            self.said: list[str] = []
            new = Supervisor(children, run=run_folder.path, logs=tmp_path, say=self.said.append)
            started.append(new)
            new.start()
            assert new.up.wait(20)
            return new

        yield start
        for one in started:
            one.stop()

    def test_starts_in_order_and_stops_in_reverse(self, start):
        stack = start(
            child("first", SLEEPS, environ={}),
            child("step", "print('once')", environ={}, once=True),
            child("last", SLEEPS, environ={}),
        )

        pids = stack.processes
        stack.stop()

        assert list(pids) == ["first", "last"]
        assert [line.split(" (")[0] for line in self.said] == [
            "first ready",
            "step done",
            "last ready",
            "last stopped",
            "first stopped",
        ]
        assert not any(is_alive(pid) for pid in pids.values())

    def test_starts_side_by_side_what_need_not_wait(self, start, tmp_path: Path):
        """Each of the two is ready only when the other is running."""

        def other_wrote(name: str):
            return lambda process: b"awake" in (tmp_path / f"{name}.log").read_bytes()

        stack = start(
            child(
                "web", SLEEPS, environ={}, ready=lambda process: (tmp_path / "worker.log").exists(), beside_next=True
            ),
            child("worker", SLEEPS, environ={}, ready=other_wrote("web"), beside_next=True),
        )

        assert stack.failure is None
        assert [line.split(" (")[0] for line in self.said] == ["web ready", "worker ready"]

    def test_says_why_a_child_cannot_start_and_starts_nothing_after_it(self, start):
        stack = start(child("broken", "print('no such thing'); exit(3)", environ={}), child("late", SLEEPS, environ={}))

        assert "broken could not start" in str(stack.failure)
        assert "no such thing" in str(stack.failure)
        assert not any("late" in line for line in self.said)

    def test_says_that_the_disk_is_full_when_the_log_cannot(self, start, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))

        stack = start(child("mute", "exit(1)", environ={}))

        assert "free some space" in str(stack.failure)

    def test_gives_up_on_a_child_that_never_gets_ready(self, start):
        stack = start(child("mute", SLEEPS, environ={}, ready=lambda process: False, ready_within=0.5))

        assert "mute was not ready" in str(stack.failure)
        assert stack.processes == {}

    def test_restarts_a_killed_child_and_ends_its_children(self, start, monkeypatch):
        monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.1)
        stack = start(child("parent", FORKS, environ={}))
        before = stack.processes["parent"]

        os.kill(before, signal.SIGKILL)

        assert until(lambda: any("ready again" in line for line in self.said))
        assert stack.processes["parent"] != before
        assert not is_group_alive(before)

    def test_gives_up_after_five_failures_in_a_minute(self, start, monkeypatch):
        monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.01)
        healthy, ill = child("healthy", SLEEPS, environ={}), child("ill", "pass", environ={}, ready=always)

        stack = start(healthy, ill)
        stack.join(20)

        assert not stack.is_alive()
        assert "ill" in str(stack.failure)
        assert stack.processes == {}

    def test_kills_a_child_that_does_not_stop_when_asked(self, start):
        deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
        stack = start(child("deaf", deaf, environ={}, stop_within=0.3))
        pid = stack.processes["deaf"]

        stack.stop()

        assert not is_alive(pid)

    def test_replaces_a_killed_guardian(self, start):
        stack = start(child("kept", SLEEPS, environ={}))
        before = stack._guardian._popen.pid

        os.kill(before, signal.SIGKILL)

        assert until(lambda: stack._guardian._popen.pid != before)
        assert is_alive(stack.processes["kept"])

    def test_replaces_one_after_the_other_and_only_when_the_successor_answers(self, start):
        stack = start(
            child("web", SLEEPS, environ={}), child("web-2", SLEEPS, environ={}), child("worker", SLEEPS, environ={})
        )
        before = dict(stack.processes)

        stack.replace("web")

        assert until(lambda: "web-2 replaced" in self.said)
        assert [line for line in self.said if "replaced" in line] == ["web replaced", "web-2 replaced"]
        assert stack.processes["worker"] == before["worker"]
        assert not {stack.processes["web"], stack.processes["web-2"]} & set(before.values())
        assert not any(is_alive(before[name]) for name in ("web", "web-2"))

    def test_keeps_what_it_has_where_the_successor_does_not_come(self, start, tmp_path: Path):
        script = f"import os; os.mkdir({str(tmp_path / 'once')!r}); " + SLEEPS
        stack = start(child("web", script, environ={}), child("web-2", SLEEPS, environ={}))
        before = dict(stack.processes)

        stack.replace("web")

        assert until(lambda: any("could not be replaced" in line for line in self.said))
        assert stack.processes == before
        assert all(is_alive(pid) for pid in before.values())
