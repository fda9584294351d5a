"""OwnedModule: an OCPI module whose objects the hub keeps as they were told. One subclass per module app.

A subclass says what its documents look like (`wire`), where they lie (`model`), which ids the URL carries and which
columns stand beside a document. How a call is validated, changed and answered is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from journal.reader import Reader
from journal.rows import Change, Columns, Table
from journal.tables import table_of
from ocpi import patch
from ocpi.calls import Call, PartyId, Reply
from ocpi.errors import InvalidParameter, OcpiError, UnknownObject
from ocpi.module import Match
from ocpi.raw import read_patch_stamp, read_stamp, read_texts, read_utf8
from ocpi.times import SENTINEL
from ocpi.wire import WireError, decode_once, unknown_values
from parties import owned_reads
from parties.hot_settings import hot
from parties.owned import OwnedObject
from parties.owned_changes import Described, Place, delete, put, rework
from parties.routed_module import RoutedModule, Scope

LONGEST_ID = 39  # of any object in 2.2.1; even a relayed call must name its object within that


class Absence(Enum):
    """What it means that a complete, unfiltered list lacks an object the hub knows."""

    MEANS_NOTHING = "nothing"  # CDR-19, SESS-16
    STALE = "stale"
    REMOVED = "removed"


class OwnedModule(RoutedModule):
    can_wait = True
    model: ClassVar[type[OwnedObject]]
    wire: ClassVar[type[msgspec.Struct]]
    identity: ClassVar[Mapping[str, str]]  # body field -> placeholder of the URL that must agree (TRANS-34)
    absence: ClassVar[Absence] = Absence.MEANS_NOTHING  # from a complete list of its owner
    is_noted: ClassVar[bool] = False  # its table has the triggers of `list_counts` and `list_pages`
    list_needs_date: ClassVar[bool] = False  # its SENDER list is asked with `date_from` always
    # Columns of the stored row that `get_remark` looks at; none: it is not asked when a document is replaced.
    remarks_on: ClassVar[frozenset[str]] = frozenset()

    # What a subclass says about its documents

    def get_columns(self, obj: Any) -> Mapping[str, Any]:
        """The columns beside the document, from the typed object."""
        return {}

    def get_flags(self, obj: Any) -> tuple[str, ...]:
        """What is odd about it but refuses nothing: for people to see (TRANS-44)."""
        return tuple(f"{path}: is a value the specification does not know" for path in unknown_values(obj))

    def get_remark(self, stored: Columns, described: Described) -> str | None:
        """The same, where only the stored row shows it: for modules with `remarks_on`."""
        return None

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        raise NotImplementedError

    def get_push_query(self, document: bytes) -> str:
        """The query of the URL under which a whole object is pushed."""
        return ""

    def dress(self, document: bytes, *, operators: Mapping[str, bytes]) -> bytes:
        """As the hub itself shows it to a platform that wants `operator` filled in (LOC-14)."""
        return document

    def merge(self, document: bytes, change: bytes) -> bytes:
        return patch.merge(document, change)

    def check(self, call: Call, match: Match) -> None:
        """Refuse what even a relayed call may not carry: another identity, owner or addressee than the URL's."""

    # What the pipeline asks

    @cached_property
    def table(self) -> Table:
        return table_of(self.model)

    def get_owner(self, call: Call, match: Match) -> PartyId | None:
        """Whose object it is; must be the sender's own (TRANS-35)."""
        return match.owner

    def get_supersedes(self, call: Call, match: Match) -> bool:
        """A full state, that makes waiting older ones of the same path needless."""
        return call.method in ("PUT", "DELETE")

    def get_order_key(self, call: Call, match: Match) -> str:
        """What keeps its order on the way out (ROUTE-35): the object, sub-objects with their parent."""
        owner = self.get_owner(call, match)
        return f"{self.id}:{owner.key if owner else ''}:{self.get_root_id(call, match).lower()}"

    def get_root_id(self, call: Call, match: Match) -> str:
        return self.get_object_id(match, None)

    def read_push(self, call: Call, match: Match) -> None:
        """Is it JSON, does it name the object of its URL? True of every push, relayed or not."""
        for (name, placeholder), value in zip(self.identity.items(), self._read_identity(call), strict=True):
            expected = match.values.get(placeholder)
            if expected is None:
                continue
            if len(expected.lower()) > LONGEST_ID:  # some letters become two
                raise InvalidParameter(f"{name}: is longer than {LONGEST_ID} characters")
            if value is None and call.method in ("PATCH", "DELETE"):
                continue
            if value is None:
                raise InvalidParameter(f"{name}: is missing")
            if value != expected and value.lower() != expected.lower():
                raise InvalidParameter(f"{name}: differs from the one in the URL")  # ids may be personal: not shown
        if call.method != "DELETE":
            self.check(call, match)

    def _read_identity(self, call: Call) -> tuple[str | None, ...]:
        """What the body says of itself."""
        names = tuple(self.identity)
        if call.method == "DELETE":
            return (None,) * len(names)
        return read_texts(call.body, names) if call.method == "PATCH" else self.read_names(call.body, names)

    def read_names(self, document: bytes, names: tuple[str, ...]) -> tuple[str | None, ...]:
        """These texts of a whole object. Most are what they should be, and `describe` asks for all of them anyway."""
        try:
            obj = decode_once(document, type=self.wire)
        except OcpiError:  # whether that matters is seen later; these fields may be right
            return read_texts(document, names)
        return tuple([getattr(obj, name) for name in names])

    def get_changes(self, call: Call, match: Match, *, audience: PartyId | None, now: datetime) -> tuple[Change, ...]:
        """What this push does to the hub's store: to its own copy, or to the variant of one party."""
        place = self.get_place(call, match, audience=audience)
        strict = audience is None
        if call.method == "DELETE":
            return (delete(place, now=now, strict=strict),)
        if call.method == "PATCH":
            return (self._patch(call, place, now=now, strict=strict),)
        described = self.describe(call.body, match, strict=strict)
        remark = self.get_remark if self.remarks_on else None
        return (put(place, described, now=now, remark=remark, remarks_on=self.remarks_on),)

    def get_place(self, call: Call, match: Match, *, audience: PartyId | None) -> Place:
        owner = self.get_owner(call, match)
        assert owner is not None
        if self.is_token_bound:
            audience = None
        key = (owner.key, self.get_object_id(match, None).lower())
        return Place(
            table=self.table,
            key=(*key, audience.key if audience else ""),
            base=(*key, "") if audience else None,
            version=call.version,
        )

    def describe(self, document: bytes, match: Match, *, strict: bool) -> Described:
        """Validate. What is addressed to the hub must fit (2001 with the field's name); the rest is kept unverified."""
        text = read_utf8(document)
        try:
            obj: Any = decode_once(document, type=self.wire)
        except WireError as e:
            if strict:
                raise
            return Described(
                document=text,
                object_id=self.get_object_id(match, None),
                last_updated=read_stamp(document) or SENTINEL,  # so that it stands in nobody's way
                is_verified=False,
                columns=self.get_known_columns(match),
                flags=(e.message[:200],),
            )
        return Described(
            document=text,
            object_id=self.get_object_id(match, obj),
            last_updated=obj.last_updated,
            is_verified=True,
            columns=self.get_columns(obj),
            flags=self.get_flags(obj),
        )

    def get_known_columns(self, match: Match) -> Mapping[str, Any]:
        """Of a document that cannot be read: what the URL says of it all the same."""
        return {}

    def _patch(self, call: Call, place: Place, *, now: datetime, strict: bool) -> Change:
        stamp = read_patch_stamp(call.body, strict=strict)
        match = self.match(call)

        def work(document: bytes, last_updated: datetime) -> Described | None:
            if stamp is None or stamp < last_updated:
                return None
            return self.describe(self.merge(document, call.body), match, strict=strict)

        missing = UnknownObject(f"no such object in {self.id}: PUT it first") if strict else None
        return rework(
            place,
            work,
            now=now,
            missing=missing,
            longest=hot.HUB_MAX_BODY,
            guard=self.get_guard(call),
            remark=self.get_remark,
        )

    def get_guard(self, call: Call) -> Any:
        return None

    async def get_by_key(self, owner: PartyId, object_key: str, reader: Reader) -> Reply:
        """One object of the hub's own store, for its owner."""
        return Reply(data=await owned_reads.fetch_document(self.table.name, (owner.key, object_key, ""), reader))

    async def answer(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Reply:
        """From the hub's own store."""
        if call.path:
            return await owned_reads.get_own_copy(self, call, match, scope, reader)
        return await owned_reads.get_page(self, call, scope, reader)

    def get_part(self, document: bytes, match: Match) -> bytes | None:
        """The object of the URL inside the stored document; the document itself, except for sub-objects."""
        return document
