"""Two simulated platforms that speak OCPI to each other over loopback, without a hub in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from simulator.config import Party, PlatformConfig
from simulator.platform import Platform
from simulator.registration import register

CPO = "NL*CPO"
EMSP = "FR*MSP"

CPO_CONFIG = PlatformConfig(
    name="cpo",
    parties=(Party(country_code="NL", party_id="CPO", role="CPO", name="Charge NL", locations=12, tariffs=4),),
    page_limit=5,
    patience=3.0,
)
EMSP_CONFIG = PlatformConfig(
    name="emsp",
    parties=(Party(country_code="FR", party_id="MSP", role="EMSP", name="Drive FR", tokens=9),),
    base_path="/some/where/ocpi",
    page_limit=4,
    patience=3.0,
)


@dataclass(frozen=True)
class Pair:
    cpo: Platform
    emsp: Platform


@asynccontextmanager
async def running(config: PlatformConfig) -> AsyncIterator[Platform]:
    platform = Platform(config)
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


@asynccontextmanager
async def connected() -> AsyncIterator[Pair]:
    """The CPO registered itself at the eMSP."""
    async with running(replace(CPO_CONFIG)) as cpo, running(replace(EMSP_CONFIG)) as emsp:
        await register(cpo.state, cpo.client, versions_url=emsp.state.versions_url, token_a=emsp.config.token_a)
        yield Pair(cpo, emsp)


def with_pair(test: Callable[[Pair], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connected() as pair:
            await test(pair)

    asyncio.run(run())
