"""A peer's first call may come before this process has heard that the peer is registered now."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parties.models import Platform
from tests.live.hub import LiveHub
from tests.live.partner import Partner, get_code


class TestRegisteredAMomentAgo:
    def test_its_token_opens_the_modules_at_once(
        self, hub: LiveHub, new_partner: Callable[..., Partner], monkeypatch: pytest.MonkeyPatch
    ):  # CRED-10
        partner = new_partner(("FR*MSP", "EMSP"), state="PLANNED")
        hub.settle()
        keeper = hub.edge._hub.facts
        current, old, looks = keeper.get, keeper.get(), []

        def get_late():
            looks.append(1)
            return old if len(looks) < 4 else current()

        Platform.objects.filter(pk=partner.platform.pk).update(state="REGISTERED")
        hub.settle()
        monkeypatch.setattr(keeper, "get", get_late)
        answer = partner.call("GET", "hubclientinfo", interface="sender")

        assert (answer.status_code, get_code(answer)) == (200, 1000)
