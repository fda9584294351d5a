from __future__ import annotations

from typing import Any

import pytest

from cdrs.wire.v2_2_1 import CDR
from charging_sessions.wire.v2_2_1 import Session
from locations.wire.v2_2_1 import Location
from ocpi.wire import problems
from simulator import jsontext
from simulator.cities import COUNTRIES
from simulator.config import Party
from simulator.world import World
from tariffs.wire.v2_2_1 import Tariff
from tests.simulator.pair import CPO, EMSP, Pair, with_pair
from tokens.wire.v2_2_1 import Token


def find_problems(documents: Any, *, type: Any) -> list[str]:
    return [
        str(problem) for document in documents for problem in problems(jsontext.dumps(document).encode(), type=type)
    ]


class TestWorld:
    @pytest.mark.parametrize("country", COUNTRIES)
    def test_every_object_keeps_the_tables_of_the_specification(self, country: str) -> None:
        party = Party(country_code=country, party_id="CPO", role="CPO", name="Any", locations=30, tariffs=4, tokens=12)
        world = World(party, seed=1, updated="2026-11-22T10:00:00.000Z")

        assert find_problems(world.build_locations(), type=Location) == []
        assert find_problems(world.build_tariffs(), type=Tariff) == []
        assert find_problems(world.build_tokens(), type=Token) == []


class TestCharging:
    def test_every_session_and_cdr_keeps_the_tables_of_the_specification(self) -> None:
        async def test(pair: Pair) -> None:
            await pair.emsp.pusher.push_all(EMSP, "tokens", to=CPO)
            await pair.cpo.pusher.push_all(CPO, "locations", to=EMSP)
            await pair.cpo.charge_points.run(CPO, EMSP, count=8, faults={}, pace=0)

            assert find_problems(pair.emsp.state.received_by(EMSP, "sessions"), type=Session) == []
            assert find_problems(pair.emsp.state.received_by(EMSP, "cdrs"), type=CDR) == []

        with_pair(test)
