"""Fill a fresh hub with registered partners, straight in its database: `python -m benchmarks.seed '<Cast as JSON>'`.

The benchmarks measure traffic, not registration. Partners, tokens and agreements are ordinary rows, made by the models.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Cast:
    """Who there is. Ports are where their servers listen; every CPO has an agreement with every eMSP."""

    cpos: dict[str, int] = field(default_factory=dict)  # "DE*C01" → port
    emsps: dict[str, int] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)  # only these, where given

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def token_of(party: str) -> str:
    """What a partner shows to the hub."""
    return f"token-of-{party.replace('*', '-')}"


def main(told: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roaming_hub.settings")
    import django

    django.setup()
    from django.db import transaction

    cast = Cast(**json.loads(told))
    with transaction.atomic():
        for party, port in cast.cpos.items():
            _add_platform(party, role="CPO", port=port)
        for party, port in cast.emsps.items():
            _add_platform(party, role="EMSP", port=port)
        _conclude(cast.pairs or [(cpo, emsp) for cpo in cast.cpos for emsp in cast.emsps])


def _add_platform(party: str, *, role: str, port: int) -> None:
    from django.utils import timezone

    from agreements.models import MODULES
    from parties.models import Endpoint, Heartbeat, Party, Platform
    from parties.secrets import token_digest

    now = timezone.now()
    country, _, id = party.partition("*")
    platform = Platform.objects.create(
        name=f"Platform {party} {role}",
        state=Platform.State.REGISTERED,
        versions_url=f"http://127.0.0.1:{port}/versions",
        token_out=f"hub-at-{party}",
        token_in_digest=token_digest(token_of(party)),
        max_in_flight=2048,  # shared by all processes: no part of it is less than what a row has open
        rate_limit=1_000_000,  # counted like any other, and never reached
        registered_at=now,
        changed_at=now,
    )
    Heartbeat.objects.update_or_create(platform=platform, defaults={"heard_at": now})
    Party.objects.create(
        platform=platform, country_code=country, party_id=id, role=role, name=f"Party {party}", changed_at=now
    )
    Endpoint.objects.bulk_create(
        Endpoint(
            platform=platform,
            module=module,
            interface=interface,
            url=f"http://127.0.0.1:{port}/2.2.1/{interface.lower()}/{module}",
        )
        for module in MODULES
        for interface in ("SENDER", "RECEIVER")
    )


def _conclude(pairs: list[tuple[str, str]]) -> None:
    from django.utils import timezone

    from agreements.models import MODULES, Agreement

    now = timezone.now()
    Agreement.objects.bulk_create(
        Agreement(
            provider_country=cpo[:2],
            provider_party=cpo[3:],
            consumer_country=emsp[:2],
            consumer_party=emsp[3:],
            modules=list(MODULES),
            valid_from=now,
            changed_at=now,
        )
        for cpo, emsp in pairs
    )


if __name__ == "__main__":
    main(sys.argv[1])
