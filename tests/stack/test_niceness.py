"""Workers and beat give way to those whom somebody waits for, where it counts: among sessions, too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from roaming_hub.niceness import AUTOGROUP

TELL = f"""
import os
from celery.signals import beat_init, worker_init
import roaming_hub.celery
{{signal}}.send(None)
{{signal}}.send(None)
print(os.nice(0), *(open("{AUTOGROUP}").read().split()[1:] if os.path.exists("{AUTOGROUP}") else ()))
"""


def step_back(signal: str, *, is_leader: bool) -> list[str]:
    """What the process says of itself: its niceness, and "nice" with that of its session."""
    done = subprocess.run(
        [sys.executable, "-c", TELL.format(signal=signal)],
        start_new_session=is_leader,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize("signal", ["worker_init", "beat_init"])
class TestStepBack:
    def test_is_heard_by_the_process(self, signal: str):
        assert step_back(signal, is_leader=True)[0] == str(max(10, os.nice(0)))

    @pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not group by session")
    def test_is_heard_by_its_session(self, signal: str):
        assert step_back(signal, is_leader=True)[1:] == ["nice", "10"]

    @pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not group by session")
    def test_leaves_a_session_alone_that_others_share(self, signal: str):
        assert step_back(signal, is_leader=False)[1:] == AUTOGROUP.read_text().split()[1:]
