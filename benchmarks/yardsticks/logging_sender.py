"""What a durable log costs by itself: the bare sender, and a row for each answer in a copy of the hub's call log.

One transaction and one round trip for what has been answered meanwhile, in a thread; the next call does not wait for
it. Nothing says where to go on after a crash. Arguments: CHANGES PORTS DSN; prints when it began and was done.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any, cast

import httptools
import psycopg2
import uvloop

from benchmarks import bodies
from benchmarks.load import make_request

_OBJECTS = 32
_PLAN = """PREPARE log (text[], text[]) AS
 INSERT INTO bench_calllog (at, leg, platform, module, interface, method, object_id, sender, receiver, request_id,
  correlation_id, decision, http_status, status_code, duration_ms, size)
 SELECT now(), 'out', 1, 'locations', 'RECEIVER', 'PATCH', key, 'DECPA', 'NL001', id, id, 'deliver', 200, 1000, 1, 70
   FROM unnest($1, $2) AS given(key, id)"""

_Rows = queue.SimpleQueue[tuple[str, str] | None]


class _Sender(asyncio.Protocol):
    """One receiver's calls, one after the other."""

    def __init__(self, port: int, *, changes: int, rows: _Rows) -> None:
        self._calls = islice(cycle(range(_OBJECTS)), changes)
        self._requests = [
            make_request("PATCH", f"/2.2.1/receiver/locations/DE/CPA/LOC{n}/LOC{n}-0", body=bodies.status(1))
            for n in range(_OBJECTS)
        ]
        self._port, self._rows = port, rows
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._rows.put((f"LOC{self._object}", f"{self._port}-{self._object}"))
        self._send_next()

    def _send_next(self) -> None:
        following = next(self._calls, None)
        if following is None:
            self.done.set_result(None)
            return
        self._object = following
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(self._requests[following])


def _write(rows: _Rows, cursor: Any) -> None:
    """Until None comes; then all is durable."""
    batch: list[tuple[str, str]] = []
    row = rows.get()
    while row is not None:
        batch.append(row)
        if rows.empty() or len(batch) == 256:
            keys, ids = zip(*batch, strict=True)
            cursor.execute("BEGIN; EXECUTE log (%s, %s); COMMIT", (list(keys), list(ids)))
            batch.clear()
        row = rows.get()


async def _send(ports: Sequence[int], *, changes: int, rows: _Rows) -> None:
    loop = asyncio.get_running_loop()
    senders = []
    for port in ports:
        _, sender = await loop.create_connection(lambda: _Sender(port, changes=changes, rows=rows), "127.0.0.1", port)  # noqa: B023
        senders.append(sender)
    for sender in senders:
        await sender.done


def main(changes: int, ports: Sequence[int], dsn: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(_PLAN)
    rows: _Rows = queue.SimpleQueue()
    thread = threading.Thread(target=_write, args=(rows, cursor))
    thread.start()
    began = time.perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send(ports, changes=changes, rows=rows))
    rows.put(None)
    thread.join()
    print(began, time.perf_counter())


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(port) for port in sys.argv[2].split(",")], sys.argv[3])
