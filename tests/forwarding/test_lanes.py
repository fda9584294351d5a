"""Leases and fences, on two connections at once; the wake-up, the watch, and dead letters sent again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings

from forwarding import lanes, waiting, wake
from forwarding.models import DeadLetter, Lane
from forwarding.resend import get_open, resend, resend_these
from forwarding.waiting import Waiting
from forwarding.watch import get_due, watch
from journal.connection import connect
from journal.rows import SUBLANES
from ocpi.calls import Delivery, Role
from parties.models import Heartbeat, Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
    LONG_AGO,
    NOW,
    agree,
    envelope,
    get_paths,
    make_platform,
    run_drain,
    tell,
    tell_session,
)
from tests.forwarding.receivers import answer_with, store_session
from tests.parties.http_peer import HttpPeer


@pytest.fixture
def emsp(hub: None) -> Platform:
    return make_platform(EMSP, Role.EMSP)


@pytest.fixture
def workers(hub: None) -> Iterator[list[Any]]:
    """Two workers' connections."""
    connections = [connect(name="hub test") for _ in range(2)]
    yield [connection.cursor() for connection in connections]
    for connection in connections:
        connection.close()


class TestLanes:
    def test_begin_once_for_registered_platforms_only(self, emsp, workers):
        make_platform(CPO, Role.CPO, state=Platform.State.PLANNED)

        made = [lanes.ensure_lanes(workers[0], now=NOW) for _ in range(2)]
        workers[0].connection.commit()

        assert made == [SUBLANES, 0]
        assert set(Lane.objects.values_list("platform", flat=True)) == {emsp.pk}

    def test_two_workers_never_have_the_same(self, emsp, workers):
        lanes.ensure_lanes(workers[0], now=NOW)
        workers[0].connection.commit()
        for number in range(60):
            tell(f"LOC{number}")

        first, second = (lanes.lease(worker, limit=5, now=NOW) for worker in workers)

        assert len(first) == 5
        assert len(second) == SUBLANES - 5
        assert not {lane.id for lane in first} & {lane.id for lane in second}

    def test_a_lease_runs_out_and_the_fence_tells(self, emsp, workers):
        lanes.ensure_lanes(workers[0], now=NOW)
        workers[0].connection.commit()
        event = tell()
        (before,) = lanes.lease(workers[0], limit=9, now=NOW)
        workers[0].connection.commit()
        assert lanes.lease(workers[1], limit=9, now=NOW + timedelta(seconds=14)) == []

        (after,) = lanes.lease(workers[1], limit=9, now=NOW + timedelta(seconds=16))
        workers[1].connection.commit()

        assert (after.fence, after.crashed_at) == (before.fence + 1, NOW + lanes.LEASE)
        at_end: dict[str, Any] = {"lane": before.id, "seen": event, "seen_at": NOW, "waiting": {}}
        assert not lanes.advance(workers[0], [lanes.Position(fence=before.fence, **at_end)], now=NOW)
        assert not lanes.give_back(workers[0], lane=before.id, fence=before.fence, held=False)
        late: dict[str, Any] = {"failures": 1, "retry_at": NOW, "error": "", "held": False, "now": NOW}
        assert not lanes.park(workers[0], lane=before.id, fence=before.fence, **late)
        assert lanes.advance(workers[1], [lanes.Position(fence=after.fence, **at_end)], now=NOW) == {before.id}

    def test_many_are_saved_at_once_and_those_that_are_through_released(self, emsp, workers):
        lanes.ensure_lanes(workers[0], now=NOW)
        workers[0].connection.commit()
        for number in range(60):
            tell(f"LOC{number}")
        leased = lanes.lease(workers[0], limit=3, now=NOW)
        positions = [
            lanes.Position(lane=lane.id, fence=lane.fence, seen=60 + number, seen_at=NOW, waiting={}, sent=number)
            for number, lane in enumerate(leased)
        ]
        positions[1] = replace(positions[1], release=lanes.Release(error="away", is_held=True))
        positions[2] = replace(positions[2], fence=0, release=lanes.Release())

        ours = lanes.advance(workers[0], positions, now=NOW)
        workers[0].connection.commit()

        held, released, lost = (Lane.objects.get(pk=lane.id) for lane in leased)
        assert ours == {held.pk, released.pk}
        assert (held.seen, held.sent, held.leased_until) == (60, 0, NOW + lanes.LEASE)
        assert (released.seen, released.sent, released.leased_until) == (61, 1, None)
        assert (released.last_error, released.is_held) == ("away", True)
        assert (lost.seen, lost.sent, lost.leased_until) == (leased[2].seen, 0, NOW + lanes.LEASE)

    def test_one_drain_lingers_of_all(self, workers):
        assert lanes.claim_lingering(workers[0])
        workers[0].connection.commit()  # it is the connection that holds it

        assert not lanes.claim_lingering(workers[1])

    def test_what_is_up_to_date_is_not_leased(self, emsp, workers):
        lanes.ensure_lanes(workers[0], now=NOW)

        assert lanes.lease(workers[0], limit=9, now=NOW) == []

    def test_the_cursor_stands_before_what_waits(self):
        given = [Waiting(event=7, receiver="frmsp", at=NOW), Waiting(event=5, receiver="itmsq", at=LONG_AGO, lost=True)]
        stored = {one.key: one for one in given}
        position = lanes.Position(lane=1, fence=1, seen=9, seen_at=NOW, waiting=stored)

        assert position.cursor == 4
        assert position.cursor_at < LONG_AGO
        assert waiting.read(waiting.write(stored)) == stored

    def test_what_waits_with_a_time_to_come_hides_nothing_behind_it(self):
        """Its web host's clock was ahead: what comes next joins the queue all the same (gateway.waiting)."""
        ahead = Waiting(event=5, receiver="frmsp", at=NOW + timedelta(days=30))
        position = lanes.Position(lane=1, fence=1, seen=9, seen_at=NOW, waiting={ahead.key: ahead})

        assert position.cursor_at < NOW


