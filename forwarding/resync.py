"""What a lane that jumped has missed is told again from the store: the present state of every object, once.

Only what the hub promised to deliver (store and forward): under plain relaying a platform that was away reads lists.
Locations, tariffs and tokens as full PUTs (or the DELETE); sessions and CDRs wherever no receiver's verdict is known.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet
from msgspec.structs import replace

from agreements.network import load_facts
from forwarding.events import Event
from forwarding.lanes import MARGIN
from forwarding.models import Lane
from forwarding.plan import NOWHERE, Roster, plan_event
from forwarding.pull_pieces import PIECE, commit
from forwarding.pull_store import make_call, read_object, write_event
from journal.batch import sublane_of
from journal.committer import Committer
from journal.rows import Change, Columns, Job, NewEvent, Outcome
from ocpi.calls import Call, Delivery, PartyId
from ocpi.errors import OcpiError
from ocpi.module import Match
from parties.models import Platform
from parties.owned import OwnedObject
from parties.owned_module import OwnedModule
from parties.registry import get_modules
from parties.shadows import get_last

logger = logging.getLogger(__name__)

EARLIER = timedelta(minutes=10)  # what changed before the moment from which a lane missed things: told rather twice
LEASE = timedelta(minutes=3)  # of one piece; its end is in no relation to that of the whole
CHUNK = 5 * PIECE

# Of what is in a lane again since it jumped: full states, also of parts, and CDRs. Tokens of one uid differ by their
# query (TOK-03). The time only spares old days.
KNOWN = """
    SELECT object_key, query, receiver, path, max(id) FROM journal_event
     WHERE object_key = ANY(%s) AND at >= %s AND (supersedes OR method = 'POST')
     GROUP BY object_key, query, receiver, path
