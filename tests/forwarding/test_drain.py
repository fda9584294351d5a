"""The lanes at work: a real PostgreSQL, a real receiver on loopback."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from datetime import timedelta

import pytest

from forwarding.deliver import MAX_JUDGED
from forwarding.drain import drain
from forwarding.lane_run import get_pause
from forwarding.models import DeadLetter, Lane
from journal.writer import Writer
from ocpi.calls import Delivery, Role
from parties.models import Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
    LONG_AGO,
    LOOPBACK,
    NOW,
    OTHER_EMSP,
    add_party,
    agree,
    envelope,
    get_paths,
    lane_of,
    make_platform,
    run_drain,
    tell,
    tell_session,
)
from tests.parties.http_peer import Handler, HttpPeer

SF = Delivery.STORE_AND_FORWARD

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def cpo(hub: None) -> Platform:
    return make_platform(CPO, Role.CPO)


@pytest.fixture
def emsp(hub: None, peer: HttpPeer) -> Platform:
    return make_platform(EMSP, Role.EMSP, url=peer.url)


def answer_with(status_code: int, *, status: int = 200, only: str = ""):
    """1000, except on paths that contain `only`."""

    def behave(handler: Handler) -> None:
        if only in handler.path:
            handler.answer(envelope(status_code, message="no"), status=status)
        else:
            handler.answer(envelope())

    return behave


def hang_up(handler: Handler) -> None:
    """It was received; nobody will know."""
    handler.close_connection = True
    handler.connection.close()


class TestBroadcast:
    def test_arrives_as_it_was_pushed(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP)
        body = '{"id":"LOC1",  "own":"field", "n": 1.10}'
        tell(body=body, origin=cpo.pk)

        assert run_drain(clock) == 1

        (seen,) = peer.seen
        assert seen.body == body.encode()  # ROUTE-11
        assert (seen.method, seen.path) == ("PUT", "/receiver/locations/NL/CPO/LOC1")
        routing = {name: seen.headers[f"ocpi-{name}"] for name in ("from-party-id", "to-party-id", "to-country-code")}
        assert routing == {"from-party-id": "HUB", "to-party-id": "MSP", "to-country-code": "FR"}  # ROUTE-24
        assert seen.headers["x-correlation-id"] == "corr-LOC1"
        assert query("SELECT leg, decision, status_code, attempt, repeat, receiver FROM journal_calllog") == [
            ("out", "deliver", 1000, 1, False, EMSP.key)
        ]

    def test_is_sent_once(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP)
        tell()

        run_drain(clock)
        run_drain(clock)

        assert len(peer.seen) == 1

    def test_a_stranger_hears_nothing_and_the_origin_no_echo(self, cpo, emsp, peer, clock):
        """Nobody has an agreement with the eMSP; the CPO's own platform also hosts an eMSP that has one."""
        add_party(cpo, OTHER_EMSP, Role.EMSP)
        cpo.endpoints.update(url=f"{peer.url}/receiver/locations")
        agree(CPO, OTHER_EMSP)
        tell(origin=cpo.pk)

        assert run_drain(clock) == 0
        assert peer.seen == []

    def test_an_agreement_that_ended_in_between_stops_it(self, cpo, emsp, peer, clock):
        agreement = agree(CPO, EMSP)
        tell()
        agreement.end(now=NOW + timedelta(seconds=5))
        clock.pass_(seconds=10)

        run_drain(clock)

        assert peer.seen == []
        assert not DeadLetter.objects.exists()

    def test_an_agreement_that_ends_while_the_lane_runs_stops_the_rest(self, cpo, emsp, peer, clock):
        """The second one was planned already; it is looked at again just before it would be sent."""
        agree(CPO, EMSP)

        def end_it(handler: Handler) -> None:
            query_elsewhere(f"UPDATE agreements_agreement SET valid_until = '{NOW.isoformat()}'")
            handler.server.peer.released.wait(0.8)  # longer than facts are trusted without a look
            handler.answer(envelope())

        peer.behave = end_it
        for _ in range(2):
            tell()

        run_drain(clock)

        assert len(peer.seen) == 1

    def test_under_relay_it_is_not_sent_late(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP)
        event = tell()
        clock.pass_(seconds=61)

        run_drain(clock)

        assert peer.seen == []
        assert query("SELECT decision, message FROM journal_calllog") == [("skip", "skipped: older than 60 s")]
        lane = lane_of(emsp, event_id=event)
        assert (lane.cursor, lane.skipped, lane.waiting) == (event, 1, {})

    def test_under_relay_an_offline_receiver_gets_nothing_later(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell()
        run_drain(clock)
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now)

        run_drain(clock)

        assert peer.seen == []  # ROUTE-21, HCI-13

    def test_a_refusal_under_relay_is_a_row_in_the_log(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP)
        peer.behave = answer_with(2001)
        tell()

        run_drain(clock)

        assert len(peer.seen) == 1
        assert not DeadLetter.objects.exists()
        assert query("SELECT status_code, message FROM journal_calllog") == [(2001, "no")]

    def test_a_broadcast_that_no_one_answers_is_recorded_and_over(self, cpo, clock, query):
        make_platform(EMSP, Role.EMSP, url="http://127.0.0.1:9")
        agree(CPO, EMSP)
        tell()

        run_drain(clock)

        assert [row[0] for row in query("SELECT status_code FROM journal_calllog")] == [
            4003,
            4003,
        ]  # one retry (AMB-20)
        assert Lane.objects.filter(waiting={}).count() == Lane.objects.count()

    def test_a_patch_of_an_unknown_object_is_followed_by_all_of_it(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP)
        store_location(document='{"id":"LOC1","whole":true}')
        peer.behave = lambda handler: (
            handler.answer(envelope(2003), status=404) if handler.command == "PATCH" else handler.answer(envelope())
        )
        tell(method="PATCH", path="NL/CPO/LOC1/E1")
        tell(method="PATCH", path="NL/CPO/LOC1/E1")  # is in the document already

        run_drain(clock)

        assert get_paths(peer) == ["PATCH /locations/NL/CPO/LOC1/E1", "PUT /locations/NL/CPO/LOC1"]  # ROUTE-34
        assert json.loads(peer.seen[1].body) == {"id": "LOC1", "whole": True}

    def test_a_new_platform_gets_no_backlog(self, cpo, peer, clock):
        agree(CPO, EMSP)
        make_platform(EMSP, Role.EMSP, url=peer.url, registered_at=NOW - timedelta(seconds=1))
        tell("OLD", at=NOW - timedelta(seconds=2))
        tell("NEW")

        run_drain(clock)

        assert get_paths(peer) == ["PUT /locations/NL/CPO/NEW"]


