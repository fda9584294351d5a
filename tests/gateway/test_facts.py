"""The facts in memory are used only while they are known to be those of the database (decision 8)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from agreements.network import Facts
from gateway import facts
from gateway.facts import TRUSTED_SECONDS, FactsKeeper
from ocpi.errors import Overloaded
from routing.network import Network
from tests.routing.facts import HUB

FACTS = Facts(version=1, network=Network(hub=HUB, nodes={}, platforms={}, permits={}), tokens={}, peers={})


class TestGet:
    def test_trusts_them_for_a_second_after_they_were_confirmed(self, monkeypatch: pytest.MonkeyPatch):
        clock = SimpleNamespace(now=100.0)
        monkeypatch.setattr(facts, "time", SimpleNamespace(monotonic=lambda: clock.now))
        keeper = FactsKeeper()
        keeper._facts, keeper._confirmed = FACTS, clock.now

        clock.now += TRUSTED_SECONDS
        assert keeper.get() is FACTS

        clock.now += 0.1
        with pytest.raises(Overloaded):
            keeper.get()

    def test_has_none_before_they_are_loaded(self):
        with pytest.raises(Overloaded):
            FactsKeeper().get()
