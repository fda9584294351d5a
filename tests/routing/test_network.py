"""What the facts say of partners and mandates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from routing.network import Mandate, Network
from tests.routing.facts import EMSP, NOW, STRANGER, network, permit


class TestMandates:
    def facts(self, **changes: Any) -> Network:
        given = {"modules": frozenset({"sessions"}), "valid_from": NOW - timedelta(days=1), **changes}
        return replace(network(), mandates={STRANGER.key: {EMSP.key: (Mandate(**given),)}})

    def test_hold_for_their_modules_and_time(self):
        facts, ended = self.facts(), self.facts(valid_until=NOW)

        assert facts.get_principals(STRANGER, module="sessions", at=NOW) == {EMSP.key}
        assert facts.get_principals(STRANGER, module="cdrs", at=NOW) == frozenset()
        assert facts.get_principals(STRANGER, module="sessions", at=NOW - timedelta(days=2)) == frozenset()
        assert ended.get_principals(STRANGER, module="sessions", at=NOW) == frozenset()
        assert facts.get_principals(EMSP, module="sessions", at=NOW) == frozenset()  # not the other way round


class TestNetwork:
    def test_knows_partners_by_module_and_time(self):
        facts = network(permits=(permit(modules=frozenset({"sessions"}), valid_until=NOW),))

        assert facts.get_partners(EMSP, module="sessions", at=NOW - timedelta(seconds=1)) == {"nlcpo"}
        assert facts.get_partners(EMSP, module="sessions", at=NOW) == frozenset()
        assert facts.get_partners(EMSP, module="locations", at=NOW - timedelta(seconds=1)) == frozenset()
