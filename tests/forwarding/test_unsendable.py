"""An event whose URL cannot be called: it is given up alone, and says nothing of its receiver."""

from __future__ import annotations

from typing import Any

import pytest

from forwarding.models import DeadLetter
from ocpi.calls import Delivery
from tests.forwarding.cast import CPO, EMSP, agree, get_paths, lane_of, run_drain, tell_session

pytestmark = pytest.mark.usefixtures("hub")


class TestUnsendable:
    @pytest.mark.parametrize("changes", [{"path": "NL/CPO/S\\1"}, {"path": "NL/CPO/é"}, {"query": "type=é"}])
    def test_is_a_dead_letter_at_once_and_holds_up_nothing(self, cpo, emsp, peer, clock, changes):
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        same_lane: dict[str, Any] = {"object_key": "sessions:nlcpo:same"}
        event = tell_session("S1", **same_lane, **changes)
        tell_session("S2", **same_lane)

        for _ in range(3):
            run_drain(clock)
            clock.pass_(minutes=10)

        assert DeadLetter.objects.get().event == event
        assert get_paths(peer) == ["PUT /sessions/NL/CPO/S2"]
        emsp.refresh_from_db()
        assert emsp.is_online
        assert lane_of(emsp, event_id=event).waiting == {}

    def test_of_a_platform_whose_endpoint_may_not_be_called_waits(self, cpo, emsp, peer, clock):
        """That is no matter of the event."""
        agree(CPO, EMSP, delivery=Delivery.STORE_AND_FORWARD)
        emsp.endpoints.filter(module="sessions").update(url="ftp://127.0.0.1/sessions")
        event = tell_session("S1")

        run_drain(clock)

        assert len(lane_of(emsp, event_id=event).waiting) == 1
        assert not DeadLetter.objects.exists()
