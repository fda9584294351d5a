"""A party that is not where it was when something was accepted for it: another platform, none, or not there itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forwarding.models import DeadLetter
from forwarding.resend import get_open, resend_these
from ocpi.calls import Delivery, Role
from parties.models import Party, Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
    OTHER_EMSP,
    add_party,
    agree,
    get_paths,
    lane_of,
    make_platform,
    run_drain,
    tell_session,
)

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def waiting(cpo, emsp, clock) -> int:
    """An event that was accepted for the eMSP while it was away."""
    agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
    Platform.objects.filter(pk=emsp.pk).update(is_online=False)
    event = tell_session("S1")
    run_drain(clock)
    return event


class TestMoved:
    def test_to_another_platform_what_waits_is_a_dead_letter_and_reaches_it_there(self, waiting, emsp, peer, clock):
        elsewhere = make_platform(OTHER_EMSP, Role.EMSP, url=peer.url)
        run_drain(clock)
        Party.objects.filter(platform=emsp).update(platform=elsewhere)
        Platform.objects.filter(pk=emsp.pk).update(is_online=True)

        run_drain(clock)

        letter = DeadLetter.objects.get()
        assert (letter.event, letter.receiver) == (waiting, EMSP.key)
        assert "not on this platform" in letter.reason
        assert resend_these(get_open(), clock=clock).sent == 1
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]

    def test_to_nowhere_what_waits_is_a_dead_letter(self, waiting, emsp, clock):
        add_party(emsp, OTHER_EMSP, Role.EMSP)
        Party.objects.filter(platform=emsp, party_id=EMSP.party_id).delete()
        Platform.objects.filter(pk=emsp.pk).update(is_online=True)

        run_drain(clock)

        assert DeadLetter.objects.get().event == waiting

    def test_what_was_for_another_platform_from_the_beginning_is_none(self, waiting, emsp, clock):
        make_platform(OTHER_EMSP, Role.EMSP)

        run_drain(clock)

        assert not DeadLetter.objects.exists()


class TestAway:
    def test_while_its_platform_is_there_it_is_looked_at_by_the_clock(self, waiting, emsp, peer, clock):
        """A role that was given up, or a party behind a hub: nothing tells the lane that it is back."""
        add_party(emsp, OTHER_EMSP, Role.EMSP)
        Party.objects.filter(platform=emsp, party_id=EMSP.party_id).update(is_active=False)
        Platform.objects.filter(pk=emsp.pk).update(is_online=True)

        run_drain(clock, seconds=1.0)

        lane = lane_of(emsp, event_id=waiting)
        assert lane.fence == 2
        assert timedelta(0) < lane.retry_at - clock.now <= timedelta(seconds=1)
        assert "SUSPENDED" in lane.last_error

        Party.objects.update(is_active=True)
        clock.now = lane.retry_at
        run_drain(clock)
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S1"]