"""


class LeaseLost(Exception):
    """Somebody else does it."""


def resync_next(*, clock: Callable[[], datetime]) -> int | None:
    """One platform that is back. How many events it took; None: there was none to do."""
    lanes = _claim(now=clock())
    if not lanes:
        return None
    committer = Committer()
    try:
        resync = Resync(lanes=lanes, roster=Roster(load_facts().network), committer=committer, clock=clock)
        count = resync.tell_everything()
    except LeaseLost:
        return 0
    finally:
        committer.close()
    logger.warning("platform %d is resynced: %d events", lanes[0].platform_id, count)
    return count


def _claim(*, now: datetime) -> list[Lane]:
    """All lanes of the platform that jumped, or none."""
    free = Q(resync_until__isnull=True) | Q(resync_until__lt=now)
    callable_now = Q(platform__state=Platform.State.REGISTERED, platform__is_online=True)
    first = Lane.objects.filter(free, callable_now, needs_resync=True, paused_at__isnull=True).order_by("id").first()
    if first is None:
        return []
    wanted = Lane.objects.filter(free, platform=first.platform_id, needs_resync=True)
    until = now + LEASE
    wanted.update(resync_until=until)
    return list(Lane.objects.filter(platform=first.platform_id, needs_resync=True, resync_until=until).order_by("id"))


@dataclass(slots=True)
class Resync:
    lanes: list[Lane]
    roster: Roster
    committer: Committer
    clock: Callable[[], datetime]

    def tell_everything(self) -> int:
        """Again from the beginning after a crash: what was told by then is found in the log."""
        count = 0
        for module in get_modules().values():
            if isinstance(module, OwnedModule):
                for rows in self._read(module):
                    count += self._tell(module, rows)
                    self._renew()
        self._finish()
        return count

    def _read(self, module: OwnedModule) -> Iterator[list[OwnedObject]]:
        """What changed since, in the order of first receipt."""
        since = min(_get_since(lane) for lane in self.lanes)
        rows = self._get_rows(module).filter(changed_at__gte=since)
        last = 0
        while chunk := list(rows.filter(id__gt=last)[:CHUNK]):
            yield chunk
            last = chunk[-1].pk

    def _get_rows(self, module: OwnedModule) -> QuerySet[OwnedObject]:
        rows = module.model._default_manager.order_by("id")
        return rows.filter(verdict_code__isnull=True) if module.is_token_bound else rows

    def _tell(self, module: OwnedModule, rows: list[OwnedObject]) -> int:
        """Each as it is when its event is written. What changed since it was read has one of its own by then, which may
        hold only a part, and would be lost behind an older whole: so that is read again."""
        count = 0
        while rows:
            told = [(row, event) for row in rows for event in self._make_events(module, row)]
            known = self._find_known([event for _, event in told])
            new = [
                (row, event) for row, event in told if not known & {_get_name(event), _get_name(event, event.receiver)}
            ]
            jobs = [Job(changes=(_if_seen(module, row, receiver=event.receiver),), event=event) for row, event in new]
            results = commit(self.committer, jobs)
            refused = sum(isinstance(result, OcpiError) for result in results)
            if refused:
                logger.error("%d of %d events of a resync could not be written", refused, len(new))
            kept = {row.pk: row for (row, _), result in zip(new, results, strict=True) if result == (Outcome.KEPT,)}
            count += sum(result == (Outcome.UPDATED,) for result in results)
            again = self._get_rows(module).filter(pk__in=kept)
            rows = [row for row in again if row.changed_at != kept[row.pk].changed_at]
        return count

    def _find_known(self, events: list[NewEvent]) -> set[tuple[str, str, str]]:
        """Objects, by whom they are for, that are in their lane again as a whole. Each lane jumped at a moment of its
        own: an event may be behind the jump of one and still have been jumped over in another."""
        asked_at = min(lane.resync_asked_at for lane in self.lanes if lane.resync_asked_at)
        after = {lane.sublane: lane.resync_after for lane in self.lanes if lane.resync_after is not None}
        depths = {event.object_key: event.path.count("/") for event in events}
        with connection.cursor() as cursor:
            cursor.execute(KNOWN, [list(depths), asked_at - MARGIN])
            return {
                (object_key, query, receiver)
                for object_key, query, receiver, path, last in cursor.fetchall()
                if last > after.get(sublane_of(object_key), last) and path.count("/") <= depths[object_key]
            }

    def _make_events(self, module: OwnedModule, row: OwnedObject) -> list[NewEvent]:
        try:
            call, match = _read_row(module, row)
            event = self._write(module, call, match, row)
        except OcpiError as error:  # a tombstone nobody can be told of, or a document of an older release
            logger.info("%s of %s is not told again: %s", module.id, row.owner, error)
            return []
        if not self._is_missed(event.object_key, row.changed_at) or not self._is_owed(event, at=row.changed_at):
            return []
        planned = plan_event(
            _as_event(event, at=row.changed_at), platform=self._platform, roster=self.roster, now=self.clock()
        )
        return [
            replace(event, receiver=one.receiver.key)
            for one in planned
            if one.receiver is not None and one.policy is Delivery.STORE_AND_FORWARD
        ]

    def _write(self, module: OwnedModule, call: Call, match: Match, row: OwnedObject) -> NewEvent:
        owner = PartyId.of_key(row.owner)
        receiver = row.audience
        if module.is_token_bound:
            party = module.resolve(call, match).party
            receiver = party.key if party else ""
        network = self.roster.network
        platforms = [node.platform for node in network.get_acting_nodes(owner) if node.role in module.owner_roles]
        origin = platforms[0] if platforms else NOWHERE
        return write_event(
            module, call, match, network=network, platform=origin, owner=owner, receiver=receiver, now=self.clock()
        )

    def _is_missed(self, object_key: str, changed_at: datetime) -> bool:
        sublane = sublane_of(object_key)
        return any(lane.sublane == sublane and changed_at >= _get_since(lane) for lane in self.lanes)

    def _is_owed(self, event: NewEvent, *, at: datetime) -> bool:
        """The plan takes what is for one party as accepted for later, as the log holds nothing else. The store also has
        what was only pulled (ADR 0008)."""
        if not event.receiver:
            return True
        sender, receiver = PartyId.of_key(event.sender), PartyId.of_key(event.receiver)
        return self.roster.network.is_delivery_promised(sender, receiver, module=event.module, at=at)

    @property
    def _platform(self) -> int:
        return self.lanes[0].platform_id

    def _renew(self) -> None:
        until = self.clock() + LEASE
        if self._get_held().update(resync_until=until) < len(self.lanes):
            raise LeaseLost
        for lane in self.lanes:
            lane.resync_until = until

    def _finish(self) -> None:
        self._get_held().update(
            needs_resync=False,
            resync_since=None,
            resync_asked_at=None,
            resync_after=None,
            resync_until=None,
            last_error="",
        )

    def _get_held(self) -> QuerySet[Lane]:
        """Ours still, and none of them has jumped again."""
        ids = [lane.pk for lane in self.lanes]
        return Lane.objects.filter(pk__in=ids, needs_resync=True, resync_until=self.lanes[0].resync_until)


def _get_name(event: NewEvent, receiver: str = "") -> tuple[str, str, str]:
    """Of the object that it is about, and whom it is for; "" is all."""
    return event.object_key, event.query, receiver


def _if_seen(module: OwnedModule, row: OwnedObject, *, receiver: str) -> Change:
    """The event is written while the row is as it was read, and is what its receiver sees of the object: of the hub's
    copy and its own variant the one it heard last (ADR 0012). Nothing else is written."""
    own, beside = row.audience, "" if row.audience else receiver

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        if stored is None or stored["changed_at"] != row.changed_at:
            return None
        last = get_last(stored, base) if own else get_last(base, stored)
        return {} if last is stored else None

    key = (row.owner, row.object_key)
    return Change(
        table=module.table,
        key=(*key, own),
        base_key=None if module.is_token_bound else (*key, beside),
        apply=apply,
        reads=frozenset({"changed_at", "deleted_at", "last_updated"}),
    )


def _get_since(lane: Lane) -> datetime:
    assert lane.resync_since is not None
    return lane.resync_since - EARLIER


def _read_row(module: OwnedModule, row: OwnedObject) -> tuple[Call, Match]:
    """As if its owner pushed it now.

    Raises:
        OcpiError: the module knows no such push.
    """
    call, match = read_object(module, row.document.encode())
    if row.deleted_at is None:
        return call, match
    return make_call(module, "DELETE", call.path, query=call.query)


def _as_event(event: NewEvent, *, at: datetime) -> Event:
    """As the log would have held it: asked of the same rules."""
    return Event(
        id=0,
        at=at,
        module=event.module,
        method=event.method,
        path=event.path,
        query=event.query,
        body=event.body,
        object_key=event.object_key,
        sender=event.sender,
        sender_role=event.sender_role,
        origin=event.origin,
        receiver=event.receiver,
        supersedes=event.supersedes,
        correlation_id=event.correlation_id,
        version=event.version,
    )
