"""What a receiver says of an object is kept beside the state that it was said of, and no newer one (decision 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from charging_sessions.models import Session
from ocpi.calls import Delivery
from tests.forwarding.cast import CPO, EMSP, NOW, agree, envelope, run_drain, tell_session
from tests.forwarding.receivers import answer_with, query_elsewhere, store_session
from tests.parties.http_peer import Handler

LATER = NOW + timedelta(seconds=5)

pytestmark = pytest.mark.usefixtures("hub")


def get_verdict() -> int | None:
    return Session.objects.get().verdict_code


class TestVerdict:
    @pytest.mark.parametrize("code", [1000, 2001])
    def test_of_an_older_state_is_not_kept_beside_a_newer_one(self, cpo, emsp, peer, clock, code):
        """While the lane tells the older one, its sender pushes the next."""
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        store_session("S1")

        def behave(handler: Handler) -> None:
            query_elsewhere(f"UPDATE charging_sessions_session SET changed_at = '{LATER}'")
            handler.answer(envelope(code))

        peer.behave = behave
        tell_session("S1")
        clock.pass_(minutes=1)
        run_drain(clock)

        assert get_verdict() is None

    @pytest.mark.parametrize("changed_at", [NOW - timedelta(days=1), NOW])
    def test_of_the_present_state_is_kept(self, cpo, emsp, peer, clock, changed_at):
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        store_session("S1")
        Session.objects.update(changed_at=changed_at)
        peer.behave = answer_with(2001)
        tell_session("S1")

        run_drain(clock)

        assert get_verdict() == 2001

    def test_of_all_of_it_that_was_told_for_a_part_is_of_what_was_told(self, cpo, emsp, peer, clock):
        """ROUTE-34: what was pushed since the PATCH is in it, and is not told again."""
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        store_session("S1")
        Session.objects.update(changed_at=LATER)
        peer.behave = lambda handler: (
            handler.answer(envelope(2003), status=404) if handler.command == "PATCH" else handler.answer(envelope())
        )
        tell_session("S1", method="PATCH")
        tell_session("S1", method="PATCH", at=LATER)
        clock.pass_(minutes=1)

        run_drain(clock)

        assert [seen.method for seen in peer.seen] == ["PATCH", "PUT"]
        assert get_verdict() == 1000
