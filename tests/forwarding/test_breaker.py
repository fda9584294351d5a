"""Lanes of a platform that is left alone: nothing is tried, what was promised waits, the still-alive check helps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.test.utils import override_settings

from forwarding.drain import drain
from forwarding.models import DeadLetter
from forwarding.watch import get_due, watch
from ocpi.calls import Delivery, Role
from parties.limits import Limits
from parties.limits.breaker import Broken, read, write
from parties.limits.share import BREAKERS
from parties.models import Heartbeat
from tests.forwarding.cast import CPO, EMSP, LOOPBACK, accept, agree, make_platform, run_drain, tell, tell_session
from tests.parties.http_peer import serve


@pytest.fixture
def resting() -> Limits:
    """Of a process that has just seen five failures of whoever asks."""
    limits = Limits(failures=1, pause=600)
    return limits


def read_told(server: redis.Redis, platform: int) -> Broken | None:
    text = server.hget(BREAKERS, str(platform))
    return read(text) if isinstance(text, bytes) else None


def drain_with(limits: Limits, clock) -> int:
    return asyncio.run(drain(clock=clock, seconds=5.0, egress=LOOPBACK, limits=limits))


class TestLanes:
    @pytest.fixture(autouse=True)
    def cpo(self, hub, clock, peer):
        make_platform(CPO, Role.CPO)
        run_drain(clock)

    def test_try_nothing_and_keep_what_was_promised(self, clock, peer, resting: Limits):
        emsp = make_platform(EMSP, Role.EMSP, url=peer.url)
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        run_drain(clock)
        resting.breakers.note_failure(emsp.pk, reason="silence", started=time.time())
        tell_session("S1")
        tell("LOC1")

        assert drain_with(resting, clock) == 0
        assert peer.seen == []
        assert not DeadLetter.objects.exists()

        clock.pass_(minutes=10)
        resting.breakers.note_heard(emsp.pk)
        assert drain_with(resting, clock) == 2
        assert resting.breakers.get(emsp.pk) is None  # an answer has closed it

    def test_under_relay_pass_it_by(self, clock, peer, resting: Limits, query):
        emsp = make_platform(EMSP, Role.EMSP, url=peer.url)
        agree(CPO, EMSP)
        run_drain(clock)
        resting.breakers.note_failure(emsp.pk, reason="silence", started=time.time())
        tell("LOC1")
        drain_with(resting, clock)

        assert peer.seen == []
        (message,) = query("SELECT message FROM journal_calllog WHERE decision = 'skip'")[0]
        assert "no answer" in message

    def test_that_fail_open_it_for_directed_calls_too(self, clock, peer, resting: Limits):
        emsp = make_platform(EMSP, Role.EMSP, url="http://127.0.0.1:9")
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        run_drain(clock)
        tell_session("S1")
        drain_with(resting, clock)

        assert "no answer" in resting.get_reason_to_rest(emsp.pk)


class TestStillAliveCheck:
    @pytest.fixture
    def server(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(BREAKERS)
            yield client
            client.delete(BREAKERS)

    def test_asks_whom_the_hub_leaves_alone(self, hub, server: redis.Redis):
        """Whoever is called rarely would wait long for a call that could be the probe."""
        with serve(accept) as peer, override_settings(HUB_REQUIRE_HTTPS=False, HUB_EGRESS_ALLOW=list(LOOPBACK.allow)):
            now = datetime.now(UTC)
            emsp = make_platform(EMSP, Role.EMSP, url=peer.url)
            well = make_platform(CPO, Role.CPO, url=peer.url)
            for platform in (emsp, well):
                Heartbeat.objects.create(platform=platform, heard_at=now)
            told = Broken(platform=emsp.pk, since=time.time(), until=time.time() + 600, failures=5)
            server.hset(BREAKERS, str(emsp.pk), write(told))

            assert get_due(now=now) == [emsp.pk]
            watch(clock=lambda: now + timedelta(seconds=20))

        end = time.monotonic() + 20
        while (known := read_told(server, emsp.pk)) is None or not known.on_trial:
            assert time.monotonic() < end
            time.sleep(0.02)
