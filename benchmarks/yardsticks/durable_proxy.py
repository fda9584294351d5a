"""What durability costs by itself: the bare proxy, and two transactions a call as the hub has them. Nothing is checked.

The session is stored before it is passed on; the verdict and two rows of the log before it is answered. Statements are
planned once, calls of the same moment share a transaction and its one round trip. Arguments: PORT TARGET DSN.
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
  flags, received_at, changed_at, verdict_message, token_owner, status, currency, location_key)
 SELECT 'decpa', key, '', key, '2.2.1', document, now(), true, '', now(), now(), '', 'nlmsa', 'ACTIVE', 'EUR', 'loc1'
   FROM unnest($1, $2) AS given(key, document)
 ON CONFLICT (owner, object_key, audience) DO UPDATE SET document = excluded.document,
  last_updated = excluded.last_updated, changed_at = excluded.changed_at, verdict_code = NULL, verdict_at = NULL;
PREPARE mark (text[]) AS
 UPDATE bench_session SET verdict_code = 1000, verdict_at = now()
   FROM unnest($1) AS given(key) WHERE owner = 'decpa' AND object_key = key AND audience = '';
PREPARE log (text[], text[], text[]) AS
 INSERT INTO bench_calllog (at, leg, platform, module, interface, method, object_id, sender, receiver, request_id,
  correlation_id, decision, http_status, status_code, duration_ms, size)
 SELECT now(), leg, 1, 'sessions', 'RECEIVER', 'PUT', key, 'DECPA', 'NLMSA', id, id, 'forward', 200, 1000, 1, 900
   FROM unnest($1, $2, $3) AS given(leg, key, id)
"""


class Keeper:
    """A thread with a connection; whatever waits while a transaction is under way is the next one."""

    def __init__(self, dsn: str) -> None:
        self._waiting: queue.SimpleQueue[tuple[asyncio.Future[None], str, bytes | None, str]] = queue.SimpleQueue()
        self._connection = psycopg2.connect(dsn)
        self._connection.autocommit = True
        self._cursor = self._connection.cursor()
        self._cursor.execute(_PLANS)
        threading.Thread(target=self._work, daemon=True).start()

    async def keep(self, key: str, *, document: bytes | None = None, request_id: str = "") -> None:
        """With a document: the session. Without: what became of the call."""
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

    def _write(self, batch: list[tuple[asyncio.Future[None], str, bytes | None, str]]) -> None:
        stored = dict(sorted({key: document.decode() for _, key, document, _ in batch if document is not None}.items()))
        done = sorted((key, request_id) for _, key, document, request_id in batch if document is None)
        texts, values = ["BEGIN"], []
        if stored:
            texts.append("EXECUTE store (%s, %s)")
            values += [list(stored), list(stored.values())]
        if done:
            keys, ids = [key for key, _ in done], [request_id for _, request_id in done]
            texts += ["EXECUTE mark (%s)", "EXECUTE log (%s, %s, %s)"]
            values += [keys, ["in"] * len(done) + ["out"] * len(done), keys * 2, ids * 2]
        self._cursor.execute("; ".join([*texts, "COMMIT"]), values)


def _settle(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


async def keep_and_pass_on(request: web.Request) -> web.Response:
    keeper: Keeper = request.app["keeper"]
    key = request.path.rpartition("/")[2].lower()
    await keeper.keep(key, document=await request.read())
    response = await pass_on(request)
    await keeper.keep(key, request_id=request.headers["X-Request-ID"])
    return response


if __name__ == "__main__":
    application = make_application(sys.argv[2], handler=keep_and_pass_on)
    application["keeper"] = Keeper(sys.argv[3])
    serve(application, port=int(sys.argv[1]))
