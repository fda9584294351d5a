"""What looks like a slip in an agreement and may yet be meant: it is said, never refused. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db.models import F, Q
from django.db.models.functions import Greatest

from agreements.models import Agreement
from ocpi.calls import PartyId, Role
from parties.models import Party, PartyBehind
from parties.registry import get_module

PROVIDE_NOTHING = {Role.EMSP.value, Role.NSP.value, Role.SCSP.value}
CONSUME_NOTHING = {Role.CPO.value}
Roles = Mapping[str, set[str]]  # by key of the party


def get_doubts(agreement: Agreement, *, now: datetime) -> list[str]:
    return [*_doubt_parties(agreement, get_roles()), *_doubt_commands(agreement), *get_others(agreement, now=now)]


def get_doubts_of_all(agreements: Iterable[Agreement]) -> dict[str, Agreement]:
    """About the parties, each said once, with the first agreement that it is said of."""
    roles = get_roles()
    found: dict[str, Agreement] = {}
    for agreement in agreements:
        for doubt in (*_doubt_parties(agreement, roles), *_doubt_commands(agreement)):
            found.setdefault(doubt, agreement)
    return found


def get_others(agreement: Agreement, *, now: datetime) -> list[str]:
    """To end one of several ends little; and where they differ, the oldest is the one that counts."""
    others = Agreement.objects.of_pair(agreement.provider, agreement.consumer).exclude(pk=agreement.pk)
    others = others.filter(modules__overlap=agreement.modules).filter(
        Q(valid_until=None) | Q(valid_until__gt=Greatest(F("valid_from"), max(now, agreement.valid_from)))
    )
    if agreement.valid_until is not None:
        others = others.filter(valid_from__lt=agreement.valid_until)
    ids = [f"#{pk}" for pk in others.order_by("id").values_list("pk", flat=True)]
    if not ids:
        return []
    what = (
        "Another agreement of this pair covers" if len(ids) == 1 else f"{len(ids)} other agreements of this pair cover"
    )
    return [f"{what} modules of this one, too: {', '.join(ids)}. Where they differ, the oldest counts."]


def get_roles() -> Roles:
    roles: dict[str, set[str]] = {}
    behind = PartyBehind.objects.values_list("country_code", "party_id", "role")
    for country_code, party_id, role in Party.objects.values_list("country_code", "party_id", "role").union(behind):
        roles.setdefault(PartyId(country_code, party_id).key, set()).add(role)
    return roles


def _doubt_parties(agreement: Agreement, roles: Roles) -> Iterator[str]:
    sides = ((agreement.provider, PROVIDE_NOTHING, "provider"), (agreement.consumer, CONSUME_NOTHING, "consumer"))
    for party, unfit, side in sides:
        known = roles.get(party.key)
        if known is None:
            yield f"{party} is not a party of any platform yet."
        elif known <= unfit:
            yield f"{party} is known as {' and '.join(sorted(known))} only, and is the {side} of an agreement."


def _doubt_commands(agreement: Agreement) -> Iterator[str]:
    """Commands of the partners' own are forwarded like any other (CMD-16)."""
    known = [route.pattern for route in get_module("commands").routes if "{" not in route.pattern]
    for command in agreement.commands or ():
        if command not in known:
            yield f"{command} is none of OCPI's commands: {', '.join(known)}."
