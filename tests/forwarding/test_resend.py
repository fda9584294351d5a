"""Dead letters sent again: in order, once however many people ask, and not where the receiver got it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from charging_sessions.models import Session
from forwarding import resend
from forwarding.models import DeadLetter, Lane
from forwarding.resend import get_open, resend_these
from journal.models import Event
from ocpi.calls import Delivery, Role
from parties.models import Platform
from tariffs.models import Tariff
from tests.forwarding.cast import CPO, EMSP, NOW, Clock, agree, get_paths, make_platform, run_drain, tell, tell_session
from tests.forwarding.receivers import answer_with, store_location, store_session
from tests.parties.http_peer import HttpPeer


@pytest.fixture
def emsp(hub: None, peer: HttpPeer) -> Platform:
    make_platform(CPO, Role.CPO)
    emsp = make_platform(EMSP, Role.EMSP, url=peer.url)
    agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
    return emsp


def refuse(peer: HttpPeer, clock: Clock, *names: str, **changes: Any) -> None:
    """Pushes that become dead letters; from then on the receiver takes everything."""
    accepting, peer.behave = peer.behave, answer_with(2001)
    for name in names:
        tell_session(name, **{"sender_role": "CPO", **changes})
    drain_until(clock, lambda: DeadLetter.objects.count() == len(names))
    peer.behave = accepting
    peer.seen.clear()


def drain_until(clock: Clock, is_so: Callable[[], bool]) -> None:
    """A busy machine may need more than one drain."""
    for _ in range(20):
        run_drain(clock)
        if is_so():
            return


def deliver(peer: HttpPeer, clock: Clock, number: int) -> None:
    drain_until(clock, lambda: len(peer.seen) >= number)


def is_waiting(platform: Platform) -> bool:
    """Looked at by a drain, which has given the lane back."""
    return Lane.objects.filter(platform=platform, leased_until=None).exclude(waiting={}).exists()


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Callable[[], Any], *, times: int = 1) -> None:
    """It happens between what a resending reads and what it writes."""
    read, left = resend.get_full_state, iter(range(times))

    def read_and_change(*given: Any, **named: Any) -> Any:
        found = read(*given, **named)
        if next(left, None) is not None:
            change()
        return found

    monkeypatch.setattr(resend, "get_full_state", read_and_change)


def letters() -> list[DeadLetter]:
    return list(DeadLetter.objects.order_by("event"))


class TestResendThese:
    def test_in_the_order_of_the_events(self, emsp, peer, clock):
        refuse(peer, clock, "S1", "S2", "S3", method="POST", path="", object_key="sessions:nlcpo:all")

        done = resend_these(reversed(letters()), clock=clock)
        deliver(peer, clock, 3)

        assert done.sent == 3
        assert [seen.body for seen in peer.seen] == [b'{"id": "S1"}', b'{"id": "S2"}', b'{"id": "S3"}']

    def test_each_has_the_moment_at_which_it_is_written(self, emsp, peer, clock):
        """A run of many letters takes minutes; what is older than a minute is not sent under relay (ROUTE-21)."""
        refuse(peer, clock, "S1", "S2", "S3", method="POST", path="", object_key="sessions:nlcpo:all")
        moments = [clock.now + timedelta(minutes=number) for number in range(1, 4)]

        done = resend_these(get_open(), clock=iter(moments).__next__)

        assert [Event.objects.get(id=event).at for event in done.events] == moments

    def test_several_states_of_one_object_are_one_event(self, emsp, peer, clock):
        store_session("S1")
        refuse(peer, clock, "S1", "S1")

        done = resend_these(get_open(), clock=clock)
        deliver(peer, clock, 1)

        assert (done.sent, len(done.events)) == (2, 1)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]

    def test_what_two_people_resend_at_once_is_sent_once(self, emsp, peer, clock):
        refuse(peer, clock, "S1")
        seen_by_both = [letters(), letters()]

        first, second = (resend_these(found, clock=clock) for found in seen_by_both)

        assert (first.sent, second.sent, second.taken) == (1, 0, 1)
        deliver(peer, clock, 1)
        assert len(peer.seen) == 1

    def test_what_the_receiver_accepted_meanwhile_is_closed_and_not_sent(self, emsp, peer, clock):
        store_session("S1")
        refuse(peer, clock, "S1")
        clock.pass_(minutes=1)
        Session.objects.update(verdict_code=1000, verdict_at=clock())

        done = resend_these(get_open(), clock=clock)

        assert (done.sent, done.settled, run_drain(clock)) == (0, 1, 0)
        assert "accepted" in letters()[0].note

    def test_a_verdict_from_before_settles_nothing(self, emsp, peer, clock):
        store_session("S1")
        Session.objects.update(verdict_code=1000, verdict_at=clock())
        clock.pass_(minutes=1)
        refuse(peer, clock, "S1")
        Session.objects.update(verdict_code=1000, verdict_at=NOW)

        assert resend_these(get_open(), clock=clock).sent == 1

    def test_a_newer_broadcast_that_was_accepted_settles_it(self, emsp, peer, clock):
        accepting, peer.behave = peer.behave, answer_with(2001)
        tell(at=clock())
        drain_until(clock, DeadLetter.objects.exists)
        peer.behave = accepting
        clock.pass_(minutes=1)
        peer.seen.clear()
        tell(at=clock(), supersedes=True)
        deliver(peer, clock, 1)

        done = resend_these(get_open(), clock=clock)

        assert (done.sent, done.settled) == (0, 1)

    def test_a_newer_broadcast_that_was_refused_too_does_not(self, emsp, peer, clock):
        peer.behave = answer_with(2001)
        for number in (1, 2):
            tell(at=clock(), supersedes=True)
            drain_until(clock, lambda number=number: DeadLetter.objects.count() == number)  # type: ignore[misc]
            clock.pass_(minutes=1)

        assert resend_these([letters()[0]], clock=clock).sent == 1

    def test_an_object_its_owner_deleted_since_is_not_put_again(self, emsp, peer, clock):
        store_session("S1")
        refuse(peer, clock, "S1")
        Session.objects.update(deleted_at=NOW)

        done = resend_these(get_open(), clock=clock)

        assert (done.sent, done.settled) == (0, 1)

    def test_a_delete_of_what_was_put_again_since_sends_the_object(self, emsp, peer, clock):
        refuse(
            peer, clock, "T1", module="tariffs", method="DELETE", body="", object_key="tariffs:nlcpo:t1", receiver=""
        )
        moments = dict.fromkeys(("last_updated", "received_at", "changed_at"), NOW)
        Tariff.objects.create(owner=CPO.key, object_key="t1", object_id="T1", document='{"id":"T1"}', **moments)

        resend_these(get_open(), clock=clock)
        deliver(peer, clock, 1)

        assert get_paths(peer) == ["PUT /tariffs/NL/CPO/T1"]

    @pytest.mark.parametrize("ended", [None, NOW - timedelta(days=1)], ids=["older", "deleted"])
    def test_what_was_once_pushed_to_this_party_alone_does_not_stand_for_what_is_told_to_all_since(
        self, emsp, peer, clock, ended
    ):
        store_location(
            document='{"for":"one"}', audience=EMSP.key, deleted_at=ended, changed_at=NOW - timedelta(days=1)
        )
        store_location(document='{"for":"all"}', last_updated=NOW, changed_at=NOW)
        broadcast = {"module": "locations", "object_key": "locations:nlcpo:loc1", "receiver": ""}
        refuse(peer, clock, "LOC1", **broadcast)

        resend_these(get_open(), clock=clock)
        deliver(peer, clock, 1)

        assert [seen.body for seen in peer.seen] == [b'{"for":"all"}']

    def test_what_is_pushed_while_it_is_looked_at_is_sent_and_not_what_was(self, emsp, peer, clock, monkeypatch):
        """The push has an event of its own by then, or reached the receiver at once: an older state would undo it."""
        store_session("S1")
        refuse(peer, clock, "S1")
        meanwhile(monkeypatch, lambda: Session.objects.update(document='{"n":2}', changed_at=clock()))

        done = resend_these(get_open(), clock=clock)
        deliver(peer, clock, 1)

        assert done.sent == 1
        assert [seen.body for seen in peer.seen] == [b'{"n":2}']

    def test_what_is_accepted_while_it_is_looked_at_is_not_sent(self, emsp, peer, clock, monkeypatch):
        """Of a CDR that was posted again, say: a second one would be refused, and its verdict stand for both."""
        store_session("S1")
        refuse(peer, clock, "S1")
        accepted = {"verdict_code": 1000, "verdict_at": clock() + timedelta(seconds=1)}
        meanwhile(monkeypatch, lambda: Session.objects.update(**accepted))

        done = resend_these(get_open(), clock=clock)

        assert (done.sent, done.settled, run_drain(clock)) == (0, 1, 0)

    def test_what_changes_all_the_time_is_left_as_it_was(self, emsp, peer, clock, monkeypatch):
        store_session("S1")
        refuse(peer, clock, "S1")
        moments = (clock() + timedelta(seconds=number) for number in range(1, 99))
        meanwhile(monkeypatch, lambda: Session.objects.update(changed_at=next(moments)), times=99)

        done = resend_these(get_open(), clock=clock)

        assert (done.sent, len(done.failed), get_open().count()) == (0, 1, 1)

    def test_waits_behind_what_waits_for_the_receiver(self, emsp, peer, clock):
        refuse(peer, clock, "S1", method="POST", path="", object_key="sessions:nlcpo:all")
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S2", method="POST", path="", object_key="sessions:nlcpo:all")
        drain_until(clock, lambda: is_waiting(emsp))

        resend_these(get_open(), clock=clock)
        Platform.objects.filter(pk=emsp.pk).update(is_online=True, changed_at=NOW)
        deliver(peer, clock, 2)

        assert [seen.body for seen in peer.seen] == [b'{"id": "S2"}', b'{"id": "S1"}']


class TestCommand:
    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("dead_letters", *words, stdout=out)
        return out.getvalue()

    def test_lists_shows_and_resends_what_fits(self, emsp, peer, clock):
        refuse(peer, clock, "S1", "S2")
        first = letters()[0]

        assert "2 open" in self.run("list")
        assert '{"id": "S1"}' in self.run("show", str(first.pk))
        assert "0 on their way" in self.run("resend", "--module", "cdrs")
        assert "1 on their way" in self.run("resend", str(first.pk))
        assert "1 on their way" in self.run("resend", "--platform", emsp.name)
        assert "0 open" in self.run("list")

    def test_does_nothing_to_all_by_accident(self, emsp):
        with pytest.raises(CommandError, match="Say which"):
            self.run("resend")


class TestLanesCommand:
    def run(self, *words: str) -> str:
        out = StringIO()
        call_command("lanes", *words, stdout=out)
        return out.getvalue()

    @pytest.fixture
    def waiting(self, emsp, peer, clock):
        """Offline, with one session at the head of the queue."""
        run_drain(clock)
        Platform.objects.filter(pk=emsp.pk).update(is_online=False)
        tell_session("S1", at=timezone.now())
        drain_until(clock, lambda: is_waiting(emsp))
        return emsp

    def test_says_what_waits_and_why(self, waiting):
        shown = self.run("list", "--behind")

        assert "waiting for the partner" in shown
        assert "oldest: PUT sessions:nlcpo:s1" in shown
        assert shown.count("behind") == 1  # the CPO is idle

    def test_a_paused_platform_is_told_nothing_until_it_is_resumed(self, emsp, peer, clock):
        run_drain(clock)
        self.run("pause", emsp.name, "--note", "their migration")
        tell_session("S1")

        assert run_drain(clock) == 0
        assert "their migration" in self.run("list", emsp.name)
        self.run("resume", emsp.name)
        deliver(peer, clock, 1)
        assert len(peer.seen) == 1

    def test_waking_ends_a_pause_after_failures(self, emsp, peer, clock):
        accepting, peer.behave = peer.behave, answer_with(3000)
        tell_session("S1")
        drain_until(clock, lambda: is_waiting(emsp))
        peer.behave = accepting
        peer.seen.clear()
        assert run_drain(clock) == 0

        self.run("wake", emsp.name)
        deliver(peer, clock, 1)

        assert len(peer.seen) == 1

    def test_after_a_restore_what_is_sent_is_marked_as_a_repeat(self, waiting, peer, clock, query):
        clock.now = timezone.now()
        Platform.objects.filter(pk=waiting.pk).update(is_online=True, changed_at=clock())
        self.run("restored")
        clock.now = timezone.now()

        deliver(peer, clock, 1)

        assert query("SELECT repeat FROM journal_calllog WHERE leg = 'out' AND decision = 'deliver'") == [(True,)]
        assert (
            not Lane.objects.filter(leased_until__isnull=False, platform=waiting, waiting={}).exclude(seen=0).exists()
        )

    def test_an_unknown_platform_is_named(self, emsp):
        with pytest.raises(CommandError, match="'nobody' fits 0"):
            self.run("pause", "nobody")
