"""A web process: `python -m roaming_hub.web`, on HUB_HOST and HUB_PORT, or `--fd N` on a socket that was handed down.

SIGTERM: it takes no new connections, answers what still comes on open ones for HUB_LEAVE seconds and asks for each to
be closed by that answer, so that no call meets a connection that is just being closed. SIGINT: at once, but what is
open is finished.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from roaming_hub import heap
from roaming_hub.lean_http import Protocol

READY = "web: answering"  # the stack waits for this line
FINISH_SECONDS = 10  # for calls that are open at the end
# The writer's thread needs the interpreter for moments only, but all callers wait for it; the usual 5 ms would pass
# each time before the event loop lets go.
SWITCH_SECONDS = 0.0005
# Much is made per call and freed at once. Looking for cycles seldom, and never again among what was there at the start,
# costs less and pauses less.
GARBAGE = (20_000, 20, 20)


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, leave_seconds: float) -> None:
        super().__init__(config)
        self._leave_seconds = leave_seconds
        self._is_polite = False

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it once more when all is finished
            super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and not self.should_exit:
            self._is_polite = True
        elif sig == signal.SIGINT:
            self._is_polite = False  # a second signal has no patience
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            _settle_down()
            print(READY, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        if self._is_polite:
            await self._leave()
        await super().shutdown(sockets)

    async def _leave(self) -> None:
        """Idle connections end by themselves meanwhile (uvicorn's keep-alive limit is five seconds)."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._leave_seconds
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete:  # its answer was begun with the headers of before
                connection.shutdown()
        while self.server_state.connections and loop.time() < end and self._is_polite:
            await asyncio.sleep(0.05)


def _settle_down() -> None:
    """All that lives as long as the process is there now."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m roaming_hub.web", description=__doc__)
    parser.add_argument("--fd", type=int, help="the number of a listening socket that was handed down")
    given = parser.parse_args()
    heap.keep_freed()
    config = uvicorn.Config(
        "roaming_hub.asgi:application",
        host=os.environ.get("HUB_HOST", "127.0.0.1"),
        port=int(os.environ.get("HUB_PORT", "8600")),
        proxy_headers=False,  # who a request really comes from is the application's to decide (HUB_TRUSTED_PROXIES)
        server_header=False,
        access_log=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
        lifespan="on",
        http=Protocol,
    )
    server = Server(config, leave_seconds=float(os.environ.get("HUB_LEAVE", "6")))
    server.run(sockets=[socket.socket(fileno=given.fd)] if given.fd is not None else None)


if __name__ == "__main__":
    main()
