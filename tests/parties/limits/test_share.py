"""Several processes, one Redis: what one learns all know, one of them tries, and without Redis each goes on alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from django.conf import settings

from parties.limits import Limits, NotNow, share
from parties.limits.breaker import Permission
from parties.limits.share import BREAKERS, PROCESSES, Share

P = 424242
_URL = settings.REDIS_URL
OWN = _URL.replace("db=0", "db=5") if "db=" in _URL else _URL.rpartition("/")[0] + "/5"  # not where a hub may be
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(OWN) as client:
        client.delete(BREAKERS, PROCESSES, f"hub:breaker:probe:{P}")
        yield client
        client.delete(BREAKERS, PROCESSES, f"hub:breaker:probe:{P}")


@pytest.fixture
def new_process(server: redis.Redis) -> Iterator[Callable[..., Limits]]:
    made: list[Limits] = []

    def make(kind: str = "web", url: str = OWN) -> Limits:
        limits = Limits(share=Share(url=url, kind=kind), failures=1, pause=0.2)
        limits.start()
        made.append(limits)
        return limits

    yield make
    for limits in made:
        limits.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def fail(limits: Limits) -> None:
    limits.breakers.note_failure(P, reason="silence", started=time.time())


def try_once(limits: Limits) -> str:
    """What becomes of a call of this process."""

    async def call() -> str:
        try:
            ticket = await limits.admit(P)
        except NotNow:
            return "refused"
        with ticket:
            return "let through"

    return asyncio.run(call())


class TestBreakers:
    def test_that_one_process_opens_are_open_in_all_and_close_in_all(self, new_process: Callable[..., Limits]):
        one, other = new_process(), new_process("worker")
        one.breakers._pause = 600.0
        fail(one)
        wait_until(lambda: other.breakers.look(P) is Permission.NO)
        refused = try_once(other)

        other.breakers.note_heard(P)  # it called the other process
        wait_until(lambda: one.breakers.look(P) is Permission.GO)

        assert refused == "refused"

    def test_let_exactly_one_call_of_all_processes_try(self, new_process: Callable[..., Limits]):
        processes = [new_process() for _ in range(4)]
        wait_until(lambda: all(limits._share is not None and limits._share.is_up for limits in processes))
        fail(processes[0])
        wait_until(lambda: all(limits.breakers.look(P) is Permission.ASK for limits in processes))
        under_way: list[int] = []
        most: list[int] = []

        async def call(limits: Limits) -> str:
            try:
                ticket = await limits.admit(P)
            except NotNow:
                return "refused"
            with ticket:
                under_way.append(1)
                most.append(len(under_way))
                await asyncio.sleep(0.5)
                under_way.pop()
            return "let through"

        async def all_at_once() -> list[str]:
            return await asyncio.gather(*(call(limits) for limits in processes for _ in range(5)))

        ends = asyncio.run(all_at_once())

        assert ends.count("let through") == 1
        assert max(most) == 1

    def test_let_another_try_when_the_first_has_said_nothing(self, new_process: Callable[..., Limits]):
        one, other = new_process(), new_process()
        wait_until(lambda: one._share is not None and one._share.is_up)
        fail(one)
        wait_until(lambda: one.breakers.look(P) is other.breakers.look(P) is Permission.ASK)
        first = try_once(one)  # ends without an answer or a failure: its caller went away
        wait_until(lambda: try_once(other) == "let through")

        assert first == "let through"

    def test_that_are_not_told_are_told_when_redis_is_back(
        self, new_process: Callable[..., Limits], server: redis.Redis
    ):
        one = new_process()
        assert one._share is not None
        back, one._share._redis = one._share._redis, redis.Redis.from_url(NOWHERE)
        one.breakers._pause = 600.0
        fail(one)
        wait_until(lambda: one._share is not None and bool(one._share._news))
        alone = try_once(one)
        one._share._redis = back
        wait_until(lambda: bool(server.hexists(BREAKERS, str(P))))

        assert alone == "refused"


class TestWithoutRedis:
    def test_each_process_goes_by_what_it_sees_itself(self, new_process: Callable[..., Limits]):
        limits = new_process(url=NOWHERE)
        calm = try_once(limits)
        fail(limits)
        open_ = try_once(limits)
        time.sleep(0.25)
        probe = try_once(limits)

        assert (calm, open_, probe) == ("let through", "refused", "let through")
        assert limits.get_part(64) == 64


class TestProcesses:
    def test_share_what_a_platform_may_have_open(self, new_process: Callable[..., Limits]):
        web, _, worker = new_process(), new_process(), new_process("worker")
        wait_until(lambda: web.count_processes() == 3 == worker.count_processes())

        assert web.count_processes("web") == 2
        assert (web.get_part(64), web.get_part(2)) == (21, 1)

    def test_that_leave_are_not_counted_any_more(
        self, new_process: Callable[..., Limits], monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(share, "GONE_SECONDS", 600)  # it is not because they fall silent
        stays, leaves = new_process(), new_process()
        wait_until(lambda: stays.count_processes() == 2)
        leaves.stop()
        wait_until(lambda: stays.count_processes() == 1)

        assert stays.get_part(64) == 64

    def test_that_die_are_forgotten(self, new_process: Callable[..., Limits], server: redis.Redis):
        stays = new_process()
        server.zadd(PROCESSES, {"web:elsewhere:1:dead": 1.0})
        wait_until(lambda: server.zscore(PROCESSES, "web:elsewhere:1:dead") is None)

        assert stays.count_processes() == 1

    def test_keep_their_last_count_while_redis_is_away(self, new_process: Callable[..., Limits]):
        one, _ = new_process(), new_process()
        wait_until(lambda: one.count_processes() == 2)
        assert one._share is not None
        one._share._redis = redis.Redis.from_url(NOWHERE)
        wait_until(lambda: one._share is not None and not one._share.is_up)

        assert one.get_part(64) == 32
