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


def install(clone: Path) -> subprocess.CompletedProcess[str]:
    argv = ["make", "PYTHON=./python3", ".venv/.run"]
    return subprocess.run(argv, cwd=clone, capture_output=True, text=True, check=False)


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
