"""What is done with the objects of a pulled list: the same as with pushed ones, through the module and the writer.

Changed objects become events as pushes do; `last_updated` is never ours (ROUTE-47).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from urllib.parse import quote

from msgspec.structs import replace

from forwarding.pull_pieces import PIECE, Pieces, Results
from journal.committer import Committer
from journal.rows import Change, Columns, Job, NewEvent, Outcome
from ocpi.calls import Call, Interface, PartyId
from ocpi.errors import InvalidParameter, OcpiError
from ocpi.ids import new_id
from ocpi.module import Match
from ocpi.raw import is_same_content
from parties.owned_module import OwnedModule
from routing.network import Network

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the objects of one page."""

    stored: int = 0
    unchanged: int = 0
    foreign: int = 0
    invalid: int = 0
    nameless: int = 0  # did not even say which object they are
    keys: set[str] = field(default_factory=set)  # of the asked party's objects, sound or not
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Whose list it is. `owners`: whose objects may be in it: the platform's parties, and with a
    mandate others (TRANS-35, LOC-19). `role`: in which the party tells of them."""

    module: OwnedModule
    platform: int
    party: PartyId
    owners: Mapping[str, PartyId]
    network: Network
    committer: Committer
    role: str

    def store(self, documents: Sequence[bytes], *, pieces: Pieces, now: datetime) -> Tally:
        """The good ones of a page, whatever the others are like (TRANS-25).

        While pieces of it are written, the next one is judged. The last ones are under way still when this returns.
        """
        tally = Tally()
        for start in range(0, len(documents), PIECE):
            piece = documents[start : start + PIECE]
            jobs = [job for document in piece if (job := self._take(document, tally, now=now)) is not None]
            pieces.put(jobs, page=tally, then=partial(self._count, tally=tally))
        return tally

    def _count(self, results: Results, *, tally: Tally) -> None:
        for result in results:
            if isinstance(result, OcpiError):
                self._refuse(result, tally)
            elif result == (Outcome.KEPT,):
                tally.unchanged += 1
            else:
                tally.stored += 1

    def _take(self, document: bytes, tally: Tally, *, now: datetime) -> Job | None:
        try:
            call, match = read_object(self.module, document)
            owner = self.module.get_owner(call, match)
            key = self.module.get_place(call, match, audience=None).key
        except OcpiError as error:
            tally.nameless += 1
            self._refuse(error, tally)
            return None
        if owner is None or owner.key not in self.owners:
            tally.foreign += 1
            logger.warning("%s listed by platform %d: an object of %s is ignored", self.module.id, self.platform, owner)
            return None
        if owner == self.party:
            tally.keys.add(key[1])
        try:
            call = replace(call, sender=owner)
            self.module.read_push(call, match)
            changes = self.module.get_changes(call, match, audience=None, now=now)
        except OcpiError as error:
            self._refuse(error, tally)
            return None
        return Job(
            changes=tuple(_unless_same(change) for change in changes),
            event=self._make_event(call, match, owner=owner, now=now),
        )

    def _refuse(self, error: OcpiError, tally: Tally) -> None:
        tally.invalid += 1
        tally.errors.append(error.message)
        logger.warning("%s listed by platform %d: an object is left out: %s", self.module.id, self.platform, error)

    def _make_event(self, call: Call, match: Match, *, owner: PartyId, now: datetime) -> NewEvent | None:
        """Told on like a push to the hub. What has one addressee is told only where the hub promised delivery: under
        plain relaying the addressee reads it in its list."""
        receiver = "" if self.module.broadcast else self._get_promised_receiver(call, match, owner=owner, now=now)
        if receiver is None:
            return None
        return write_event(
            self.module,
            call,
            match,
            network=self.network,
            platform=self.platform,
            owner=owner,
            lister=self.party,
            role=self.role,
            receiver=receiver,
            now=now,
        )

    def _get_promised_receiver(self, call: Call, match: Match, *, owner: PartyId, now: datetime) -> str | None:
        party = self.module.resolve(call, match).party
        if party is None or not self.network.is_delivery_promised(owner, party, module=self.module.id, at=now):
            return None
        return party.key


def read_object(module: OwnedModule, document: bytes) -> tuple[Call, Match]:
    """As if its owner had pushed it whole.

    Raises:
        OcpiError: it does not say which object it is.
    """
    method, names = _get_push(module)
    values: list[str] = []
    for name, value in zip(names, module.read_names(document, names), strict=True):
        if not value:
            raise InvalidParameter(f"{name}: is missing")
        values.append(value)
    return make_call(module, method, values, query=module.get_push_query(document), body=document)


@cache
def _get_push(module: OwnedModule) -> tuple[str, tuple[str, ...]]:
    """How a whole object is pushed: the method, and the fields that are in its path."""
    pattern = next((r for r in module.routes if r.interface is Interface.RECEIVER and "PUT" in r.methods), None)
    if pattern is None:
        return "POST", ()
    names = {placeholder: name for name, placeholder in module.identity.items()}
    return "PUT", tuple(names[segment.strip("{}")] for segment in pattern.segments)


def make_call(
    module: OwnedModule, method: str, values: Sequence[str], *, query: str = "", body: bytes = b""
) -> tuple[Call, Match]:
    call = Call(
        module=module.id,
        interface=Interface.RECEIVER,
        method=method,
        path=tuple(values),
        raw_path="/".join(quote(value, safe="") for value in values),
        query=query,
        body=body,
    )
    return call, module.match(call)


def write_event(
    module: OwnedModule,
    call: Call,
    match: Match,
    *,
    network: Network,
    platform: int,
    owner: PartyId,
    lister: PartyId | None = None,
    role: str | None = None,
    receiver: str,
    now: datetime,
) -> NewEvent:
    """`lister`: in whose list it was, where that may be another with a mandate. It speaks in its own `role`, which may
    be given where many events are written."""
    return NewEvent(
        module=module.id,
        method=call.method,
        path=call.raw_path,
        query=call.query,
        body=call.body.decode(),
        object_key=module.get_order_key(call, match),  # in one line with pushes of the same object (ROUTE-35)
        sender=owner.key,
        sender_role=get_role(module, lister or owner, network=network) if role is None else role,
        origin=platform,  # it hears no echo (ROUTE-33)
        receiver=receiver,
        supersedes=module.get_supersedes(call, match),
        correlation_id=new_id(),
        at=now,
    )


def get_role(module: OwnedModule, party: PartyId, *, network: Network) -> str:
    """In which it may tell of such objects; "" in none."""
    roles = (node.role for node in network.get_acting_nodes(party) if node.role in module.owner_roles)
    return next(roles, "")


def _unless_same(change: Change) -> Change:
    """A list mostly tells what is known: that is no change, and nobody hears of it."""

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        columns = change.apply(stored, base)
        if columns is None or stored is None or stored["deleted_at"] is not None or not stored["is_verified"]:
            return columns
        return None if is_same_content(stored["document"], columns["document"]) else columns

    reads = None if change.reads is None else change.reads | {"deleted_at", "is_verified", "document"}
    return replace(change, apply=apply, reads=reads)
