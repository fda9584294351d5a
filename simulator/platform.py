"""One simulated OCPI platform: its world, its OCPI port, and the switch that makes it unreachable for a while."""

from __future__ import annotations

import socket

from aiohttp import web

from simulator.charging import ChargePoints
from simulator.client import Client
from simulator.clock import format_moment
from simulator.config import PlatformConfig
from simulator.pushes import Pusher
from simulator.remote import Remote
from simulator.server import OcpiServer
from simulator.state import State
from simulator.world import World


class Platform:
    """Start it, and it listens; `leave` refuses connections until `come_back`."""

    def __init__(self, config: PlatformConfig) -> None:
        self.config = config
        self.state = State(config)
        self.client = Client(self.state)
        self.pusher = Pusher(self.state, self.client)
        self.charge_points = ChargePoints(self.state, self.pusher)
        self.remote = Remote(self.state, self.client, self.charge_points)
        self._server = OcpiServer(self.state, self.client, self.remote)
        self._reservation: socket.socket | None = None
        self._runner: web.ServerRunner | None = None
        self._fill()

    async def start(self) -> None:
        """The port stays reserved by a socket that never listens, so that nobody takes it while we are away."""
        self._reservation = _bind(self.config.host, self.config.port)
        if not self.state.base_url:
            self.state.base_url = f"http://{self.config.host}:{self.port}"
        await self.come_back()

    async def stop(self) -> None:
        await self.leave()
        await self.remote.stop()
        await self.client.close()
        if self._reservation is not None:
            self._reservation.close()

    @property
    def port(self) -> int:
        assert self._reservation is not None, "not started"
        return int(self._reservation.getsockname()[1])

    @property
    def is_away(self) -> bool:
        return self._runner is None

    async def leave(self) -> None:
        """Refuse connections and cut the open ones."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def come_back(self) -> None:
        if self._runner is None:
            self._runner = web.ServerRunner(web.Server(self._server.serve, access_log=None), shutdown_timeout=0.5)
            await self._runner.setup()
            await web.SockSite(self._runner, _bind(self.config.host, self.port)).start()

    def _fill(self) -> None:
        """Every party's part of the world, as old as the platform."""
        updated = format_moment(self.state.clock.tick())
        for party in self.config.parties:
            world = World(party, seed=self.config.seed, updated=updated)
            built = {
                "tariffs": world.build_tariffs(),
                "locations": world.build_locations(),
                "tokens": world.build_tokens(),
            }
            for module, documents in built.items():
                for document in documents:
                    self.state.own_of(party.key, module).put(document)


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound
