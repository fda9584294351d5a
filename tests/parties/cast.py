"""What tests of the credentials handshake have in common: moments, roles, and a registration that is done."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from ocpi import wire
from ocpi.configuration.v2_2_1 import Credentials
from parties import handshake
from parties.lookup import find_platform
from parties.models import Platform
from tests.parties.fake_platform import CPO_ROLE, FakePlatform

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
EMSP_ROLE = CPO_ROLE | {"role": "EMSP", "party_id": "MSP"}


def read(document: dict[str, Any]) -> Credentials:
    return wire.decode(json.dumps(document).encode(), type=Credentials)


def register(platform: Platform, fake: FakePlatform, **changes: Any) -> tuple[Platform, str]:
    platform.issue_token_a()
    done = handshake.accept_registration(platform, read(fake.make_credentials(**changes)), now=NOW)
    assert fake.http is not None
    fake.http.seen.clear()
    return done


def kind_of(token: str, *, now: datetime = NOW) -> str | None:
    found = find_platform(token, None, now=now)
    return found[1] if found else None
