"""The lanes at work: a real PostgreSQL, a real receiver on loopback."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from datetime import timedelta
from urllib.parse import quote

import pytest

from forwarding.drain import drain
from forwarding.lane_run import get_pause
from forwarding.models import DeadLetter, Lane
from journal.writer import Writer
from ocpi.calls import Delivery, Role
from parties.limits import Limits
from parties.models import Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
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
from tests.forwarding.receivers import answer_with, query_elsewhere, store_location
from tests.parties.http_peer import Handler

SF = Delivery.STORE_AND_FORWARD

pytestmark = pytest.mark.usefixtures("hub")


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

    def test_ends_after_it_lingered_for_more(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP)
        tell()

        told: list[bool] = []

        sent = asyncio.run(drain(clock=clock, egress=LOOPBACK, limits=Limits(), linger=0.2, hush=told.append))

        assert (sent, len(peer.seen)) == (1, 1)
        assert told == [True, False]  # nobody need be woken while it looks for itself

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

    def test_all_of_it_does_not_stand_for_what_is_put_again_behind_a_delete(self, cpo, emsp, peer, clock):
        """It came while the lane was at work: the whole object was sent for the PATCH, and deleted after that."""
        agree(CPO, EMSP)
        store_location(document='{"id":"LOC1"}')

        def behave(handler: Handler) -> None:
            if handler.command == "PATCH":
                tell(supersedes=True)
                handler.answer(envelope(2003), status=404)
            else:
                handler.answer(envelope())

        peer.behave = behave
        tell(method="PATCH")
        tell(method="DELETE", body="")

        run_drain(clock)

        assert [path.split()[0] for path in get_paths(peer)] == ["PATCH", "PUT", "DELETE", "PUT"]

    def test_all_of_it_does_not_stand_for_what_was_pushed_to_this_party_alone(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        store_location(document='{"id":"LOC1","whole":true}')
        peer.behave = lambda handler: (
            handler.answer(envelope(2003), status=404) if handler.command == "PATCH" else handler.answer(envelope())
        )
        tell(method="PATCH")
        tell(body='{"id":"LOC1","own":true}', receiver=EMSP.key, supersedes=True)

        run_drain(clock)

        assert [seen.body for seen in peer.seen if seen.method == "PUT"] == [
            b'{"id":"LOC1","whole":true}',
            b'{"id":"LOC1","own":true}',
        ]

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


class TestWhatReceiversSay:
    @pytest.mark.parametrize("delivery", list(Delivery))
    @pytest.mark.parametrize("uid", ["DE8ACC12E46L89", "DE 8ACC/12E46L89", "DE8ACC12E4\\g<9>"])
    @pytest.mark.parametrize("spell", [str, str.lower, lambda uid: quote(uid, safe="")])
    def test_of_a_token_is_kept_without_its_uid(self, peer, clock, query, delivery, uid, spell):
        agree(CPO, EMSP, delivery=delivery)
        make_platform(EMSP, Role.EMSP)
        make_platform(CPO, Role.CPO, url=peer.url)
        peer.behave = lambda handler: handler.answer(envelope(2001, message=f"token {spell(uid)} is unknown"))
        path = f"FR/MSP/{quote(uid, safe='')}"
        tell(uid, module="tokens", path=path, object_key=f"tokens:{uid}", sender=EMSP.key, sender_role="EMSP")

        run_drain(clock)

        kept = f"token •••{uid[-4:]} is unknown"
        assert query("SELECT message FROM journal_calllog") == [(kept,)]
        letters = list(DeadLetter.objects.values_list("reason", flat=True))
        assert letters == ([] if delivery is Delivery.RELAY else [kept])

    def test_of_a_session_is_kept_without_the_ids_in_it(self, emsp, peer, clock, query):
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        make_platform(CPO, Role.CPO)
        token = {"uid": "DE8ACC12E46L89", "contract_id": "FR-MSP-C12345678-X"}
        peer.behave = lambda handler: handler.answer(
            envelope(2001, message="fr-msp-c12345678-x of DE8ACC12E46L89 has ended")
        )
        tell_session("S1", body=json.dumps({"id": "S1", "cdr_token": token}))

        run_drain(clock)

        kept = "••• of ••• has ended"
        assert query("SELECT message FROM journal_calllog") == [(kept,)]
        assert DeadLetter.objects.get().reason == kept


def test_pauses_double_up_to_five_minutes():
    pauses = [get_pause(failures, jitter=lambda: 1.0).total_seconds() for failures in (1, 2, 3, 9, 10, 50)]

    assert pauses == [1, 2, 4, 256, 300, 300]
