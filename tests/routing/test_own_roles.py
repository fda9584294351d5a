from __future__ import annotations

from datetime import UTC, datetime

from ocpi.calls import PartyId
from routing.network import Network

NOW = datetime(2026, 11, 20, tzinfo=UTC)
MIX, CPO = PartyId("AT", "MIX"), PartyId("DE", "CPA")


class TestGetPermit:
    def test_a_party_needs_no_agreement_with_itself(self) -> None:
        network = Network(hub=PartyId("NL", "HUB"), nodes={}, platforms={}, permits={})

        assert network.get_permit(MIX, PartyId("at", "mix"), module="locations", at=NOW) is not None
        assert network.get_permit(MIX, CPO, module="locations", at=NOW) is None
