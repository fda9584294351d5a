"""Taking over what a peer hub announces of the parties behind it (HCI-16). Who may call at all is not asked here.

A hub may announce whom nobody else has: not the hub itself, not a party that staff entered here, and not one that
another hub has announced and not given up. So no hub becomes the way to a party by saying so, while there is another.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from journal.models import PullRequest
from journal.rows import Outcome
from ocpi.calls import ConnectionStatus, Interface, PartyId, Role
from ocpi.configuration.v2_2_1 import ClientInfo
from ocpi.errors import InvalidParameter, UnknownObject
from parties.models import Endpoint, Party, PartyBehind, Platform

CLIENT_INFO = "hubclientinfo"
TURN = 0x0C71BE41  # the number under which those that take parties take turns
Row = TypeVar("Row", Party, PartyBehind)
Named = tuple[str, str]  # party key and role

AHEAD = timedelta(hours=1)  # by which clocks may differ; what is later was told by a wrong one, and orders nothing
MAX_BEHIND = 10_000  # of one hub: a list that never ends must not become everybody's routing facts


def accept(platform_id: int, info: ClientInfo, *, now: datetime) -> Outcome:
    """Store what the peer hub says of one party. KEPT: nothing new, or older than what is known.

    Raises:
        InvalidParameter: it is not this hub's to announce.
    """
    party = PartyId(info.country_code, info.party_id)
    with transaction.atomic():
        take_turn()
        _refuse_taken(platform_id, party)
        row = _filter(platform_id, party).filter(role=str(info.role)).first()
        if row is not None and info.last_updated < row.last_updated < now + AHEAD:
            return Outcome.KEPT
        if row is None:
            return _add(platform_id, party, info, now=now)
        return _change(row, info, now=now)


def find_missing(platform_id: int, listed: Container[Named], *, begun_at: datetime) -> dict[Named, int]:
    """A full list is the complete truth (HCI-15): whom it lacks, with their rows."""
    rows = _told_before(platform_id, begun_at)
    return {name: row.pk for row in rows if (name := (row.id_pair.key, row.role)) not in listed}


def suspend(platform_id: int, rows: Iterable[int], *, begun_at: datetime, now: datetime) -> int:
    """These are gone, unless the hub said something of them meanwhile. How many were."""
    with transaction.atomic():
        take_turn()
        gone = _told_before(platform_id, begun_at).filter(pk__in=rows)
        return gone.update(status=ConnectionStatus.SUSPENDED, changed_at=now)


def _told_before(platform_id: int, moment: datetime) -> QuerySet[PartyBehind]:
    return PartyBehind.objects.filter(platform_id=platform_id, changed_at__lt=moment).exclude(
        status__in=[ConnectionStatus.SUSPENDED, ConnectionStatus.PLANNED]  # planned by staff, not announced yet
    )


def get_announced(platform_id: int, party: PartyId) -> PartyBehind:
    """What this hub has told us of the party; of several roles the one it told last (HCI-08).

    Raises:
        UnknownObject: nothing.
    """
    row = _filter(platform_id, party).order_by("-last_updated", "id").first()
    if row is None:
        raise UnknownObject("no such party was announced by this hub")
    return row


def find_hub_party(platform: Platform) -> Party | None:
    """The platform's own party if it is a peer hub."""
    return platform.parties.filter(role=str(Role.HUB), is_active=True).order_by("id").first()


def ask_for_list(platform: Platform, *, now: datetime) -> bool:
    """If it is a peer hub with a list: have all of it read soon. In the caller's transaction; asks nobody itself."""
    hub = find_hub_party(platform)
    offers = Endpoint.objects.filter(platform=platform, module=CLIENT_INFO, interface=Interface.SENDER)
    if hub is None or not offers.exists():
        return False
    request = PullRequest(
        platform=platform.pk,
        party=hub.id_pair.key,
        module=CLIENT_INFO,
        is_full=True,
        reason=PullRequest.Reason.RETURN,
        requested_at=now,
        due_at=now,
    )
    PullRequest.objects.bulk_create([request], ignore_conflicts=True)  # one may wait already
    return True


def find_holder(party: PartyId, *, besides: int) -> Party | PartyBehind | None:
    """Who else has this party: a platform here, or a connected hub that announced it and has not given it up."""
    direct = _same(Party.objects.all(), party).select_related("platform").order_by("id").first()
    if direct is not None:
        return direct
    others = PartyBehind.objects.exclude(platform_id=besides).exclude(status=ConnectionStatus.SUSPENDED)
    others = others.exclude(platform__state=Platform.State.SUSPENDED).select_related("platform")
    return _same(others, party).order_by("id").first()


def _refuse_taken(platform_id: int, party: PartyId) -> None:
    def refuse(why: str) -> NoReturn:
        raise InvalidParameter(f"{party} {why}")

    if party == settings.HUB_PARTY:
        refuse("is this hub itself")
    holder = find_holder(party, besides=platform_id)
    if isinstance(holder, Party):
        refuse("is connected to this hub itself")
    if holder is not None:
        refuse("was announced by another hub, which has not given it up")


def _add(platform_id: int, party: PartyId, info: ClientInfo, *, now: datetime) -> Outcome:
    if PartyBehind.objects.filter(platform_id=platform_id).count() >= MAX_BEHIND:
        raise InvalidParameter(f"more than {MAX_BEHIND} parties behind one hub")
    _release(platform_id, party, now=now)
    PartyBehind.objects.create(
        platform_id=platform_id,
        country_code=party.country_code,
        party_id=party.party_id,
        role=str(info.role),
        status=str(info.status),
        last_updated=info.last_updated,
        changed_at=now,
    )
    return Outcome.CREATED


def _change(row: PartyBehind, info: ClientInfo, *, now: datetime) -> Outcome:
    """Written only if something changed: each write makes every process load the facts anew (HCI-15)."""
    if (row.status, row.last_updated) == (str(info.status), info.last_updated):
        return Outcome.KEPT
    if row.status != str(info.status):
        row.changed_at = now
        _release(row.platform_id, row.id_pair, now=now)
    row.status, row.last_updated = str(info.status), info.last_updated
    row.save(update_fields=["status", "last_updated", "changed_at"])
    return Outcome.UPDATED


def _release(platform_id: int, party: PartyId, *, now: datetime) -> None:
    """What a hub that is gone had announced does not come back with it: the party is behind another one now."""
    others = PartyBehind.objects.exclude(platform_id=platform_id).exclude(status=ConnectionStatus.SUSPENDED)
    _same(others, party).update(status=ConnectionStatus.SUSPENDED, changed_at=now)


def _filter(platform_id: int, party: PartyId) -> QuerySet[PartyBehind]:
    return _same(PartyBehind.objects.filter(platform_id=platform_id), party)


def _same(rows: QuerySet[Row], party: PartyId) -> QuerySet[Row]:
    return rows.filter(country_code__iexact=party.country_code, party_id__iexact=party.party_id)


def take_turn() -> None:
    """Of two that take the same party at once, by announcing or by registering, one is first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
