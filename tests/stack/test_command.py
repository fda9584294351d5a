"""`python -m roaming_hub.stack`, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from roaming_hub.stack import __main__ as command
from roaming_hub.stack import guardian
from tests.stack.stand_ins import FORKS, PROJECT, SLEEPS, environment, get_running, is_alive, until

EXEC = [sys.executable, "-m", "roaming_hub.stack", "exec", "--"]


def processes_of(run: Path, *, runner: int) -> set[int]:
    children = {pid for pid, one in get_running().items() if one.parent == runner}
    return children | set(guardian.get_marked(run))


class TestExec:
    def test_gives_the_command_both_addresses_and_returns_its_status(self):
        script = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"

        done = subprocess.run(
            [*EXEC, sys.executable, "-c", script], env=environment(), cwd=PROJECT, capture_output=True, text=True
        )

        assert done.returncode == 7
        assert done.stdout.startswith("postgresql://hub@/hub?host=")
        assert "unix://" in done.stdout

    def test_ends_what_the_command_left_in_the_background(self):
        program = f"[sys.executable, '-S', '-c', {SLEEPS!r}], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
        script = f"import subprocess, sys; print(subprocess.Popen({program}).pid)"

        done = subprocess.run(
            [*EXEC, sys.executable, "-c", script], env=environment(), cwd=PROJECT, capture_output=True, text=True
        )

        assert done.returncode == 0
        left = int(done.stdout)
        assert until(lambda: not is_alive(left))

    def test_names_a_command_that_does_not_exist(self):
        done = subprocess.run(
            [*EXEC, "no-such-program"], env=environment(), cwd=PROJECT, capture_output=True, text=True
        )

        assert done.returncode == 127
        assert "no-such-program" in done.stderr

    def test_wants_a_command(self, capsys):
        assert command.main(["exec"]) == 1
        assert "Say what to run" in capsys.readouterr().err

    def test_keeps_the_data_when_it_is_given_a_state_folder(self, tmp_path: Path):
        tmp_path.chmod(0o755)
        argv = [*EXEC[:-1], "--state", str(tmp_path), "--", sys.executable, "-c"]
        database = "import os, psycopg2; one = psycopg2.connect(os.environ['DATABASE_URL']); "
        write = database + "one.cursor().execute('CREATE TABLE kept ()'); one.commit()"
        read = database + "one.cursor().execute('SELECT * FROM kept')"

        for script in (write, read):
            done = subprocess.run([*argv, script], env=environment(), cwd=PROJECT, check=False)
            assert done.returncode == 0


class TestReplaceWeb:
    def test_says_what_to_do_where_no_hub_runs(self, tmp_path: Path, monkeypatch, capsys):
        monkeypatch.setenv("HUB_STATE", str(tmp_path))
        (tmp_path / "pid").write_text("1")

        assert command.main(["replace-web"]) == 1

        assert "No hub runs" in capsys.readouterr().err


class TestKilledRunner:
    @pytest.fixture
    def runner(self):
        """A stack whose command has a child of its own, which no PR_SET_PDEATHSIG reaches."""
        script = f"import os; print(os.environ['{guardian.MARKER}'].split(':')[-1], flush=True); {FORKS}"
        runner = subprocess.Popen(
            [*EXEC, sys.executable, "-c", script], env=environment(), cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        yield runner
        runner.kill()
        runner.wait()
        assert runner.stdout is not None
        runner.stdout.close()

    def get_run(self, runner: subprocess.Popen[str]) -> Path:
        assert runner.stdout is not None
        return Path(runner.stdout.readline().strip())

    def test_leaves_no_orphan_and_no_folder(self, runner):
        run = self.get_run(runner)
        # PostgreSQL, Valkey, the guardian, the command and its child
        assert until(lambda: len(processes_of(run, runner=runner.pid)) >= 5)
        pids = processes_of(run, runner=runner.pid)

        os.kill(runner.pid, signal.SIGKILL)

        assert until(lambda: not any(is_alive(pid) for pid in pids))
        assert until(lambda: not run.exists())

    def test_passes_a_sigterm_on_and_clears_up(self, runner):
        run = self.get_run(runner)
        pids = processes_of(run, runner=runner.pid)

        os.kill(runner.pid, signal.SIGTERM)

        assert runner.wait(20) == 128 + signal.SIGTERM
        assert not any(is_alive(pid) for pid in pids)
        assert not run.exists()


class TestDemoEnvironment:
    def test_opens_the_loopback_and_nothing_else(self):
        environ = command.demo_environment({"HUB_REQUIRE_HTTPS": "true", "HUB_EGRESS_ALLOW": "10.0.0.0/8"})

        assert len(environ.pop("HUB_ADMIN_PASSWORD")) >= 16
        assert environ == {"HUB_REQUIRE_HTTPS": "false", "HUB_EGRESS_ALLOW": "127.0.0.0/8", **command.SILENT}

    def test_tells_nobody_whom_the_hub_of_this_folder_would_tell(self):
        environ = command.demo_environment({"HUB_ALERT_WEBHOOK": "https://on-call.example.com"})

        assert environ["HUB_ALERT_WEBHOOK"] == environ["HUB_ALERT_EMAILS"] == ""
        assert environ["HUB_INVOICE_EMAILS"] == "false"
