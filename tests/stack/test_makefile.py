"""`make` on a machine that has nothing yet, with a stand-in for Python that only looks as if it installed something."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.stack.stand_ins import PROJECT

PYTHON = """#!/bin/sh
case "$2" in
    venv) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/bin/pip" ;;
    pip) test -e "${0%/*}/pip" && test ! -e offline ;;
esac
"""
OLD_PYTHON = """#!/bin/sh
case "$1" in
    --version) echo "Python 3.10.12" ;;
    -c) exit 1 ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """In a folder whose name has a space, as people's have."""
    clone = tmp_path / "my hub"
    clone.mkdir()
    shutil.copy(PROJECT / "Makefile", clone)
    (clone / "requirements.lock").touch()
    (clone / "python3").write_text(PYTHON)
    (clone / "python3").chmod(0o755)
    return clone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The first folder of the search path, on a machine whose Pythons are all too old."""
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("python3", "python3.15", "python3.14", "python3.13", "python3.12", "python3.11"):
        (path / name).write_text(OLD_PYTHON)
        (path / name).chmod(0o755)
    return path


def install(clone: Path, *, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    argv = ["make", ".venv/.run", *([] if path else ["PYTHON=./python3"])]
    environ = {"PATH": f"{path}:/usr/bin:/bin"} if path else None
    return subprocess.run(argv, cwd=clone, env=environ, capture_output=True, text=True, check=False)


class TestMakefile:
    def test_makes_an_environment_anew_that_was_broken_off(self, clone: Path):
        (clone / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(clone / "python3", clone / ".venv" / "bin" / "python")

        done = install(clone)

        assert done.returncode == 0, done.stderr
        assert (clone / ".venv" / ".run").exists()

    def test_says_what_to_do_without_a_network(self, clone: Path):
        (clone / "offline").touch()

        done = install(clone)

        assert done.returncode != 0
        assert "needs the network this once" in done.stdout
        assert not (clone / ".venv" / ".run").exists()

    def test_takes_a_python_that_is_new_enough_where_the_first_is_not(self, clone: Path, path: Path):
        shutil.copy(clone / "python3", path / "python3.12")

        done = install(clone, path=path)

        assert done.returncode == 0, done.stdout + done.stderr
        assert (clone / ".venv" / ".run").exists()

    def test_names_the_python_that_is_too_old_where_there_is_no_other(self, clone: Path, path: Path):
        done = install(clone, path=path)

        assert done.returncode != 0
        assert "Python 3.10.12 is too old: the hub needs 3.11 or later" in done.stdout
        assert not (clone / ".venv").exists()
