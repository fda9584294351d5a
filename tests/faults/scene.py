"""Partners that are registered with a hub of real processes, and agreements between them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from simulator.hub_api import HubApi
from tests.faults.hubs import FaultHub
from tests.faults.partner import MODULES, Partner


@asynccontextmanager
async def register(
    hub: FaultHub, partners: Sequence[Partner], *, agreed: Collection[tuple[str, str]]
) -> AsyncIterator[None]:
    """`agreed`: provider and consumer, under `relay` or what a mapping says."""
    api = HubApi(public_url=hub.url, staff_token=hub.staff_token)
    try:
        for partner in partners:
            await partner.start()
            country, _, party = partner.party.partition("*")
            document = {"country_code": country, "party_id": party, "role": partner.role, "name": partner.party}
            made = await asyncio.to_thread(api.create_platform, name=partner.party, parties=[document])
            partner.platform = made["id"]
            await partner.register(f"{hub.url}/ocpi/versions", token_a=made["token_a"])
        for provider, consumer in agreed:
            delivery = agreed[provider, consumer] if isinstance(agreed, Mapping) else "relay"
            agreement = {"provider": provider, "consumer": consumer, "modules": list(MODULES), "delivery": delivery}
            await asyncio.to_thread(api.create_agreement, agreement)
        await asyncio.sleep(1.0)  # until every process knows it, which is a promise of the hub's
        yield
    finally:
        api.close()
        for partner in partners:
            await partner.close()


def make_partner(party: str, role: str) -> Partner:
    return Partner(party, role, dice=random.Random(1))
