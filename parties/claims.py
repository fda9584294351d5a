"""Which parties a platform may speak for, and taking over what it announced (CRED-19 to CRED-22, AMB-41).

The protocol authenticates platforms, not parties. So where staff entered parties for a platform, these are all it may
announce. A platform without any may take party ids that nobody else has in any role and that no agreement names, but
not be a hub. A party belongs to one platform until staff moves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.module_loading import import_string

from ocpi.calls import PartyId, Role
from ocpi.configuration.v2_2_1 import CredentialsRole
from ocpi.errors import InvalidParameter
from parties.announced import ask_for_list, find_holder, take_turn
from parties.models import Endpoint, Party, Platform
from parties.negotiation import Offer


def check_roles(platform: Platform, roles: Sequence[CredentialsRole]) -> None:
    """
    Raises:
        InvalidParameter: listed twice, the hub's own, or none that staff planned for this platform; if it planned
            none at all, another's or named in an agreement.
    """
    seen: set[tuple[str, str]] = set()
    planned = {_key_of(party) for party in platform.parties.all()}
    for role in roles:
        party, key = PartyId(role.country_code, role.party_id), _key(role)
        if key in seen:
            raise InvalidParameter(f"roles: {party} {role.role} is listed twice")  # CRED-20
        seen.add(key)
        if party == settings.HUB_PARTY:
            raise InvalidParameter(f"roles: {party} {role.role}: is this hub itself")
        if role.role == Role.HUB and key not in planned:  # a peer hub speaks for others: only if staff wants that
            raise InvalidParameter(f"roles: {party} {role.role}: this hub's staff has not planned a hub; ask them")
        if planned and key not in planned:
            raise InvalidParameter(f"roles: {party} {role.role} is not planned for this platform; ask the hub's staff")
        if not planned:
            _refuse_taken(platform, role)


@contextmanager
def claiming() -> Iterator[None]:
    """The transaction to store an offer in. The turn is taken before anything is written: those that announce parties
    write with theirs, too, and each write waits for other changes of the routing facts.

    Before it the partner was asked, and has new tokens by now: a connection that broke meanwhile must not lose them.
    """
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()
    with transaction.atomic(durable=True):
        take_turn()
        yield


def store_offer(platform: Platform, offer: Offer, *, roles: Sequence[CredentialsRole] | None, now: datetime) -> None:
    """Replace endpoints and, unless None, roles; a peer hub's list is to be read then. Inside `claiming()`.

    Raises:
        InvalidParameter: as `check_roles`; another platform, or staff, may have been faster.
    """
    if roles is not None:
        check_roles(platform, roles)
        try:
            with transaction.atomic():
                _store_roles(platform, roles, now=now)
        except IntegrityError as error:
            raise InvalidParameter("roles: one of them was given to another platform just now") from error
    platform.endpoints.all().delete()
    Endpoint.objects.bulk_create(
        Endpoint(platform=platform, module=module, interface=interface, url=url)
        for (module, interface), url in offer.endpoints.items()
    )
    ask_for_list(platform, now=now)


def _refuse_taken(platform: Platform, role: CredentialsRole) -> None:
    """Whoever has a party id has its agreements, in whatever role (CRED-21)."""
    party = PartyId(role.country_code, role.party_id)
    if find_holder(party, besides=platform.pk) is not None or import_string(settings.PARTY_PROMISED)(party):
        raise InvalidParameter(f"roles: {party} is taken; ask the hub's staff to plan {role.role} for this platform")


def _store_roles(platform: Platform, roles: Sequence[CredentialsRole], *, now: datetime) -> None:
    known = {_key_of(party): party for party in platform.parties.all()}
    for role in roles:
        party = known.pop(_key(role), None) or Party(
            platform=platform,
            country_code=role.country_code,
            party_id=role.party_id,
            role=role.role,
            is_active=False,
        )
        party.name = role.business_details.name
        party.business_details = msgspec.to_builtins(role.business_details)
        _set_active(party, True, now=now)
    for party in known.values():
        _set_active(party, False, now=now)  # CRED-22


def _set_active(party: Party, is_active: bool, *, now: datetime) -> None:
    if party.is_active is not is_active:
        party.is_active = is_active
        party.changed_at = now  # HCI-15: only when something changed
    party.save()


def _key(role: CredentialsRole) -> tuple[str, str]:
    return PartyId(role.country_code, role.party_id).key, str(role.role)


def _key_of(party: Party) -> tuple[str, str]:
    return party.id_pair.key, party.role
