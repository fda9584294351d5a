"""What looks like a slip in an agreement and may yet be meant: it is said, never refused. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import Concat, Greatest, Lower

from agreements.models import Agreement, AgreementQuerySet
from ocpi.calls import Role
from parties.models import Party, PartyBehind
from parties.registry import get_module

PROVIDE_NOTHING = {Role.EMSP.value, Role.NSP.value, Role.SCSP.value}
CONSUME_NOTHING = {Role.CPO.value}
Roles = Mapping[str, set[str]]  # by key of the party


def get_doubts(agreement: Agreement, *, now: datetime) -> list[str]:
    roles = _get_roles([agreement])
    return [*_doubt_parties(agreement, roles), *_doubt_commands(agreement), *get_others(agreement, now=now)]


def get_doubts_of_all(agreements: Iterable[Agreement]) -> dict[str, Agreement]:
    """About the parties, each said once, with the first agreement that it is said of."""
    chosen = list(agreements)
    roles = _get_roles(chosen)
    found: dict[str, Agreement] = {}
    for agreement in chosen:
        for doubt in (*_doubt_parties(agreement, roles), *_doubt_commands(agreement)):
            found.setdefault(doubt, agreement)
    return found


def find_doubts(agreements: AgreementQuerySet, *, most: int) -> dict[str, Agreement]:
    """The first that there are about these agreements, however many they are: of each cause only the oldest are read,
    one for each party and each list of commands."""
    causes = (
        (_lacks_role("provider", but=PROVIDE_NOTHING), ["provider_country", "provider_party"]),
        (_lacks_role("consumer", but=CONSUME_NOTHING), ["consumer_country", "consumer_party"]),
        (Q(commands__isnull=False) & ~Q(commands__contained_by=_get_commands()), ["commands"]),
    )
    oldest, *others = (
        agreements.filter(cause)
        .order_by()
        .values(*columns)
        .annotate(oldest=Min("id"))
        .order_by("oldest")
        .values_list("oldest", flat=True)[:most]
        for cause, columns in causes
    )
    found = get_doubts_of_all(agreements.filter(pk__in=set(oldest.union(*others))).order_by("id"))
    return dict(islice(found.items(), most))


def _lacks_role(side: str, *, but: set[str]) -> Q:
    """As `_doubt_parties` sees it: no platform has this party in a role besides these."""
    same = {"country_code__iexact": OuterRef(f"{side}_country"), "party_id__iexact": OuterRef(f"{side}_party")}
    fits = (model._default_manager.filter(**same).exclude(role__in=but) for model in (Party, PartyBehind))
    return Q(*(~Exists(found) for found in fits))


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


def _get_roles(agreements: Iterable[Agreement]) -> Roles:
    keys = {party.key for agreement in agreements for party in (agreement.provider, agreement.consumer)}
    roles: dict[str, set[str]] = {}
    for model in (Party, PartyBehind):
        known = model._default_manager.annotate(key=Lower(Concat("country_code", "party_id"))).filter(key__in=keys)
        for key, role in known.values_list("key", "role"):
            roles.setdefault(key, set()).add(role)
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
    known = _get_commands()
    for command in agreement.commands or ():
        if command not in known:
            yield f"{command} is none of OCPI's commands: {', '.join(known)}."


def _get_commands() -> list[str]:
    return [route.pattern for route in get_module("commands").routes if "{" not in route.pattern]
