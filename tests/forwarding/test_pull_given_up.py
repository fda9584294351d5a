from __future__ import annotations

import json
from ipaddress import ip_network

import pytest
from django.db import connection
from django.test import override_settings

from forwarding.pull import pull_next
from forwarding.pull_ask import ask
from journal.models import PullRequest
from ocpi.calls import Interface, Role
from parties.client import SyncClient
from parties.models import Endpoint, Platform
from tests.forwarding.cast import CPO, LOOPBACK, NOW, Clock, make_platform
from tests.parties.http_peer import Handler, serve

EMPTY = json.dumps({"status_code": 1000, "data": [], "timestamp": "2026-11-22T12:00:00Z"}).encode()


@pytest.mark.usefixtures("hub")
class TestPullOfAPlatformThatLeaves:
    @override_settings(HUB_REQUIRE_HTTPS=False, HUB_EGRESS_ALLOW=[ip_network("127.0.0.0/8")])
    def test_it_does_not_hold_up_the_next_pull(self, clock: Clock) -> None:
        def leave(handler: Handler) -> None:
            Platform.objects.update(state=Platform.State.SUSPENDED)
            connection.close()
            handler.answer(EMPTY)

        with serve(leave) as peer:
            platform = make_platform(CPO, Role.CPO, url=peer.url)
            url = f"{peer.url}/sender/locations"
            Endpoint.objects.create(platform=platform, module="locations", interface=Interface.SENDER, url=url)
            ask(platform, ["locations"], reason=PullRequest.Reason.STAFF, now=NOW, is_full=True)

            pulled = pull_next(clock=clock, client=SyncClient(egress=LOOPBACK))

        assert pulled is not None
        assert len(peer.seen) == 1
        assert (pulled.state, pulled.leased_until) == (PullRequest.State.FAILED, None)
        assert "not to be asked" in pulled.last_error
