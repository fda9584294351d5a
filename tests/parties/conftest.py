from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ocpi.calls import PartyId
from parties.models import Platform
from tests.parties.calling import Call, call_async, call_blocking
from tests.parties.cast import NOW, register
from tests.parties.fake_platform import FakePlatform, run_platform


@pytest.fixture
def hub_on_loopback(settings: Any) -> None:
    settings.HUB_REQUIRE_HTTPS = False
    settings.HUB_EGRESS_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    settings.HUB_PUBLIC_URL = "https://hub.example"
    settings.HUB_PARTY = PartyId("NL", "HUB")
    settings.HUB_NAME = "The Hub"


@pytest.fixture(params=[call_async, call_blocking], ids=["async", "blocking"])
def call(request: pytest.FixtureRequest) -> Call:
    """With either of the two clients."""
    made: Call = request.param
    return made


@pytest.fixture
def fake() -> Iterator[FakePlatform]:
    with run_platform() as platform:
        yield platform


@pytest.fixture
def planned() -> Platform:
    return Platform.objects.create(name="Blue", changed_at=NOW - timedelta(days=1))


@pytest.fixture
def registered(planned: Platform, fake: FakePlatform) -> tuple[Platform, str]:
    return register(planned, fake)
