"""What a lost answer, a crash or a lost lease means: repeats that say so, and nothing out of order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import psycopg2
import pytest

from forwarding import record
from forwarding.models import DeadLetter
from ocpi.calls import Delivery
from tests.forwarding.cast import (
    CPO,
    EMSP,
    agree,
    envelope,
    lane_of,
    run_drain,
    tell,
    tell_session,
)
from tests.forwarding.receivers import answer_with, hang_up, query_elsewhere
from tests.parties.http_peer import Handler

SF = Delivery.STORE_AND_FORWARD

pytestmark = pytest.mark.usefixtures("hub")


class TestRepeats:
    def test_a_lost_answer_is_a_repeat_in_the_log(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = hang_up
        tell_session("S1", method="POST")
        run_drain(clock)
        peer.behave = answer_with(1000)
        clock.pass_(minutes=10)

        run_drain(clock)

        rows = query("SELECT attempt, repeat, status_code FROM journal_calllog ORDER BY id")
        assert rows == [(1, False, 4003), (2, True, 1000)]

    def test_a_crash_after_sending_repeats_and_says_so(self, cpo, emsp, peer, clock, query, monkeypatch):
        agree(CPO, EMSP)
        event = tell()

        def die(*args: object, **kwargs: object) -> None:
            raise RuntimeError("as kill -9: nothing is recorded, nothing given back")

        with monkeypatch.context() as patched:
            patched.setattr("forwarding.record.save", die)
            run_drain(clock)
        assert len(peer.seen) == 1
        clock.pass_(seconds=5)
        assert run_drain(clock) == 0  # the lease still holds
        clock.pass_(seconds=11)

        assert run_drain(clock) == 1

        assert len(peer.seen) == 2
        assert query("SELECT attempt, repeat, event FROM journal_calllog") == [(2, True, event)]

    def test_a_delete_that_is_repeated_has_arrived_if_the_object_is_gone(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = hang_up
        path, key = "NL/CPO/T1", "tariffs:nlcpo:t1"
        event = tell(module="tariffs", method="DELETE", path=path, body="", object_key=key, receiver=EMSP.key)
        run_drain(clock)
        peer.behave = answer_with(2001, status=404)
        clock.pass_(minutes=10)

        run_drain(clock)

        assert not DeadLetter.objects.exists()
        assert lane_of(emsp, event_id=event).sent == 1
        assert query("SELECT http_status, status_code FROM journal_calllog ORDER BY id DESC LIMIT 1") == [(404, 2001)]


class TestUnrecorded:
    def test_is_not_gone_past(self, cpo, emsp, peer, clock, monkeypatch):
        """While the second is sent, it turns out that what became of the first cannot be saved."""
        agree(CPO, EMSP, delivery=SF)
        first, _ = (tell_session("S1", body=body) for body in ("1", "2"))
        save, has_failed = record.save, threading.Event()

        def refuse_first(handler: Handler) -> None:
            if handler.body == b"2":
                has_failed.wait(5)
            handler.answer(envelope(2001 if handler.body == b"1" else 1000))

        def fail_once(cursor: Any, records: Sequence[record.Record], **kwargs: Any) -> list[bool]:
            if any(one.log for one in records) and not has_failed.is_set():
                has_failed.set()
                raise psycopg2.OperationalError("no space left on device")
            return save(cursor, records, **kwargs)

        peer.behave = refuse_first
        monkeypatch.setattr("forwarding.record.save", fail_once)
        run_drain(clock)
        clock.pass_(seconds=16)
        run_drain(clock)

        assert DeadLetter.objects.get().event == first
        assert [seen.body for seen in peer.seen] == [b"1", b"2"] * 2


class TestFence:
    def test_who_lost_the_lease_stops_and_moves_nothing(self, cpo, emsp, peer, clock, query):
        """While the first object is sent, another worker takes the lane over."""
        agree(CPO, EMSP)
        events = [tell(f"LOC{n}", object_key="one") for n in range(5)]
        taken = threading.Event()

        def take_over(handler: Handler) -> None:
            if not taken.is_set():
                taken.set()
                query_elsewhere("UPDATE forwarding_lane SET fence = fence + 1, leased_until = '2099-01-01'")
            handler.server.peer.released.wait(0.25)
            handler.answer(envelope())

        peer.behave = take_over

        run_drain(clock)

        assert len(peer.seen) < 5
        lane = lane_of(emsp, event_id=events[0])
        assert lane.cursor < events[0]
        assert lane.sent == 0
        assert query("SELECT count(*) FROM journal_calllog")[0][0] == len(peer.seen)  # what was sent is told
