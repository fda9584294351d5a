"""A partner before it registers: its platform, the parties staff expects on it, and its Token A (CRED-02)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ocpi.calls import PartyId, Role
from parties.models import Party, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedParty:
    party: PartyId
    role: Role
    name: str


class CannotPlan(ValueError):
    """What was asked for contradicts what is there; `field` says which part."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


def plan_platform(*, name: str, parties: Sequence[PlannedParty], now: datetime) -> tuple[Platform, str]:
    """The new platform and its Token A in clear, of which only the digest is kept.

    Raises:
        CannotPlan: the name or a party is taken, or a party is named twice.
    """
    if Platform.objects.filter(name=name).exists():
        raise CannotPlan(f"there is a platform called {name!r} already", field="name")
    for place, planned in enumerate(parties):
        _check_party(planned, before=parties[:place])
    with transaction.atomic():
        platform = Platform.objects.create(name=name, changed_at=now)
        for planned in parties:
            Party.objects.create(
                platform=platform,
                country_code=planned.party.country_code,
                party_id=planned.party.party_id,
                role=planned.role,
                name=planned.name,
                changed_at=now,
            )
        token_a = platform.issue_token_a()
    return platform, token_a


def _check_party(planned: PlannedParty, *, before: Sequence[PlannedParty]) -> None:
    text = f"{planned.party} {planned.role}"
    if not planned.party.is_well_formed:
        raise CannotPlan(f"{text}: two letters of country, then one to three letters or digits", field="parties")
    if any((other.party, other.role) == (planned.party, planned.role) for other in before):
        raise CannotPlan(f"{text} is named twice", field="parties")
    if planned.party == settings.HUB_PARTY:
        raise CannotPlan(f"{planned.party} is the hub itself", field="parties")
    taken = Party.objects.filter(
        country_code__iexact=planned.party.country_code, party_id__iexact=planned.party.party_id, role=planned.role
    ).select_related("platform")
    for party in taken:  # CRED-21: one party and role belongs to one platform
        raise CannotPlan(f"{text} belongs to the platform {party.platform.name!r} already", field="parties")
