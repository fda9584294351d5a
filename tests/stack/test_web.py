"""A web process's end, with an application that does nothing."""

from __future__ import annotations

import signal
import subprocess
import sys

from roaming_hub.web import READY
from tests.stack.stand_ins import PROJECT

SERVES = """
import uvicorn
from roaming_hub.web import Server

async def nothing(scope, receive, send): pass

Server(uvicorn.Config(nothing, port=0, lifespan="off", log_config=None), leave_seconds=0).run()
"""


class TestServer:
    def test_ends_without_a_word_when_it_is_interrupted(self):
        argv = [sys.executable, "-c", SERVES]
        with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                assert server.stdout.readline().strip() == READY

                server.send_signal(signal.SIGINT)
                _, told = server.communicate(timeout=20)
            finally:
                server.kill()

        assert (server.returncode, told) == (0, "")
