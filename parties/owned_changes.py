"""How a stored document becomes the next one: pure functions that the writer calls on the locked row.

Only a strictly older `last_updated` loses (LOC-16); deletes leave tombstones; nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from journal.rows import Change, Columns, Table
from ocpi.errors import InvalidParameter, OcpiError, UnknownObject
from ocpi.patch import PatchError
from parties.shadows import get_seen

Guard = Callable[[Columns], None]
MOST_FLAGS = 20

_STAMPS = frozenset({"last_updated", "deleted_at"})  # columns


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A document with what stands beside it in its row."""

    document: str
    object_id: str
    last_updated: datetime
    is_verified: bool
    columns: Mapping[str, Any] = {}
    flags: tuple[str, ...] = ()  # what is odd about it but refuses nothing


Remark = Callable[[Columns, Described], str | None]  # the stored row, its next document -> a flag
Describe = Callable[[bytes], Described]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The row a change is about. `base` is the hub's own copy where the row is one party's variant."""

    table: Table
    key: tuple[str, ...]
    base: tuple[str, ...] | None = None
    version: str = "2.2.1"


def is_alive(row: Columns | None) -> bool:
    return row is not None and row["deleted_at"] is None


def put(
    place: Place,
    described: Described,
    *,
    now: datetime,
    remark: Remark | None = None,
    remarks_on: frozenset[str] = frozenset(),
) -> Change:
    """Replace the document (TRANS-28). `remarks_on` are the columns of the stored row that `remark` looks at.

    An older state changes nothing (LOC-16); but a party alone is sent it all the same, and takes it where it was told
    to delete the object.
    """

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        is_older = stored is not None and described.last_updated < stored["last_updated"]
        if is_older and (place.base is None or is_alive(stored)):
            return None
        return _row(place, _remarked(described, stored, remark), stored, now=now)

    return Change(table=place.table, key=place.key, apply=apply, reads=_STAMPS | remarks_on)


def rework(
    place: Place,
    work: Callable[[bytes, datetime], Described | None],
    *,
    now: datetime,
    missing: OcpiError | None,
    longest: int,
    guard: Guard | None = None,
    remark: Remark | None = None,
    adds: Callable[[Columns], bool] | None = None,
) -> Change:
    """Make the new document out of the stored one (PATCH, sub-objects). `work` returns None where nothing changes.

    `missing` is raised when there is nothing to work on; None for relayed calls, which the receiver judges (AMB-12):
    what cannot be merged changes nothing then. What would grow over `longest` bytes stays as it is: else small changes
    could make any size of it.
    """

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        current = get_seen(stored, base)
        if current is None:
            if missing is not None:
                raise missing
            return None
        if guard is not None:
            guard(current)
        try:
            described = work(current["document"].encode(), current["last_updated"])
        except PatchError:
            if missing is not None:
                raise
            return None
        if described is None:
            return None
        if len(described.document.encode()) > longest:
            if missing is not None:
                raise InvalidParameter(f"the object would be over {longest} bytes with this")
            return None
        return _row(place, _remarked(described, current, remark), stored, now=now)

    return Change(table=place.table, key=place.key, base_key=place.base, apply=apply, adds=adds)


def delete(place: Place, *, now: datetime, strict: bool) -> Change:
    """Leave a tombstone (TAR-03); for one party alone also of what it knows only as all do."""

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        if strict and not is_alive(stored):
            raise UnknownObject("no such object")
        gone = {"deleted_at": now, "changed_at": now}
        if stored is not None:
            return gone
        if base is None or not is_alive(base):
            return None
        return {name: base[name] for name in base if name not in place.table.key} | {"received_at": now} | gone

    return Change(
        table=place.table, key=place.key, base_key=place.base, apply=apply, reads=None if place.base else _STAMPS
    )


def _remarked(described: Described, stored: Columns | None, remark: Remark | None) -> Described:
    """With what only the comparison with the stored row shows."""
    flag = remark(stored, described) if remark is not None and stored is not None else None
    return described if flag is None else replace(described, flags=(flag, *described.flags))


def _row(place: Place, described: Described, stored: Columns | None, *, now: datetime) -> Columns:
    columns: dict[str, Any] = {
        "object_id": described.object_id,
        "version": place.version,
        "document": described.document,
        "last_updated": described.last_updated,
        "is_verified": described.is_verified,
        "flags": "\n".join(described.flags[:MOST_FLAGS]),
        "deleted_at": None,
        "changed_at": now,
        "verdict_code": None,
        "verdict_message": "",
        "verdict_at": None,
        **described.columns,
    }
    if stored is None:
        columns["received_at"] = now
    return columns
