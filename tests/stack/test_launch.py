from __future__ import annotations

import os
import subprocess
import sys

import pytest

from roaming_hub.stack.child import LAUNCHER
from roaming_hub.stack.folders import NOBODY
from tests.stack.stand_ins import SLEEPS, is_alive, until

# A parent that starts a program through the launcher, says its pid and waits; no guardian is near.
PARENT = f"""
import os, subprocess, sys, time
program = [sys.executable, '-S', '-c', {SLEEPS!r}]
launched = [sys.executable, '-I', '-S', sys.argv[1], str(os.getpid()), '-', '--', *program]
child = subprocess.Popen(launched, start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


class TestLaunch:
    @pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is of Linux")
    def test_the_program_dies_with_its_parent(self):
        argv = [sys.executable, "-c", PARENT, str(LAUNCHER)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            program = int(parent.stdout.readline())
            assert is_alive(program)

            parent.kill()

        assert until(lambda: not is_alive(program))

    @pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is of Linux")
    def test_refuses_when_the_parent_has_gone_already(self):
        argv = [sys.executable, "-I", "-S", str(LAUNCHER), "1", "-", "--", "/bin/true"]

        done = subprocess.run(argv, capture_output=True, text=True)

        assert done.returncode == 1
        assert "already gone" in done.stderr

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_the_program_runs_as_the_user_wanted_and_without_our_groups(self):
        argv = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(NOBODY), "--", "/usr/bin/id"]

        done = subprocess.run(argv, capture_output=True, text=True, cwd="/", check=True, extra_groups=[0, 4])

        assert f"uid={NOBODY}" in done.stdout
        assert "(root)" not in done.stdout