class TestOrder:
    def test_fifty_patches_arrive_in_order_though_two_drains_race(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        jitter = random.Random(7)
        pause = threading.Event()

        def slowly(handler: Handler) -> None:
            pause.wait(jitter.random() / 200)
            handler.answer(envelope())

        peer.behave = slowly
        writer = Writer()
        for number in range(50):
            for name in ("LOC1", "LOC2", "LOC3"):
                tell(name, writer=writer, method="PATCH", body=json.dumps({"n": number}))
        writer.stop()

        async def race() -> None:
            await asyncio.gather(*(drain(clock=clock, seconds=20, egress=LOOPBACK) for _ in range(2)))

        asyncio.run(race())

        for name in ("LOC1", "LOC2", "LOC3"):
            told = [json.loads(seen.body)["n"] for seen in peer.seen if seen.path.endswith(name)]
            assert told == list(range(50))  # ROUTE-35

    def test_no_more_calls_at_once_than_a_platform_may_have(self, cpo, emsp, peer, clock):
        Platform.objects.filter(pk=emsp.pk).update(max_in_flight=8)
        agree(CPO, EMSP)
        open_calls, most, lock = 0, 0, threading.Lock()

        def count(handler: Handler) -> None:
            nonlocal open_calls, most
            with lock:
                open_calls += 1
                most = max(most, open_calls)
            handler.server.peer.released.wait(0.01)
            with lock:
                open_calls -= 1
            handler.answer(envelope())

        peer.behave = count
        writer = Writer()
        for number in range(60):
            tell(f"LOC{number}", writer=writer)
        writer.stop()

        assert run_drain(clock, seconds=20) == 60
        assert most <= 8


class TestStoreAndForward:
    def test_waits_for_an_offline_receiver_and_catches_up_in_order(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        for number in range(5):
            event = tell_session("S1", method="PATCH", body=json.dumps({"n": number}))
        run_drain(clock)
        assert peer.seen == []
        assert len(lane_of(emsp, event_id=event).waiting) == 5

        clock.pass_(hours=3)
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now)
        run_drain(clock)

        assert [json.loads(seen.body)["n"] for seen in peer.seen] == [0, 1, 2, 3, 4]
        assert peer.seen[0].headers["ocpi-from-party-id"] == "CPO"
        lane = lane_of(emsp, event_id=event)
        assert (lane.cursor, lane.waiting, lane.sent) == (event, {}, 5)

    def test_backs_off_and_comes_again(self, cpo, clock, query):
        emsp = make_platform(EMSP, Role.EMSP, url="http://127.0.0.1:9")
        agree(CPO, EMSP, delivery=SF)
        event = tell_session("S1")

        pauses = []
        for _ in range(4):
            run_drain(clock)
            lane = lane_of(emsp, event_id=event)
            pauses.append((lane.retry_at - clock.now).total_seconds())
            Platform.objects.filter(pk=emsp.pk).update(is_online=True)  # presence would end the row of attempts
            clock.now = lane.retry_at

        assert all(0.8 * 2**n <= pause <= 2**n for n, pause in enumerate(pauses)), pauses
        assert lane.failures == 4
        assert "could not" in lane.last_error or "connection" in lane.last_error

    def test_before_its_time_nothing_is_sent(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(3000, status=500)
        tell_session("S1")
        run_drain(clock)

        run_drain(clock)

        assert len(peer.seen) == 1

    def test_a_platform_that_came_back_does_not_wait_for_the_next_retry(self, cpo, peer, clock):
        emsp = make_platform(EMSP, Role.EMSP, url="http://127.0.0.1:9")
        agree(CPO, EMSP, delivery=SF)
        event = tell_session("S1")
        run_drain(clock)
        assert lane_of(emsp, event_id=event).retry_at > clock.now + timedelta(seconds=0.5)

        clock.pass_(seconds=0.3)
        emsp.endpoints.filter(module="sessions").update(url=f"{peer.url}/receiver/sessions")
        Platform.objects.filter(pk=emsp.pk).update(changed_at=clock.now)
        clock.pass_(seconds=0.2)
        run_drain(clock)

        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]

    def test_unanswered_calls_take_the_platform_offline(self, cpo, clock):
        emsp = make_platform(EMSP, Role.EMSP, url="http://127.0.0.1:9")
        agree(CPO, EMSP, delivery=SF)
        tell_session("S1")

        for _ in range(3):
            run_drain(clock)
            clock.pass_(minutes=10)

        emsp.refresh_from_db()
        assert not emsp.is_online

    def test_an_object_that_has_to_wait_holds_up_no_other(self, cpo, emsp, peer, clock):
        """Not even a later relay broadcast in the same sub-lane."""
        agree(CPO, EMSP, delivery_by_module={"sessions": "store_and_forward"})
        peer.behave = answer_with(3000, status=500, only="sessions")
        stuck = tell_session("S1", object_key="same")
        run_drain(clock)
        behind = tell_session("S1", object_key="same", method="PATCH")
        tell("LOC1", object_key="locations:nlcpo:same-lane")
        for number in range(40):
            tell(f"LOC{number}")

        run_drain(clock)

        assert get_paths(peer).count("PUT /sessions/NL/CPO/S1") == 1
        assert sum("locations" in seen.path for seen in peer.seen) == 41
        lane = lane_of(emsp, event_id=stuck)
        assert set(lane.waiting) == {f"{stuck}:{EMSP.key}", f"{behind}:{EMSP.key}"}
        assert lane.cursor == stuck - 1

        peer.seen.clear()
        peer.behave = answer_with(1000)
        clock.pass_(minutes=10)
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1", "PATCH /sessions/NL/CPO/S1"]

    def test_a_newer_full_state_replaces_what_waits(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S1", supersedes=True, body='{"n":1}')
        run_drain(clock)
        tell_session("S1", supersedes=True, body='{"n":2}')
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now + timedelta(seconds=1))

        run_drain(clock)

        assert [seen.body for seen in peer.seen] == [b'{"n":2}']

    def test_a_refusal_becomes_a_dead_letter_and_the_lane_goes_on(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(2001, only="S1")
        refused = tell_session("S1", body='{"x":1}')
        tell_session("S2", object_key="sessions:nlcpo:s1")

        run_drain(clock)

        letter = DeadLetter.objects.get()
        assert (letter.event, letter.receiver, letter.status_code, letter.reason) == (refused, EMSP.key, 2001, "no")
        assert letter.body == '{"x":1}'
        assert get_paths(peer)[-1] == "PUT /sessions/NL/CPO/S2"

    def test_an_agreement_that_ended_leaves_a_dead_letter(self, cpo, emsp, peer, clock):
        agreement = agree(CPO, EMSP, delivery=SF)
        tell_session("S1")
        agreement.end(now=NOW + timedelta(seconds=5))
        clock.pass_(seconds=10)

        run_drain(clock)

        assert peer.seen == []
        assert "no agreement" in DeadLetter.objects.get().reason

    def test_what_a_receiver_keeps_failing_at_ends_as_a_dead_letter(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(3000, status=500, only="S1")
        tell_session("S1")

        for _ in range(MAX_JUDGED):
            assert not DeadLetter.objects.exists()
            run_drain(clock)
            clock.pass_(minutes=10)

        assert DeadLetter.objects.get().attempts == MAX_JUDGED

    def test_refused_credentials_are_not_about_the_object(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(2000, status=401)
        tell_session("S1")

        run_drain(clock)

        assert not DeadLetter.objects.exists()
        assert Lane.objects.exclude(waiting={}).count() == 1

    def test_the_verdict_is_kept_with_the_object(self, cpo, emsp, peer, clock, query):
        agree(CPO, EMSP, delivery=SF)
        store_session("S1")
        tell_session("S1")

        run_drain(clock)

        assert query("SELECT verdict_code, verdict_at FROM charging_sessions_session") == [(1000, clock.now)]


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


def test_pauses_double_up_to_five_minutes():
    pauses = [get_pause(failures, jitter=lambda: 1.0).total_seconds() for failures in (1, 2, 3, 9, 10, 50)]

    assert pauses == [1, 2, 4, 256, 300, 300]


def query_elsewhere(sql: str) -> None:
    from journal.connection import connect

    connection = connect(name="hub test")
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def store_location(*, document: str) -> None:
    from locations.models import Location

    Location.objects.create(
        owner=CPO.key,
        object_key="loc1",
        object_id="LOC1",
        document=document,
        last_updated=LONG_AGO,
        received_at=LONG_AGO,
        changed_at=LONG_AGO,
    )


def store_session(name: str) -> None:
    from charging_sessions.models import Session

    Session.objects.create(
        owner=CPO.key,
        object_key=name.lower(),
        object_id=name,
        document="{}",
        last_updated=LONG_AGO,
        received_at=LONG_AGO,
        changed_at=LONG_AGO,
    )
