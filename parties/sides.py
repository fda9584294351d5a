"""On which side of a bill a platform stands: the parties it bills for, and those it is billed for. Roles decide.

Two roles of one party id may be on two platforms, so "NL*ABC" alone does not say whose bill it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from ocpi.calls import Role
from parties.models import Party
from parties.side_names import Side as Side

OWNER_ROLES = frozenset({Role.CPO})
TOKEN_OWNER_ROLES = frozenset({Role.EMSP, Role.OTHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Keys of the parties of one platform, now. Empty: it may see nothing."""

    owners: frozenset[str] = frozenset()
    token_owners: frozenset[str] = frozenset()

    @classmethod
    def of_platform(cls, platform_id: int) -> Sides:
        """Its own parties; not those behind a hub, and no role that was given up (CRED-22)."""
        parties = Party.objects.filter(platform_id=platform_id, is_active=True)
        owners: set[str] = set()
        token_owners: set[str] = set()
        for party in parties:
            if party.role in OWNER_ROLES:
                owners.add(party.id_pair.key)
            if party.role in TOKEN_OWNER_ROLES:
                token_owners.add(party.id_pair.key)
        return cls(owners=frozenset(owners), token_owners=frozenset(token_owners))

    def match(self, *, owner: str = "owner", token_owner: str = "token_owner") -> Q:
        """Rows that one of these parties bills, or is billed by; `owner` and `token_owner` name the columns."""
        return Q(**{f"{owner}__in": sorted(self.owners)}) | Q(**{f"{token_owner}__in": sorted(self.token_owners)})

    def get_sides(self, *, owner: str, token_owner: str) -> tuple[Side, ...]:
        """Which sides of this pair they are: one, none, or both."""
        sides = ((Side.CPO, owner in self.owners), (Side.EMSP, token_owner in self.token_owners))
        return tuple(side for side, is_theirs in sides if is_theirs)
