"""What durability costs by itself: the bare proxy, and a transaction a call as the hub has it. Nothing is checked.

The session, its verdict and two rows of the log are stored before the call is answered. Statements are planned once,
calls of the same moment share a transaction and its one round trip. Arguments: PORT TARGET DSN.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading

import psycopg2
from aiohttp import web

from benchmarks.yardsticks.aiohttp_proxy import make_application, pass_on, serve

_PLANS = """
SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
SET enable_hashjoin = off; SET enable_mergejoin = off;
PREPARE store (text[], text[]) AS
 INSERT INTO bench_session (owner, object_key, audience, object_id, version, document, last_updated, is_verified,
  flags, received_at, changed_at, verdict_code, verdict_message, verdict_at, token_owner, status, currency,
  location_key)
 SELECT 'decpa', key, '', key, '2.2.1', document, now(), true, '', now(), now(), 1000, '', now(), 'nlmsa', 'ACTIVE',
        'EUR', 'loc1'
   FROM unnest($1, $2) AS given(key, document)
 ON CONFLICT (owner, object_key, audience) DO UPDATE SET document = excluded.document,
  last_updated = excluded.last_updated, changed_at = excluded.changed_at, verdict_code = excluded.verdict_code,
  verdict_at = excluded.verdict_at;
PREPARE log (text[], text[], text[]) AS
 INSERT INTO bench_calllog (at, leg, platform, module, interface, method, object_id, sender, receiver, request_id,
  correlation_id, decision, http_status, status_code, duration_ms, size)
 SELECT now(), leg, 1, 'sessions', 'RECEIVER', 'PUT', key, 'DECPA', 'NLMSA', id, id, 'forward', 200, 1000, 1, 900
   FROM unnest($1, $2, $3) AS given(leg, key, id)
"""


class Keeper:
    """A thread with a connection; whatever waits while a transaction is under way is the next one."""

    def __init__(self, dsn: str) -> None:
        self._waiting: queue.SimpleQueue[tuple[asyncio.Future[None], str, bytes, str]] = queue.SimpleQueue()
        self._connection = psycopg2.connect(dsn)
        self._connection.autocommit = True
        self._cursor = self._connection.cursor()
        self._cursor.execute(_PLANS)
        threading.Thread(target=self._work, daemon=True).start()

    async def keep(self, key: str, *, document: bytes, request_id: str) -> None:
        """The session, and what became of the call."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.put((future, key, document, request_id))
        await future

    def _work(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            self._write(batch)
            futures = [future for future, *_ in batch]
            futures[0].get_loop().call_soon_threadsafe(_settle, futures)

    def _write(self, batch: list[tuple[asyncio.Future[None], str, bytes, str]]) -> None:
        # In one order, as the other yardstick locks the same rows; the last state of each.
        stored = dict(sorted({key: document.decode() for _, key, document, _ in batch}.items()))
        keys, ids = [key for _, key, _, _ in batch], [request_id for *_, request_id in batch]
        legs = ["in"] * len(batch) + ["out"] * len(batch)
        values = [list(stored), list(stored.values()), legs, keys * 2, ids * 2]
        self._cursor.execute("BEGIN; EXECUTE store (%s, %s); EXECUTE log (%s, %s, %s); COMMIT", values)


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


async def keep_and_pass_on(request: web.Request) -> web.Response:
    keeper: Keeper = request.app["keeper"]
    key = request.path.rpartition("/")[2].lower()
    response = await pass_on(request)
    await keeper.keep(key, document=await request.read(), request_id=request.headers["X-Request-ID"])
    return response


if __name__ == "__main__":
    application = make_application(sys.argv[2], handler=keep_and_pass_on)
    application["keeper"] = Keeper(sys.argv[3])
    serve(application, port=int(sys.argv[1]))
