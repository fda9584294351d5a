"""requests under the egress guard: addresses checked at connect time, and an exchange that can be cut off and asked
whether anything was sent."""

from __future__ import annotations

import os
import socket
import threading
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from parties.client.resolver import Resolver
from parties.egress import Egress, make_socket, make_tls_context

_resolver: Resolver


def _make_resolver() -> None:
    global _resolver
    _resolver = Resolver(32, name="resolver")


_make_resolver()
os.register_at_fork(after_in_child=_make_resolver)  # a worker's processes have none of their parent's threads


class Exchange:
    """One request on its way. requests limits each read, not the whole, so a watchdog cuts it off at the deadline."""

    def __init__(self) -> None:
        self.sent = False
        self.is_cut = False
        self._socket: Any = None
        self._is_over = False
        self._lock = threading.Lock()

    def note_send(self, sock: Any) -> None:
        self.sent = True
        self._socket = sock
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """From the watchdog's thread."""
        with self._lock:
            if self._is_over:
                return
            self.is_cut = True
            if self._socket is not None:
                try:
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # also below TLS
                except OSError:
                    return  # gone already: what the watchdog wanted

    def end(self) -> None:
        with self._lock:
            self._is_over = True
            self._socket = None


class _Current(threading.local):
    """The exchange of this thread, and with which platform: a connection is used by the thread that asked for it."""

    exchange: Exchange | None = None
    peer = 0


current = _Current()


class _Response(HTTPResponse):
    """http.client waits behind a 100 alone; behind "early hints" (103) the answer follows as well. Behind a 101
    none does: the peer left HTTP, and nobody asked it to."""

    def begin(self) -> None:
        super().begin()
        while 101 < self.status < 200:
            self.headers = None  # type: ignore[assignment]  # what says that there is no answer yet
            super().begin()


class _Guard:
    """Mixed into urllib3's connections."""

    egress: Egress
    sock: Any
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        connection: Any = self
        deadline = time.monotonic() + connection.timeout
        try:
            asked = _resolver.ask(connection._dns_host, connection.port, asker=current.peer)
            infos = asked.result(timeout=connection.timeout)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(connection.host, connection, error) from error  # type: ignore[arg-type]
        failure: OSError = OSError("no address")
        for number, (family, kind, proto, _, address) in enumerate(infos):
            try:
                return self._connect(family, kind, proto, address, share=len(infos) - number, deadline=deadline)
            except OSError as error:
                failure = error
        raise NewConnectionError(connection, f"no connection: {failure}") from failure

    def _connect(
        self, family: int, kind: int, proto: int, address: Any, *, share: int, deadline: float
    ) -> socket.socket:
        """In a `share`th of the time that is left: one address without an answer leaves some to the others."""
        connection: Any = self
        sock = make_socket(family, kind, proto, address, egress=self.egress)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(_get_left(deadline) / share)
            sock.connect(address)
            sock.settimeout(_get_left(deadline))  # for TLS
        except OSError:
            sock.close()
            raise
        return sock

    def send(self, data: Any) -> None:
        connection: Any = self
        if connection.sock is None:
            connection.connect()
        if current.exchange is not None:
            current.exchange.note_send(connection.sock)
        super().send(data)  # type: ignore[misc]


def _get_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no connection in time")
    return left


class GuardedAdapter(HTTPAdapter):
    """Mounted for http:// and https://; no repeats of its own, no proxies."""

    def __init__(self, *, egress: Egress) -> None:
        self._egress = egress
        super().__init__(max_retries=0, pool_connections=64, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=make_tls_context("urllib3"), **kwargs)
        plain = type("GuardedHTTP", (_Guard, HTTPConnection), {"egress": self._egress})
        secure = type("GuardedHTTPS", (_Guard, HTTPSConnection), {"egress": self._egress})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("GuardedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
