"""How long one run of the still-alive check may last, and who is asked in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from forwarding import watch as watching
from forwarding.watch import RUN, watch
from ocpi.calls import Role
from parties.models import Heartbeat
from tests.forwarding.cast import CPO, EMSP, LOOPBACK, NOW, OTHER_CPO, Clock, accept, make_platform
from tests.parties.http_peer import Handler, HttpPeer

PARTIES = (CPO, OTHER_CPO, EMSP)


@pytest.mark.usefixtures("hub")
class TestRun:
    @pytest.fixture(autouse=True)
    def _one_thread(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        monkeypatch.setattr(watching, "THREADS", 1)
        settings.HUB_REQUIRE_HTTPS = False
        settings.HUB_EGRESS_ALLOW = list(LOOPBACK.allow)

    def test_ends_however_long_they_take_and_all_are_asked_in_turn(self, peer: HttpPeer, clock: Clock) -> None:
        for number, party in enumerate(PARTIES):
            make_platform(party, Role.CPO, url=f"{peer.url}/{number}")

        def answer_late(handler: Handler) -> None:
            clock.now += RUN
            handler.answer(b"busy", status=503)  # and so is due again long before the others would be by their age

        peer.behave = answer_late

        counts = []
        for _ in range(4):
            counts.append(watch(clock=clock))
            clock.pass_(minutes=1)

        assert counts == [1, 1, 1, 1]
        assert [seen.path for seen in peer.seen] == [f"/{number}/versions" for number in (0, 1, 2, 0)]

    def test_notes_when_each_was_asked(self, peer: HttpPeer, clock: Clock) -> None:
        for party in PARTIES[:2]:
            make_platform(party, Role.CPO, url=peer.url)

        def answer(handler: Handler) -> None:
            clock.pass_(seconds=2)
            accept(handler)

        peer.behave = answer

        assert watch(clock=clock) == 2

        asked = Heartbeat.objects.order_by("platform_id").values_list("probed_at", flat=True)
        assert list(asked) == [NOW, NOW + timedelta(seconds=2)]
