"""Clocks of web hosts and workers that are wrong, or put right: what was answered with 1000 is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ocpi.calls import Delivery
from tests.forwarding.cast import CPO, EMSP, NOW, agree, run_drain, tell_session
from tests.forwarding.receivers import answer_with

SF = Delivery.STORE_AND_FORWARD

pytestmark = pytest.mark.usefixtures("hub")


class TestClocks:
    @pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=14), timedelta(days=40)])
    def test_one_that_was_ahead_and_is_put_right_loses_nothing(self, cpo, emsp, peer, clock, ahead):
        agree(CPO, EMSP, delivery=SF)
        clock.now += ahead
        tell_session("S1", at=clock.now)
        run_drain(clock)
        clock.now -= ahead

        tell_session("S1", at=clock.now)
        run_drain(clock)

        assert len(peer.seen) == 2

    def test_one_host_that_is_ahead_hides_nothing_of_the_others(self, cpo, emsp, peer, clock):
        agree(CPO, EMSP, delivery=SF)
        ahead = timedelta(days=40)
        tell_session("S1", at=clock.now + ahead)
        run_drain(clock)

        tell_session("S1", at=clock.now)
        tell_session("S1", at=clock.now + ahead)
        run_drain(clock)

        assert len(peer.seen) == 3

    @pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=40)])
    def test_a_worker_that_was_ahead_puts_no_retry_off_for_as_long(self, cpo, emsp, peer, clock, ahead):
        agree(CPO, EMSP, delivery=SF)
        peer.behave = answer_with(3000)
        clock.now += ahead
        tell_session("S1", at=NOW)
        run_drain(clock)
        peer.behave = answer_with(1000)
        clock.now -= ahead

        run_drain(clock)

        assert len(peer.seen) == 2
