"""What was promised waits for its receiver, and comes in order: store and forward."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from forwarding.deliver import MAX_JUDGED
from forwarding.models import DeadLetter, Lane
from ocpi.calls import Delivery, PartyId, Role
from parties.models import Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
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
from tests.forwarding.receivers import answer_with, store_session

SF = Delivery.STORE_AND_FORWARD

pytestmark = pytest.mark.usefixtures("hub")


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

    def test_backs_off_whatever_characters_it_failed_with(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = lambda handler: handler.answer(envelope(3000, message="no \x00 way"))
        event = tell_session("S1")

        run_drain(clock)

        lane = lane_of(emsp, event_id=event)
        assert (lane.failures, lane.leased_until) == (1, None)
        assert lane.last_error == "no \ufffd way"

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

    def test_one_that_holds_all_it_may_is_left_alone_until_its_time(self, cpo, emsp, peer, clock, monkeypatch):
        """However much is behind: it would be leased, and given back, without end."""
        monkeypatch.setattr("forwarding.events.PIECE", 2)
        monkeypatch.setattr("forwarding.lane_run.MAX_WAITING", 4)
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(3000, status=500)
        stuck = tell_session("S1")
        run_drain(clock)
        for _ in range(8):
            tell_session("S1", method="PATCH")

        run_drain(clock, seconds=1.0)
        held = lane_of(emsp, event_id=stuck)
        run_drain(clock, seconds=1.0)

        lane = lane_of(emsp, event_id=stuck)
        assert (len(lane.waiting), lane.is_held, lane.fence) == (4, True, held.fence)

        peer.seen.clear()
        peer.behave = answer_with(1000)
        clock.now = lane.retry_at
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"] + ["PATCH /sessions/NL/CPO/S1"] * 8

    def test_of_a_platform_with_many_parties_no_more_is_held_than_that(self, cpo, emsp, peer, clock, monkeypatch):
        """Each event may be hundreds of deliveries there, and all that waits is written anew with each step."""
        monkeypatch.setattr("forwarding.lane_run.MAX_WAITING", 4)
        parties = [EMSP, OTHER_EMSP, PartyId("BE", "MSR")]
        for party in parties[1:]:
            add_party(emsp, party, Role.EMSP)
        for party in parties:
            agree(CPO, party, delivery=SF)
        peer.behave = answer_with(3000)
        events = [tell(f"LOC{number}", object_key=f"locations:nlcpo:loc{number}") for number in range(40)]
        run_drain(clock)

        full = Lane.objects.filter(platform=emsp, is_held=True)
        assert {len(lane.waiting) for lane in full} == {6}  # of two events
        peer.behave = answer_with(1000)
        peer.seen.clear()
        for _ in range(20):
            clock.pass_(minutes=10)
            run_drain(clock)
        assert len(peer.seen) == len(events) * len(parties)
        assert not Lane.objects.filter(platform=emsp).exclude(waiting={}).exists()

    def test_a_newer_full_state_replaces_what_waits(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S1", supersedes=True, body='{"n":1}')
        run_drain(clock)
        tell_session("S1", supersedes=True, body='{"n":2}')
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=clock.now + timedelta(seconds=1))

        run_drain(clock)

        assert [seen.body for seen in peer.seen] == [b'{"n":2}']

    def test_catching_up_sends_the_latest_state_only_however_far_behind_it_is(
        self, cpo, emsp, peer, clock, monkeypatch
    ):
        """Further down the log than what is looked at together; CDRs, here in the same lane, are never left out."""
        monkeypatch.setattr("forwarding.events.PIECE", 3)
        agree(CPO, EMSP, delivery=SF)
        for number in range(10):
            at = NOW - timedelta(hours=10 - number)
            tell_session("S1", supersedes=True, body=json.dumps({"n": number}), at=at)
            bill: dict[str, Any] = {
                "module": "cdrs",
                "path": "",
                "object_key": "sessions:nlcpo:s1",
            }  # so that it is in the same lane
            tell_session("", method="POST", body=json.dumps({"c": number}), at=at, **bill)

        run_drain(clock)

        assert [json.loads(seen.body)["n"] for seen in peer.seen if seen.method == "PUT"] == [9]
        assert [json.loads(seen.body)["c"] for seen in peer.seen if seen.method == "POST"] == list(range(10))

    def test_a_newer_state_under_another_query_replaces_nothing(self, cpo, emsp, peer, clock, monkeypatch):
        """Two tokens of one uid are two objects (TOK-03)."""
        monkeypatch.setattr("forwarding.events.PIECE", 1)
        agree(CPO, EMSP, delivery=SF)
        for hours, kind in ((3, "RFID"), (2, "APP_USER")):
            at = NOW - timedelta(hours=hours)
            tell_session("S1", supersedes=True, query=f"type={kind}", body=f'"{kind}"', at=at)

        run_drain(clock)

        assert [seen.body for seen in peer.seen] == [b'"RFID"', b'"APP_USER"']

    def test_a_newer_state_for_it_alone_does_not_replace_what_all_hear(self, cpo, emsp, peer, clock, monkeypatch):
        monkeypatch.setattr("forwarding.events.PIECE", 1)
        agree(CPO, EMSP, delivery=SF)
        for hours, receiver in ((3, ""), (2, EMSP.key)):
            tell("LOC1", supersedes=True, receiver=receiver, body=f"{hours}", at=NOW - timedelta(hours=hours))

        run_drain(clock)

        assert [seen.body for seen in peer.seen] == [b"3", b"2"]

    def test_a_newer_state_that_it_may_not_hear_replaces_nothing(self, cpo, emsp, peer, clock, monkeypatch):
        """It was pushed between two agreements."""
        monkeypatch.setattr("forwarding.events.PIECE", 1)
        agree(CPO, EMSP, delivery=SF, valid_until=NOW - timedelta(hours=2))
        agree(CPO, EMSP, delivery=SF, valid_from=NOW - timedelta(hours=1))
        tell("LOC1", supersedes=True, body='{"n":1}', at=NOW - timedelta(hours=3))
        tell("LOC1", supersedes=True, body='{"n":2}', at=NOW - timedelta(minutes=90))

        run_drain(clock)

        assert [seen.body for seen in peer.seen] == [b'{"n":1}']

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

    def test_a_redirect_to_no_url_is_a_failure_like_any_other(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = lambda handler: handler.answer(status=307, headers=(("Location", "http://["),))
        event = tell_session("S1")

        run_drain(clock)

        lane = lane_of(emsp, event_id=event)
        assert (len(peer.seen), lane.failures) == (1, 1)
        assert lane.retry_at > clock.now

    def test_what_the_hub_itself_fails_at_ends_as_a_dead_letter(self, cpo, emsp, peer, clock, monkeypatch, caplog):
        agree(CPO, EMSP, delivery=SF)
        monkeypatch.setattr("forwarding.attempt.envelope.read", lambda body: 1 // 0)
        tell_session("S1")

        for _ in range(MAX_JUDGED):
            run_drain(clock)
            clock.pass_(minutes=10)

        assert len(peer.seen) == MAX_JUDGED
        assert DeadLetter.objects.get().reason == f"failed {MAX_JUDGED} times: the hub failed"
        assert "ZeroDivisionError" in caplog.text

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