class TestResend:
    @pytest.fixture
    def letter(self, hub: None, peer: HttpPeer, clock) -> DeadLetter:
        make_platform(CPO, Role.CPO)
        make_platform(EMSP, Role.EMSP, url=peer.url)
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        peer.behave = answer_with(2001)
        tell_session("S1", body='{"old":1}')
        run_drain(clock)
        peer.seen.clear()
        peer.behave = lambda handler: handler.answer(envelope())
        return DeadLetter.objects.get()

    def test_goes_to_that_receiver_again(self, letter, peer, clock):
        resend(letter, now=NOW)

        assert run_drain(clock) == 1
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]
        assert peer.seen[0].body == b'{"old":1}'
        assert DeadLetter.objects.get().resent_at == NOW

    def test_newer_state_is_sent_instead_of_the_old(self, letter, peer, clock):
        store_session("S1")

        resend(letter, now=NOW)
        run_drain(clock)

        assert peer.seen[0].body == b"{}"

    def test_refused_again_is_a_new_letter(self, letter, peer, clock):
        peer.behave = answer_with(2001)
        resend(letter, now=NOW)
        run_drain(clock)

        assert DeadLetter.objects.count() == 2

    def test_all_open_ones(self, letter, peer, clock):
        assert resend_these(get_open(), clock=clock).sent == 1
        assert resend_these(get_open(), clock=clock).sent == 0


class TestWatch:
    def test_the_silent_and_the_away_are_asked(self, hub, peer):
        silent = make_platform(CPO, Role.CPO, url=peer.url)
        away = make_platform(EMSP, Role.EMSP, url=peer.url, is_online=False)
        Heartbeat.objects.create(platform=away, heard_at=NOW, probed_at=NOW - timedelta(seconds=20))

        assert get_due(now=NOW) == [silent.pk, away.pk]

    def test_one_that_was_just_heard_is_left_alone(self, emsp):
        Heartbeat.objects.create(platform=emsp, heard_at=NOW)

        assert get_due(now=NOW) == []

    def test_a_platform_that_answers_is_back(self, hub, peer, settings):
        settings.HUB_REQUIRE_HTTPS = False
        from ipaddress import ip_network

        settings.HUB_EGRESS_ALLOW = [ip_network("127.0.0.0/8")]
        platform = make_platform(EMSP, Role.EMSP, url=peer.url, is_online=False)

        assert watch(clock=lambda: NOW) == 1

        platform.refresh_from_db()
        assert platform.is_online


class TestWaker:
    @pytest.fixture
    def sent(self, monkeypatch) -> list[str]:
        sent: list[str] = []
        monkeypatch.setattr(wake.current_app, "send_task", lambda name, **options: sent.append(name))
        return sent

    @pytest.fixture
    def clean(self) -> Iterator[redis.Redis]:
        client = redis.Redis.from_url(settings.REDIS_URL)
        client.delete(wake.KEY)
        yield client
        client.delete(wake.KEY)
        client.close()

    def test_one_drain_waits_however_often_it_is_called(self, sent, clean):
        waker = wake.Waker()
        for _ in range(20):
            waker._send()
        assert sent == [wake.TASK]

        wake.take_wake_up()
        waker._send()

        assert sent == [wake.TASK] * 2

    def test_nobody_is_woken_while_a_drain_looks_for_itself(self, sent, clean):
        """Also when the clock sweeps the lanes meanwhile."""
        wake.hush(True)
        wake.take_wake_up()
        wake.Waker()._send()
        assert sent == []

        wake.hush(False)
        wake.Waker()._send()
        assert sent == [wake.TASK]

    def test_calls_go_through_its_own_thread(self, sent, clean):
        told = threading.Event()
        waker = wake.Waker()
        waker._send = told.set  # type: ignore[method-assign]
        waker.start()

        waker.wake()

        assert told.wait(5)
        waker.stop()

    def test_without_redis_nobody_notices(self, settings, caplog):
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
        waker = wake.Waker()
        waker.start()
        began = time.monotonic()

        for _ in range(100):
            waker.wake()

        assert time.monotonic() - began < 0.5
        waker.stop()
        wake.take_wake_up()
